"""The page of a verification: verdicts with intervals, figures, and the worst cases' films.

Everything is inside but the films, which lie beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from hybridsim.files import write_text
from hybridsim.report.page import own, script_hash
from hybridsim.report.panel import Panel, panel
from hybridsim.report.verify_figures import search_figure, share_figure

SHARES = (
    "Dots: share of the episodes; bars: its interval, which holds at every look of the sequential test"
    " together; strokes: the limit. A scenario passes once the whole bar lies left of its stroke."
)
TRIALS = (
    "Dots: trials of the search, each on the same few episodes, with directions, moments or joints of its"
    " own; diamond: what it found, on episodes that it was not chosen on; dotted: from where on the policy"
    " counts as broken."
)
KINDS = {"draws": "drawn", "worst": "worst draw", "search": "search"}


def write_verify(path: Path, verified: Mapping[str, Any]) -> None:
    """Write the page atomically; it works from a file:// address, offline.

    Args:
        path: where.
        verified: as verify.json has it.
    """
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"amount": amount, "beside": beside}
    scripts = {"plotly_js": get_plotlyjs().replace("\r", ""), "draw_js": own("draw.js")}
    text = page.from_string(own("verify.html.jinja")).render(
        css=own("page.css"),
        script_hashes=[script_hash(script) for script in scripts.values()],
        v=verified,
        kinds=KINDS,
        films=[one for one in verified["scenarios"] if one["video"]],
        panels=list(panels(verified)),
        **scripts,
    )
    write_text(path, text)


def panels(verified: Mapping[str, Any]) -> Iterator[Panel]:
    """All figures."""
    shares = share_figure(verified["scenarios"])
    if shares is not None:
        yield panel("shares", "Falls and failures", SHARES, shares)
    for number, one in enumerate(verified["scenarios"]):
        if one["search"] is not None:
            yield panel(f"search-{number}", one["name"], f"{one['summary']}. {TRIALS}", search_figure(one))


def amount(part: Mapping[str, Any], word: str) -> str:
    """A number of a criterion: shares in per cent, what there is not as a dash."""
    value = part[word]
    if value is None:
        return "–"
    return f"{100.0 * value:.1f} %" if part["key"] in ("most_falls", "most_failures") else f"{value:.3g}"


def beside(name: str) -> str:
    """A file beside the page, as an address."""
    return quote(name)
