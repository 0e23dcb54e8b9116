"""What the page draws of a contact law: friction and damping as maps, identified and learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.report.figures import HEIGHT
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.panel import Panel, panel
from hybridsim.report.sentences import Scores

COLOURS = "Viridis"
CAPTIONS = {
    "friction": "Friction at one contact over load and slip speed.",
    "damping": "By what the network multiplies the damping of a contact; the identified law is 1.",
}


def law_panels(scores: Scores) -> Iterator[Panel]:
    """A panel a map of scores["passive"]["law"]; none without."""
    for key, one in scores["passive"].get("law", {}).items():
        shown = [name for name in ("identified", "hybrid") if name in one]
        told = " What else the network sees is held at its middle in training." if "hybrid" in one else ""
        title = f"The contact law: {one['what']}"
        yield panel(f"law-{key}", title, CAPTIONS[key] + told, map_figure(one, shown))


def map_figure(one: Mapping[str, Any], shown: list[str]) -> go.Figure:
    """Maps side by side on one scale of colours."""
    titles = [label(name) for name in shown]
    figure = make_subplots(
        rows=1, cols=len(shown), subplot_titles=titles, horizontal_spacing=0.1, figure=blank()
    )
    for column, name in enumerate(shown, start=1):
        figure.add_heatmap(
            x=one["x"]["values"],
            y=one["y"]["values"],
            z=one[name],
            coloraxis="coloraxis",
            hovertemplate="%{x:.3g}, %{y:.3g}: %{z:.3g}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_xaxes(title_text=one["x"]["name"], row=1, col=column)
    figure.update_yaxes(title_text=one["y"]["name"], row=1, col=1)
    figure.update_layout(coloraxis={"colorscale": COLOURS, "colorbar": {"title": label(one["what"])}})
    return styled(figure, height=HEIGHT + 40)
