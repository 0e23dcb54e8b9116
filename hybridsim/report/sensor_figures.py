"""Figures of a sensor: Allan deviation, spectra, ranks, errors by motion, and a stretch of its readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.replay import Replay
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import MEASURED, style, translucent

AXES = ("x", "y", "z")
TITLES = [f"{sensor} {axis}" for sensor in ("gyroscope", "accelerometer") for axis in AXES]
UNITS = ("rad/s", "m/s²")
HEIGHT = 560
STRETCH_S = 3.0
"""Of readings that are drawn."""


def allan_figure(found: Mapping[str, Any]) -> go.Figure:
    """Real and drawn, a panel a column."""
    figure = _six()
    for k in range(6):
        _line(figure, k, found["stretch_s"], found["real"][k], "real", MEASURED)
        _line(figure, k, found["stretch_s"], found["drawn"][k], "drawn", style("hybrid").colour)
    figure.update_xaxes(type="log").update_yaxes(type="log")
    figure.update_xaxes(title_text="stretch, s", row=2)
    return _titled(figure, "deviation, ")


def spectrum_figure(found: Mapping[str, Any], ideal: bool) -> go.Figure:
    """Power spectral densities of real and drawn readings, and of ideal ones where they move."""
    figure = _six()
    lines = (("real", MEASURED), ("drawn", style("hybrid").colour), ("ideal", style("identified").colour))
    for k in range(6):
        for name, colour in lines if ideal else lines[:2]:
            _line(figure, k, found["frequency_hz"], found[name][k], name, colour)
    figure.update_xaxes(type="log").update_yaxes(type="log")
    figure.update_xaxes(title_text="frequency, Hz", row=2)
    return _titled(figure, "density, ", "²/Hz")


def ranks_figure(found: Mapping[str, Sequence[Sequence[float]]]) -> go.Figure:
    """Histograms of where readings lie in what was stated for them; flat is right."""
    figure = _six()
    for k in range(6):
        for when, colour in (("motion", style("hybrid").colour), ("rest", MEASURED)):
            bins = len(found[when][k])
            if not any(found[when][k]):
                continue  # nothing moved
            _line(figure, k, (np.arange(bins) + 0.5) / bins, np.array(found[when][k]) * bins, when, colour)
    figure.update_xaxes(title_text="rank", row=2)
    figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(title_text="share over even", col=1)
    return styled(figure, height=HEIGHT)


def motion_figure(found: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Mean absolute error against how fast the sensor turns, and how hard it is moved."""
    figure = make_subplots(rows=1, cols=max(1, len(found)), horizontal_spacing=0.12, figure=blank())
    for column, one in enumerate(found, start=1):
        for name in ("identified", "hybrid"):
            figure.add_scatter(
                x=one["size"],
                y=one[name],
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                line={"color": style(name).colour},
                marker={"symbol": style(name).symbol},
                row=1,
                col=column,
            )
        figure.update_xaxes(title_text=f"{label(one['of'])}, {label(one['unit'])}", row=1, col=column)
        figure.update_yaxes(
            title_text=f"mean error, {label(one['unit'])}", rangemode="tozero", row=1, col=column
        )
    return styled(figure, height=360)


def readings_figure(replays: Sequence[Replay]) -> go.Figure:
    """The liveliest seconds of one log: readings, what is ideal, and the 90 % interval."""
    figure = make_subplots(rows=2, cols=3, shared_xaxes=True, subplot_titles=TITLES, figure=blank())
    begin, end = _liveliest(replays[0])
    for row, replay in enumerate(replays[:2], start=1):
        rows = (replay.time_s >= begin) & (replay.time_s <= end)
        time, look = replay.time_s[rows], style("hybrid")
        for k in range(3):
            first = row == 1 and k == 0
            where = {"row": row, "col": k + 1}
            if replay.low is not None and replay.high is not None:
                band = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
                figure.add_scatter(x=time, y=replay.low[rows, k], **band, **where)
                fill = {"fill": "tonexty", "fillcolor": translucent(look.colour, 0.25)}
                named = {**band, "showlegend": first, "name": "90 % interval", **fill}
                figure.add_scatter(x=time, y=replay.high[rows, k], **named, **where)
            for name, values, colour in (
                ("ideal", replay.predicted["hybrid"], look.colour),
                ("measured", replay.measured, MEASURED),
            ):
                figure.add_scatter(
                    x=time,
                    y=values[rows, k],
                    name=name,
                    showlegend=first,
                    line={"color": colour, "width": 1},
                    **where,
                )
        figure.update_yaxes(title_text=UNITS[row - 1], row=row, col=1)
    figure.update_xaxes(title_text="time, s", row=2)
    return styled(figure, height=HEIGHT)


def _liveliest(replay: Replay) -> tuple[float, float]:
    """The stretch in which it moves most [s]."""
    size = np.linalg.norm(replay.predicted["hybrid"], axis=1)
    width = max(1, int(STRETCH_S / max(float(np.median(np.diff(replay.time_s))), 1e-6)))
    smooth = np.convolve(size, np.ones(width) / width, mode="valid")
    begin = float(replay.time_s[int(np.argmax(smooth))]) if len(smooth) else float(replay.time_s[0])
    return begin, begin + STRETCH_S


def _six() -> go.Figure:
    return make_subplots(
        rows=2, cols=3, subplot_titles=TITLES, horizontal_spacing=0.08, vertical_spacing=0.14, figure=blank()
    )


def _line(figure: go.Figure, k: int, x: Any, y: Any, name: str, colour: str) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        legendgroup=name,
        showlegend=k == 0,
        mode="lines",
        line={"color": colour, "dash": "dot" if name == "ideal" else "solid"},
        row=k // 3 + 1,
        col=k % 3 + 1,
    )


def _titled(figure: go.Figure, what: str, power: str = "") -> go.Figure:
    for row, unit in enumerate(UNITS, start=1):
        shown = f"({unit}){power}" if power else unit
        figure.update_yaxes(title_text=f"{what}{shown}", exponentformat="power", row=row, col=1)
    return styled(figure, height=HEIGHT)
