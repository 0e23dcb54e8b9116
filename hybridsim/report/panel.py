"""A figure as data inside the page."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go


@dataclass(frozen=True)
class Panel:
    """A figure with its heading and a sentence on how to read it; `json` is safe inside a script element."""

    key: str
    title: str
    caption: str
    json: str
    height: int


def panel(key: str, title: str, caption: str, figure: go.Figure) -> Panel:
    """A figure as data inside the page; `<` is escaped so that no string can end the script element."""
    text = str(figure.to_json()).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Panel(key, title, caption, text, int(figure.layout.height))
