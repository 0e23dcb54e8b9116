"""What the page draws of tosses: some as frames over time, all by impact, speed, landing and energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hybridsim.replay import Replay
from hybridsim.report import sentences
from hybridsim.report.impacts import APART, HARD, NEAR
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.law_panels import law_panels
from hybridsim.report.panel import Panel, panel
from hybridsim.report.sentences import Scores, shortened
from hybridsim.report.spread_panels import spread_panels
from hybridsim.report.toss_body import tosses_of
from hybridsim.report.toss_figures import energy_figure, energy_pairs, groups_figure
from hybridsim.report.toss_frames import frames_figure
from hybridsim.report.tosses import SETTLED

QUARTILES = "Marks: median over logs; whiskers: quartiles."


def toss_panels(scores: Scores, replays: Sequence[Replay], info: CalibrationInfo) -> Iterator[Panel]:
    """Panels of logs that have base_position and base_orientation; none for others."""
    if not sentences.passive(scores):
        return
    yield from frame_panels(scores, replays, info)
    yield from group_panels(scores)
    yield from energy_panels(scores)
    yield from spread_panels(scores, info)
    yield from law_panels(scores)


def shown(scores: Scores) -> list[str]:
    """Variants that differ: where no network ships the subject stands for `identified` too."""
    left_out = "identified" if sentences.is_identified(scores) else ""
    return [name for name in scores["variants"] if name != left_out]


def frame_panels(scores: Scores, replays: Sequence[Replay], info: CalibrationInfo) -> Iterator[Panel]:
    """Worst, median and best toss, drawn beside the subject and `identified` where that differs."""
    name = sentences.subject(scores)
    drawn = [v for v in shown(scores) if v in (name, "identified")]
    for rank, log_id in sentences.ranked(scores).items():
        for toss in tosses_of([replay for replay in replays if replay.log_id == log_id]):
            errors = " and ".join(
                sentences.log_error_text(scores, name, signal, log_id)
                for signal in scores["variants"][name]["logs"][log_id]
            )
            caption = (
                f"{name} is off by {errors} on average over this toss. Outlines at equal steps along the"
                " measured path, numbered (hover for their times); the dot is the same corner in each;"
                " dotted: path of the middle."
            )
            title = f"{rank} toss: {shortened(info.log_name(log_id))}"
            figure = frames_figure(toss, scores["passive"]["body"], drawn)
            yield panel(f"{rank.lower()}-frames", title, caption, figure)


def group_panels(scores: Scores) -> Iterator[Panel]:
    """Errors after each impact, by speed at the first and by how the body lands."""
    impact = (
        f"An impact is where the measured path is pushed by more than {HARD:g} times the weight, peaks at"
        f" least {1e3 * APART:.0f} ms apart; errors are read {1e3 * SETTLED:.0f} ms after it, or just before"
        f" the next where that is sooner. {QUARTILES}"
    )
    speed = f"Mean error over each whole log, logs grouped by speed at the first impact. {QUARTILES}"
    lands = (
        f"Mean error over each whole log. At the first touch the corners within {1e3 * NEAR:.0f} mm of the"
        f" lowest are counted: one lands on a corner, two on an edge, more on a face. {QUARTILES}"
    )
    for key, title, axis, caption in (
        ("after_impact", "Error after each impact", "after impact number", impact),
        ("by_speed", "Error by speed at the first impact", "speed at the first impact, m/s", speed),
        ("by_landing", "Error by how it lands", "first touch", lands),
    ):
        if groups := scores["passive"][key]:
            figure = groups_figure(groups, shown(scores), axis)
            yield panel(key.replace("_", "-"), title, caption, figure)


def energy_panels(scores: Scores) -> Iterator[Panel]:
    """Energy through the first impacts."""
    logs: Mapping[str, Mapping[str, Any]] = scores["passive"]["logs"]
    figure = energy_figure(logs, shown(scores))
    if figure is not None:
        caption = (
            "Kinetic energy plus potential energy above the ground, after an impact over before it, with the"
            " identified mass and inertia; a dot a log whose impact stands alone and happens in the"
            " simulation too. On the dashed line the simulation loses as much as the real body. First impact,"
            f" simulated minus real, median and quartiles: {energy_words(logs, shown(scores))}."
        )
        yield panel("energy", "Energy through the first impacts", caption, figure)


def energy_words(logs: Mapping[str, Mapping[str, Any]], variants: Sequence[str]) -> str:
    """How much more energy each variant keeps than the real body: median and quartiles over logs."""
    found = []
    for name in variants:
        pairs = energy_pairs(logs, name, 0)
        if len(pairs):
            low, middle, high = (100 * np.quantile(pairs[:, 1] - pairs[:, 0], [0.25, 0.5, 0.75])).tolist()
            found.append(f"{name} {middle:+.1f} % [{low:+.1f}, {high:+.1f}] on {len(pairs)} logs")
    return "; ".join(found)
