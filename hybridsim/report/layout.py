"""What all figures share: fonts, margins, and text that cannot act as markup."""

from __future__ import annotations

import html
from typing import Any

import plotly.graph_objects as go

from hybridsim.report.sentences import shortened

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def label(text: str) -> str:
    """Foreign text for a figure: plotly reads some tags and entities, so none is left; cut where long."""
    return html.escape(shortened(text))


def blank() -> go.Figure:
    """An empty figure without plotly's template, which costs more time than the figure itself."""
    return go.Figure(layout={"template": "none"})


def styled(figure: go.Figure, *, height: int, **layout: Any) -> go.Figure:
    """The page's look on a figure: light, no title of its own, legend above, width of its column."""
    figure.update_layout(
        height=height,
        font={"family": FONT, "size": 13, "color": "#1a1a1a"},
        margin={"l": 58, "r": 12, "t": 66, "b": 44},
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
        },
    )
    figure.update_layout(**layout)
    axis = {
        "showline": True,
        "linecolor": "#1a1a1a",
        "ticks": "outside",
        "gridcolor": "#e6e6e6",
        "automargin": True,
    }
    figure.update_xaxes(title_standoff=8, zeroline=False, **axis)
    figure.update_yaxes(zerolinecolor="#8c8c8c", **axis)
    return figure
