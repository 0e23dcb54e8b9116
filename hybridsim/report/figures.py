"""The figures that compare variants: per joint, by horizon, against speed and load, and the coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybridsim.replay import Replay
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.sentences import COVERAGE_ASKED, Scores
from hybridsim.report.variants import style
from hybridsim.score import BinnedError, binned_error, display_unit, signal_unit

HEIGHT = 340  # px
WHOLE_LOG = "whole log"


def joints_figure(scores: Scores) -> go.Figure:
    """Mean error of every variant on every component, a panel a signal, whiskers the 95 % interval."""
    signals = signal_scores(scores)
    widths = [2 + sum(len(v["components"]) for v in list(found.values())[:1]) for found in signals.values()]
    figure = make_subplots(
        rows=1, cols=len(signals), column_widths=widths, horizontal_spacing=0.1, figure=blank()
    )
    for column, (signal, found) in enumerate(signals.items(), start=1):
        for name, variant in found.items():
            factor, unit = display_unit(signal_unit(signal, variant["unit"]))
            figure.add_bar(
                x=[label(component) for component in variant["components"]],
                y=scaled(variant["mae"], factor),
                error_y=whiskers(variant["mae"], variant["mae_interval_95"], factor),
                name=label(name),
                legendgroup=name,
                showlegend=column == 1,
                marker={"color": style(name).colour},
                hovertemplate="%{y:.3g} " + label(unit),
                row=1,
                col=column,
            )
            figure.update_yaxes(
                title_text=f"mean error, {label(unit)}", rangemode="tozero", row=1, col=column
            )
    styled(figure, height=HEIGHT + 40, barmode="group", hovermode="x")
    return figure.update_xaxes(showgrid=False)


def signal_scores(scores: Scores) -> dict[str, dict[str, Any]]:
    """Signal -> variant -> its scores."""
    found: dict[str, dict[str, Any]] = {}
    for name, variant in scores["variants"].items():
        for signal, values in variant["signals"].items():
            found.setdefault(signal, {})[name] = values
    return found


def horizon_figure(scores: Scores, signal: str) -> go.Figure | None:
    """Error when the simulator is restarted every so often, up to never; None without such scores."""
    figure, any_window = blank(), False
    for name, variant in scores["variants"].items():
        if signal not in variant["signals"]:
            continue
        windows = variant["windowed"].get(signal, [])
        any_window |= bool(windows)
        whole = variant["signals"][signal]
        factor, unit = display_unit(signal_unit(signal, whole["unit"]))
        points = [(f"{w['horizon_s']:g} s", w["mae_mean"], w["mae_mean_interval_95"]) for w in windows]
        points.append((WHOLE_LOG, whole["mae_mean"], whole["mae_mean_interval_95"]))
        x, mean, interval = (list(values) for values in zip(*points, strict=True))
        add_variant_line(figure, name, x, scaled(mean, factor), whiskers(mean, interval, factor))
        figure.update_yaxes(title_text=f"mean error, {label(unit)}", rangemode="tozero")
    horizons = sorted(
        {w["horizon_s"] for v in scores["variants"].values() for w in v["windowed"].get(signal, [])}
    )
    order = [*(f"{horizon:g} s" for horizon in horizons), WHOLE_LOG]
    figure.update_xaxes(title_text="restarted every", categoryorder="array", categoryarray=order)
    return styled(figure, height=HEIGHT) if any_window else None


def against_figure(replays: Sequence[Replay], by: str, speed_unit: str = "") -> go.Figure | None:
    """Error against "speed" or "load", all components together; None where that is not known."""
    binned = binned_error(replays, "speed" if by == "speed" else "load")
    if binned is None:
        return None
    factor, unit = display_unit(replays[0].unit)
    figure = blank()
    for name in binned.mean:
        mean = binned.mean[name]
        add_variant_line(figure, name, binned.centres(), factor * mean, spread(binned, name, factor))
    speed_unit = speed_unit or ("1/s" if replays[0].unit == "1" else f"{replays[0].unit}/s")
    axis = f"speed, {speed_unit}" if by == "speed" else "predicted load effort, N·m"
    figure.update_xaxes(title_text=label(axis), rangemode="tozero")
    figure.update_yaxes(title_text=f"mean error, {label(unit)}", rangemode="tozero")
    return styled(figure, height=HEIGHT)


def spread(binned: BinnedError, variant: str, factor: float) -> dict[str, Any]:
    """Whiskers of a binned mean."""
    return whiskers(binned.mean[variant].tolist(), binned.interval[variant].T.tolist(), factor)


def add_variant_line(
    figure: go.Figure,
    variant: str,
    x: Sequence[Any] | np.ndarray,
    y: Sequence[Any] | np.ndarray,
    error: dict[str, Any],
) -> None:
    """A variant's line with its own colour and marker."""
    look = style(variant)
    figure.add_scatter(
        x=x,
        y=y,
        error_y=error,
        mode="lines+markers",
        name=label(variant),
        line={"color": look.colour, "width": 2},
        marker={"symbol": look.symbol, "size": 8},
        hovertemplate="%{y:.3g}",
    )


def coverage_figure(scores: Scores) -> go.Figure | None:
    """Share of samples inside the hybrid's 90 % interval, per component; None without intervals."""
    held: Mapping[str, Mapping[str, float]] = scores["variants"].get("hybrid", {}).get("coverage_90", {})
    if not held:
        return None
    figure = blank()
    low, high = (100 * edge for edge in COVERAGE_ASKED)
    figure.add_hrect(y0=low, y1=high, fillcolor="#009e73", opacity=0.12, line_width=0)
    figure.add_hline(y=90, line={"color": "#1a1a1a", "dash": "dash", "width": 1.5})
    for signal, values in held.items():
        share = scaled(list(values.values()), 100.0)
        figure.add_scatter(
            x=[label(name) for name in values],
            y=share,
            mode="markers+text",
            text=[f"{value:.0f} %" if value is not None else "–" for value in share],
            textposition="top center",
            marker={"size": 11, "color": style("hybrid").colour},
            name=label(signal),
            hovertemplate="%{y:.1f} %",
        )
    seen = [100 * v for values in held.values() for v in values.values() if v is not None]
    figure.update_yaxes(title_text="samples inside, %", range=[min([72.0, *(v - 8 for v in seen)]), 101])
    return styled(figure, height=HEIGHT, showlegend=False, margin_t=16)


def scaled(values: Sequence[float | None], factor: float) -> list[float | None]:
    """Values in their display unit; what is missing stays missing."""
    return [None if value is None else factor * value for value in values]


def whiskers(
    means: Sequence[float | None], intervals: Sequence[Sequence[float | None]], factor: float
) -> dict[str, Any]:
    """Plotly's error bars for means with intervals."""
    mean = np.array(means, dtype=float)  # None becomes NaN
    low, high = np.array(intervals, dtype=float).reshape(-1, 2).T
    below, above = (np.nan_to_num(factor * length).tolist() for length in (mean - low, high - mean))
    return {"type": "data", "array": above, "arrayminus": below, "thickness": 1, "width": 3}
