"""walk.html: one page on a walk, everything inside, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from hybridsim.report.page import own, script_hash
from hybridsim.report.panel import panel
from hybridsim.report.walk_figures import feet_figure, path_figure
from hybridsim.report.walk_numbers import foot_rows
from hybridsim.score import write_text
from hybridsim.simulator.feet import FootTrace
from hybridsim.simulator.surfaces import Surface

ABOVE = (
    "Shaded: the ground's parts. Dotted: the base. Dots: where each foot touched, 50 times a second; a streak"
    " is a slide."
)
OVER_TIME = (
    "Largest value in each 20 ms, coloured by the ground below the foot; no line where it is in the air. Drag"
    " to zoom, all time axes follow; double-click to reset."
)


def write_walk(
    path: Path,
    *,
    trace: FootTrace,
    base: Float[np.ndarray, "time 3"],
    surfaces: Sequence[Surface],
    facts: Sequence[tuple[str, str]],
) -> None:
    """Write the page atomically; it works from a file:// address, offline.

    Args:
        path: where.
        trace: what each foot saw; world 0 is drawn.
        base: path of the base [m].
        surfaces: of the ground.
        facts: what stands on top: (what, value).
    """
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    scripts = {"plotly_js": get_plotlyjs().replace("\r", ""), "draw_js": own("draw.js")}
    text = page.from_string(own("walk.html.jinja")).render(
        css=own("page.css"),
        script_hashes=[script_hash(script) for script in scripts.values()],
        facts=facts,
        rows=foot_rows(trace),
        surfaces=surfaces,
        panels=[
            panel("path", "The path from above", ABOVE, path_figure(trace, base, surfaces)),
            panel("feet", "What each foot saw", OVER_TIME, feet_figure(trace)),
        ],
        **scripts,
    )
    write_text(path, text)
