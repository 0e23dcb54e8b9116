"""Figures of a proof: how policies did on the stand-in, and what simulators had told."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.proof.results import MEASURES, Results, Row
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import STYLES, UNKNOWN, VariantStyle

HAND = VariantStyle("#e69f00", "star-diamond", "nominal, with ranges chosen by hand")
TITLES = {"falls": "falls, share of episodes", "speed_error": "speed error, m/s", "return": "return, s"}


def style_of(way: str) -> VariantStyle:
    """Of a way to train: its simulator's where they are called the same."""
    return HAND if way == "hand" else STYLES.get(way, UNKNOWN)


def ways_figure(results: Results) -> go.Figure:
    """A dot and its interval for each way, a column a measure."""
    figure = make_subplots(
        rows=1, cols=len(MEASURES), subplot_titles=[TITLES[name] for name in MEASURES], figure=blank()
    )
    for way, found in results.ways.items():
        look = style_of(way)
        for column, name in enumerate(MEASURES, start=1):
            number = found[name]
            figure.add_scatter(
                x=[label(way)],
                y=[round(number.value, 4)],
                error_y={
                    "array": [round(number.high - number.value, 4)],
                    "arrayminus": [round(number.value - number.low, 4)],
                },
                mode="markers",
                marker={"color": look.colour, "symbol": look.symbol, "size": 12},
                showlegend=False,
                hovertemplate="%{y:.3g}",
                row=1,
                col=column,
            )
    figure.update_yaxes(rangemode="tozero", nticks=5)
    return styled(figure, height=330)


def order_figure(results: Results) -> go.Figure:
    """Each checkpoint's return on the stand-in over what a simulator told, a column a simulator."""
    simulators = list(results.rows[0].simulated)
    figure = make_subplots(
        rows=1,
        cols=len(simulators),
        shared_yaxes=True,  # pyright: ignore[reportArgumentType]  # plotly's signature lacks its own words
        subplot_titles=[label(name) for name in simulators],
        horizontal_spacing=0.04,
        figure=blank(),
    )
    top = max(max(row.standin, *row.simulated.values()) for row in results.rows)
    for column, simulator in enumerate(simulators, start=1):
        figure.add_scatter(
            x=[0, top],
            y=[0, top],
            mode="lines",
            line={"color": "#8c8c8c", "dash": "dot", "width": 1},
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )
        for way in results.ways:
            add_rows(figure, [row for row in results.rows if way_of(row) == way], way, simulator, column)
    figure.update_xaxes(title_text="return in the simulator, s", range=[0, 1.04 * top])
    figure.update_yaxes(range=[0, 1.04 * top])
    figure.update_yaxes(title_text="return on the stand-in, s", col=1)
    return styled(figure, height=420)


def add_rows(figure: go.Figure, rows: Sequence[Row], way: str, simulator: str, column: int) -> None:
    """Checkpoints of one way in one simulator."""
    look = style_of(way)
    figure.add_scatter(
        x=[round(row.simulated[simulator], 3) for row in rows],
        y=[round(row.standin, 3) for row in rows],
        text=[label(f"{row.training}, {row.steps} steps") for row in rows],
        mode="markers",
        name=label(f"{way}-trained"),
        legendgroup=way,
        showlegend=column == 1,
        marker={"color": look.colour, "symbol": look.symbol, "size": 9},
        hovertemplate="%{text}<br>simulator %{x:.2f} s, stand-in %{y:.2f} s<extra></extra>",
        row=1,
        col=column,
    )


def way_of(row: Row) -> str:
    """How a checkpoint was trained."""
    return row.training.rpartition("-")[0]
