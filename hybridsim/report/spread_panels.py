"""What the page draws of worlds that spread: where some tosses end, and how often regions hold the end."""

from __future__ import annotations

from collections.abc import Iterator

from hybridsim.report.info import CalibrationInfo
from hybridsim.report.panel import Panel, panel
from hybridsim.report.sentences import Scores, coverage_text, energy_text, shortened
from hybridsim.report.spread_figures import reliability_figure, rests_figure


def spread_panels(scores: Scores, info: CalibrationInfo) -> Iterator[Panel]:
    """Panels of scores["variation"]; none without."""
    if "variation" not in scores:
        return
    found = scores["variation"]
    names = {key: shortened(info.log_name(key)) for key, one in found["logs"].items() if "drawn_m" in one}
    rests = (
        f"Each toss in {found['draws']} worlds of their own draw ({found['members']} members, scatter times"
        f" {found['scale']:.2f}), from its first measured state; tosses from the best foretold to the worst."
        f" {energy_text(scores)}"
    )
    yield panel("rests", "Where tosses come to rest", rests, rests_figure(found["logs"], names))
    level = (
        "Share of tosses that come to rest where a kernel density over the draws is highest, in the region"
        f" that holds so many of them. Whiskers: 95 % interval. {coverage_text(scores)}"
    )
    figure = reliability_figure(found["coverage"])
    yield panel("rests-coverage", "How often regions hold the resting place", level, figure)
