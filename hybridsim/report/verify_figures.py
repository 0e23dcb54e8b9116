"""Figures of a verification: shares with their intervals, and what searches tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hybridsim.report.layout import blank, label, styled

# Colours: Okabe and Ito 2008, "Color universal design".
COLOURS = {"passed": "#009e73", "failed": "#d55e00", "undecided": "#e69f00"}
Entry = Mapping[str, Any]
SHARES = ("most_falls", "most_failures")
ROW = 34
"""Height of a row [px]."""


def share_figure(scenarios: Sequence[Entry]) -> go.Figure | None:
    """Shares of falls or failures with their intervals, and their limits; None where no scenario has one."""
    rows = [(one, part) for one in scenarios for part in one["criteria"] if part["key"] in SHARES]
    if not rows:
        return None
    figure, names = blank(), [f"{label(one['name'])}: {part['key'][5:]}" for one, part in rows]
    for state, colour in COLOURS.items():
        mine = [k for k, (_, part) in enumerate(rows) if part["state"] == state]
        if not mine:
            continue
        value, low, high = (
            np.array([100.0 * rows[k][1][word] for k in mine]) for word in ("value", "low", "high")
        )
        figure.add_scatter(
            x=value.round(2),
            y=[names[k] for k in mine],
            error_x={"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low},
            mode="markers",
            name=state,
            marker={"color": colour, "size": 9},
            hovertemplate="%{x:.1f} %",
        )
    limits = [100.0 * part["limit"] for _, part in rows]
    figure.add_scatter(
        x=limits,
        y=names,
        mode="markers",
        name="limit",
        marker={"symbol": "line-ns-open", "size": 18, "color": "#1a1a1a", "line": {"width": 2}},
        hovertemplate="at most %{x:.1f} %",
    )
    top = min(100.0, max([*limits, *(100.0 * part["high"] for _, part in rows)]) * 1.05)
    figure.update_xaxes(title_text="of episodes, %", range=[-0.01 * top, top])
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    return styled(figure, height=ROW * len(rows) + 130)


def search_figure(one: Entry) -> go.Figure:
    """What a search tried: the share of failed episodes at every strength."""
    found, search, figure = one["search"]["found"], one["search"], blank()
    figure.add_scatter(
        x=[trial["value"] for trial in search["trials"]],
        y=[100.0 * trial["share"] for trial in search["trials"]],
        mode="markers",
        name="trials",
        marker={"color": "#0072b2", "size": 8, "opacity": 0.6},
        hovertemplate="%{x:.3g}: %{y:.0f} %",
    )
    if found is not None:
        low, high = (100.0 * x for x in search["interval"])
        share = 100.0 * search["share"]
        figure.add_scatter(
            x=[found[search["key"]]],
            y=[share],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - share],
                "arrayminus": [share - low],
            },
            mode="markers",
            name="found, on fresh episodes",
            marker={"color": COLOURS["failed"], "size": 12, "symbol": "diamond"},
            hovertemplate="%{x:.3g}: %{y:.0f} %",
        )
    if search["stands"] is not None:
        figure.add_vline(x=search["stands"], line={"color": "#1a1a1a", "dash": "dash", "width": 1.5})
        note = {"text": "to stand", "showarrow": False, "xanchor": "left", "xshift": 4}
        figure.add_annotation(x=search["stands"], y=104, **note)
    figure.add_hline(y=100.0 * search["broken_from"], line={"color": "#8c8c8c", "dash": "dot", "width": 1.5})
    figure.update_xaxes(title_text=label(search["key"]), range=[*_ends(search)])
    figure.update_yaxes(title_text="failed episodes, %", range=[-4, 110])
    return styled(figure, height=330)


def _ends(search: Entry) -> tuple[float, float]:
    """Of the axis: all that was tried, with a margin."""
    values = [trial["value"] for trial in search["trials"]] + [search["to"]]
    values += [search["stands"]] if search["stands"] is not None else []
    low, high = min(values), max(values)
    margin = 0.03 * (high - low)
    return low - margin, high + margin
