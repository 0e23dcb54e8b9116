"""A proof's report.html: one page, everything inside, nothing loaded from anywhere."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from hybridsim.proof.figures import order_figure, style_of, ways_figure
from hybridsim.proof.results import OURS, Results
from hybridsim.report.page import own, script_hash
from hybridsim.report.panel import panel
from hybridsim.score import write_text

WAYS = (
    "The policy of each training that its own evaluation liked best, on the same episodes. Whiskers: 95 %"
    " intervals, trainings and episodes drawn with replacement."
)
ORDER = (
    "A dot is a checkpoint, its mean return over the same episodes. On the dotted line a simulator told"
    " the truth; where dots rise from left to right, it at least orders policies rightly."
)


def write_proof(path: Path, results: Results) -> None:
    """Write the page atomically; it works from a file:// address, offline."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    scripts = {"plotly_js": get_plotlyjs().replace("\r", ""), "draw_js": own("draw.js")}
    layout = (files("hybridsim.proof") / "page.html.jinja").read_text(encoding="utf-8")
    text = page.from_string(layout).render(
        css=own("page.css"),
        script_hashes=[script_hash(script) for script in scripts.values()],
        results=results,
        plan=results.plan,
        ours=OURS,
        style=style_of,
        tiles=tiles(results),
        panels=[
            panel("ways", "On the stand-in", WAYS, ways_figure(results)),
            panel("order", "What simulators had told", ORDER, order_figure(results)),
        ],
        **scripts,
    )
    write_text(path, text)


def tiles(results: Results) -> list[tuple[str, str]]:
    """What stands on top: (what, value)."""
    found = []
    for way in ("nominal", OURS):
        number = results.ways[way]["falls"]
        text = f"{100 * number.value:.0f} % [{100 * number.low:.0f}, {100 * number.high:.0f}]"
        found.append((f"episodes in which {way}-trained policies fell", text))
    found += [(f"speed error, {OURS} over {way}", str(number)) for way, number in results.ratios.items()]
    found += [(f"Spearman, {name}", str(numbers["spearman"])) for name, numbers in results.valid.items()]
    return found
