"""Figures of worlds that spread: resting places, drawn against real, and a reliability plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.report.figures import HEIGHT, whiskers
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import MEASURED, style

COLUMNS = 3
MM = 1e3
MARGIN = 0.1  # of the half width of a view, beyond the outermost mark


def rests_figure(logs: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> go.Figure:
    """Resting places of some tosses seen from above, around the real one, each to its own scale.

    Args:
        logs: of scores["variation"].
        names: of the logs that are drawn, by id, in any order.
    """
    shown = sorted(names, key=lambda log_id: logs[log_id]["energy_score_m"])
    rows = math.ceil(len(shown) / COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        horizontal_spacing=0.08,
        vertical_spacing=0.16 if rows > 1 else 0.0,
        subplot_titles=[label(names[log_id]) for log_id in shown],
        figure=blank(),
    )
    for n, log_id in enumerate(shown):
        add_rests(figure, logs[log_id], n // COLUMNS + 1, n % COLUMNS + 1, legend=n == 0)
    figure.update_annotations(font_size=13)
    figure.update_xaxes(title_text="x from the real place, mm", row=rows)
    figure.update_yaxes(title_text="y, mm", col=1)
    return styled(figure, height=HEIGHT * rows + 60)


def add_rests(figure: go.Figure, log: Mapping[str, Any], row: int, column: int, *, legend: bool) -> None:
    """One toss: where draws end, where the same world without draws does, and the real place."""
    look, real = style("hybrid"), np.array(log["real_m"])
    marks = {
        "drawn worlds": (log["drawn_m"], {"color": look.colour, "size": 5, "opacity": 0.5}),
        "without draws": (
            [log["without_draws_m"]],
            {"color": style("identified").colour, "symbol": "square"},
        ),
        "measured": ([log["real_m"]], {"color": MEASURED, "symbol": "x"}),
    }
    reach = 0.0
    for name, (places, marker) in marks.items():
        away = MM * (np.array(places) - real)
        reach = max(reach, float(np.abs(away).max()))
        figure.add_scatter(
            x=away[:, 0].round(2).tolist(),
            y=away[:, 1].round(2).tolist(),
            mode="markers",
            name=name,
            legendgroup=name,
            showlegend=legend,
            marker={"size": 9, **marker},
            hovertemplate="%{x:.1f}, %{y:.1f} mm",
            row=row,
            col=column,
        )
    reach = (1 + MARGIN) * max(reach, 1.0)
    axis = COLUMNS * (row - 1) + column
    figure.update_xaxes(range=[-reach, reach], constrain="domain", row=row, col=column)
    figure.update_yaxes(
        range=[-reach, reach],
        scaleanchor="x" if axis == 1 else f"x{axis}",
        constrain="domain",
        row=row,
        col=column,
    )


def reliability_figure(coverage: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Share of logs that regions hold against what they say; on the dashed line they are right."""
    figure, look = blank(), style("hybrid")
    said = [100 * one["level"] for one in coverage]
    held = [one["covers"] for one in coverage]
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"color": "#8c8c8c", "width": 1.5, "dash": "dash"},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=said,
        y=[100 * share for share in held],
        error_y=whiskers(held, [one["interval_95"] for one in coverage], 100.0),
        mode="lines+markers",
        line={"color": look.colour, "width": 2},
        marker={"symbol": look.symbol, "size": 8},
        showlegend=False,
        hovertemplate="said %{x:.0f} %, held %{y:.1f} %",
    )
    figure.update_xaxes(title_text="region of the draws, %", range=[0, 101])
    figure.update_yaxes(title_text="tosses inside, %", range=[0, 101])
    return styled(figure, height=HEIGHT, margin_t=16)
