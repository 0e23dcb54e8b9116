"""Figures of a walk: its path from above, and load and slip of every foot over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Num
from plotly.subplots import make_subplots

from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import translucent
from hybridsim.report.walk_numbers import period_of
from hybridsim.simulator.feet import AIR, FootTrace
from hybridsim.simulator.surfaces import Surface

# Colours: Okabe and Ito 2008, "Color universal design".
GROUND = ("#8c8c8c", "#56b4e9", "#e69f00", "#009e73", "#cc79a7")
FEET = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
SHOWN_S = 0.02
"""Between drawn samples, each the largest of what it stands for [s]."""
AROUND = 0.25
"""Of the ground that is drawn around the feet [m]."""


def path_figure(
    trace: FootTrace, base: Float[np.ndarray, "time 3"], surfaces: Sequence[Surface], world: int = 0
) -> go.Figure:
    """From above: the ground, the base's path, and where each foot touched; a streak is a slide."""
    figure, places = blank(), trace.place[:, world, :, :2]
    low, high = places.min(axis=(0, 1)) - AROUND, places.max(axis=(0, 1)) + AROUND
    for k, surface in enumerate(surfaces):
        add_ground(figure, surface, GROUND[k % len(GROUND)], (low, high))
    thin = slice(None, None, every(trace))
    figure.add_scatter(
        x=base[thin, 0].round(3),
        y=base[thin, 1].round(3),
        mode="lines",
        name="base",
        line={"color": "#1a1a1a", "width": 2, "dash": "dot"},
        hovertemplate="%{x:.2f}, %{y:.2f} m",
    )
    for n, foot in enumerate(trace.feet):
        on = trace.surface[thin, world, n] != AIR
        x, y = (np.where(on, places[thin, n, axis], np.nan) for axis in (0, 1))
        figure.add_scatter(
            x=x.round(4),
            y=y.round(4),
            mode="lines+markers",
            name=label(foot),
            line={"color": FEET[n % len(FEET)], "width": 3},
            marker={"size": 5},
            hovertemplate="%{x:.3f}, %{y:.3f} m",
        )
    figure.update_xaxes(title_text="x, m", range=[low[0], high[0]], constrain="domain", showgrid=False)
    figure.update_yaxes(
        title_text="y, m", range=[low[1], high[1]], scaleanchor="x", constrain="domain", showgrid=False
    )
    return styled(figure, height=470).update_yaxes(zeroline=False)


def add_ground(
    figure: go.Figure, surface: Surface, colour: str, frame: tuple[np.ndarray, np.ndarray]
) -> None:
    """One surface as far as the frame shows it, with its name."""
    x0, x1 = np.clip(surface.area[:2], frame[0][0], frame[1][0])
    y0, y1 = np.clip(surface.area[2:], frame[0][1], frame[1][1])
    if x0 < x1 and y0 < y1:
        box = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
        figure.add_shape(type="rect", layer="below", line_width=0, fillcolor=translucent(colour, 0.35), **box)
        figure.add_annotation(
            x=(x0 + x1) / 2, y=y1, text=label(surface.name), showarrow=False, yanchor="top", yshift=-2
        )


def feet_figure(trace: FootTrace, world: int = 0) -> go.Figure:
    """Load left and slip right over time, a row a foot, lines in the colour of the ground below."""
    feet, rows = trace.feet, len(trace.feet)
    titles = [text for foot in feet for text in (f"{label(foot)}: load, N", f"{label(foot)}: slip, m/s")]
    figure = make_subplots(
        rows=rows,
        cols=2,
        shared_xaxes="all",  # pyright: ignore[reportArgumentType]  # plotly's signature lacks its own words
        shared_yaxes="columns",  # pyright: ignore[reportArgumentType]
        vertical_spacing=0.06,
        horizontal_spacing=0.07,
        subplot_titles=titles,
        figure=blank(),
    )
    time = trace.time_s[:: every(trace)].round(3)
    for n in range(rows):
        for column, values in enumerate((trace.load, trace.slip), start=1):
            largest = largest_of(values[:, world, n], every(trace))
            ground = largest_of(trace.surface[:, world, n], every(trace))  # any but AIR
            add_by_ground(figure, trace, time, (largest, ground), (n + 1, column))
    figure.update_xaxes(title_text="time, s", row=rows)
    figure.update_yaxes(rangemode="tozero", nticks=4)
    return styled(figure, height=150 * rows + 90)


def add_by_ground(
    figure: go.Figure,
    trace: FootTrace,
    time: Float[np.ndarray, " shown"],
    found: tuple[np.ndarray, np.ndarray],
    cell: tuple[int, int],
) -> None:
    """One foot's line in pieces, each in its ground's colour; the legend names every ground once."""
    values, ground = found
    for k, name in enumerate(trace.surfaces):
        figure.add_scatter(
            x=time,
            y=np.where(ground == k, values, np.nan).round(4),
            mode="lines",
            name=label(name),
            legendgroup=name,
            showlegend=cell == (1, 1),
            line={"color": GROUND[k % len(GROUND)], "width": 1.5},
            hovertemplate="%{y:.3g}",
            row=cell[0],
            col=cell[1],
        )


def every(trace: FootTrace) -> int:
    """Rows that one drawn sample stands for."""
    return max(1, round(SHOWN_S / period_of(trace)))


def largest_of(values: Num[np.ndarray, " time"], rows: int) -> Num[np.ndarray, " shown"]:
    """The largest of each so many rows."""
    padded = np.pad(values, (0, -len(values) % rows), mode="edge")
    return padded.reshape(-1, rows).max(axis=1)
