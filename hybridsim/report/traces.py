"""Real, identified and hybrid motion of one log: a row a joint, the motion left, its error right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from plotly.subplots import make_subplots

from hybridsim.replay import Replay
from hybridsim.report.layout import blank, label, styled
from hybridsim.report.variants import MEASURED, style, translucent
from hybridsim.score import display_unit, number_text
from hybridsim.signals import signal_word
from hybridsim.study import EFFORT_SIGNALS

SHOWN = ("identified", "hybrid")
INVERSE_SHOWN = ("nominal", "identified", "hybrid")  # where efforts are predicted, how far the URDF is off
ROW_HEIGHT, MARGIN = 118, 84  # px

POINTS = 60_000  # of all rows of one figure: three figures then stay below 3 MB


@dataclass(frozen=True, kw_only=True)
class JointTrace:
    """What one row shows: one component of one replay, thinned, and the hybrid's interval."""

    name: str
    unit: str
    time_s: Float[np.ndarray, " time"]
    measured: Float[np.ndarray, " time"]
    predicted: dict[str, Float[np.ndarray, " time"]]
    band: tuple[Float[np.ndarray, " time"], Float[np.ndarray, " time"]] | None
    mae: dict[str, float]


def trace_figure(replays: Sequence[Replay]) -> go.Figure | None:
    """All components of one log as small multiples with linked time axes; None without any to show."""
    shown = [replay for replay in replays if signal_word(replay.signal).kind in ("angle", "scalar")]
    rows = sum(len(replay.components) for replay in shown)
    if not rows:
        return None
    traces = [joint_trace(r, c, POINTS // (8 * rows)) for r in shown for c in range(len(r.components))]
    height = rows * ROW_HEIGHT + MARGIN
    figure = make_subplots(
        rows=rows,
        cols=2,
        shared_xaxes=True,
        subplot_titles=[title for trace in traces for title in titles(trace)],
        vertical_spacing=34 / (height - MARGIN) if rows > 1 else 0.0,
        horizontal_spacing=0.09,
        figure=blank(),
    )
    for row, trace in enumerate(traces, start=1):
        add_motion(figure, trace, row)
        add_error(figure, trace, row)
    figure.update_xaxes(matches="x")
    figure.layout.xaxis.matches = None  # the first axis is the one the others follow
    figure.update_xaxes(title_text="time, s", row=rows)
    figure.update_annotations(font_size=13)
    return styled(figure, height=height, hovermode="x")


def joint_trace(replay: Replay, column: int, most: int) -> JointTrace:
    """One component of a replay, thinned to about `most` points that keep the errors' peaks."""
    shown = INVERSE_SHOWN if replay.signal in EFFORT_SIGNALS else SHOWN
    variants = [name for name in shown if name in replay.predicted] or list(replay.predicted)[:1]
    measured = replay.measured[:, column]
    predicted = {name: replay.predicted[name][:, column] for name in variants}
    errors = {name: line - measured for name, line in predicted.items()}
    kept = peaks(np.stack([*errors.values()]), most)
    band = None
    if replay.low is not None and replay.high is not None:
        band = replay.low[kept, column], replay.high[kept, column]
    return JointTrace(
        name=replay.components[column],
        unit=replay.unit,
        time_s=replay.time_s[kept],
        measured=measured[kept],
        predicted={name: line[kept] for name, line in predicted.items()},
        band=band,
        mae={name: float(np.nanmean(np.abs(e))) for name, e in errors.items() if np.isfinite(e).any()},
    )


def peaks(lines: Float[np.ndarray, "line time"], most: int) -> Int[np.ndarray, " kept"]:
    """Samples to draw: first and last, and every line's lowest and highest of each of equal stretches."""
    count = lines.shape[1]
    stretches = most // (2 * len(lines))
    if count <= most or stretches < 1:
        return np.arange(count)
    low, high = np.where(np.isfinite(lines), lines, np.inf), np.where(np.isfinite(lines), lines, -np.inf)
    kept = {0, count - 1}
    for stretch in np.array_split(np.arange(count), stretches):
        kept.update(stretch[low[:, stretch].argmin(axis=1)].tolist())
        kept.update(stretch[high[:, stretch].argmax(axis=1)].tolist())
    return np.array(sorted(kept))


def titles(trace: JointTrace) -> tuple[str, str]:
    """Over the motion its name and unit, over the error each variant's mean."""
    unit = "" if trace.unit == "1" else f", {trace.unit}"
    means = ", ".join(f"{name} {number_text(value, trace.unit)}" for name, value in trace.mae.items())
    means = means or "not measured"
    return (
        f"<b>{label(trace.name)}</b>{label(unit)}",
        f"error, {label(display_unit(trace.unit)[1])}: {label(means)}",
    )


def add_motion(figure: go.Figure, trace: JointTrace, row: int) -> None:
    """Measured line, predicted lines, the hybrid's 90 % interval behind them."""
    if trace.band is not None:
        add_band(figure, trace.time_s, *trace.band, row=row, col=1)
    add_line(figure, trace.time_s, trace.measured, "measured", row=row, col=1)
    for name, line in trace.predicted.items():
        add_line(figure, trace.time_s, line, name, row=row, col=1)


def add_error(figure: go.Figure, trace: JointTrace, row: int) -> None:
    """Predicted minus measured; the hybrid's line is in the band where its interval holds the measurement."""
    factor, _ = display_unit(trace.unit)
    if trace.band is not None and "hybrid" in trace.predicted:
        low, high = trace.band
        hybrid = trace.predicted["hybrid"]
        add_band(figure, trace.time_s, factor * (hybrid - high), factor * (hybrid - low), row=row, col=2)
    for name, line in trace.predicted.items():
        add_line(figure, trace.time_s, factor * (line - trace.measured), name, row=row, col=2)


def add_line(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, *, row: int, col: int) -> None:
    """One line, in the legend only once."""
    measured = name == "measured"
    line = {"color": MEASURED, "width": 5} if measured else {"color": style(name).colour, "width": 1.2}
    figure.add_scatter(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="lines",
        name=label(name),
        legendgroup=name,
        showlegend=row == 1 and col == 1,
        line=line,
        opacity=0.35 if measured else 1.0,  # wide and pale, so that lines on top of it stay visible
        hovertemplate="%{y:.4g}",
        row=row,
        col=col,
    )


def add_band(
    figure: go.Figure, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, row: int, col: int
) -> None:
    """The area between two lines."""
    shared = {
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": "band",
        "row": row,
        "col": col,
    }
    x = x.astype(np.float32)
    figure.add_scatter(x=x, y=low.astype(np.float32), showlegend=False, **shared)
    figure.add_scatter(
        x=x,
        y=high.astype(np.float32),
        fill="tonexty",
        fillcolor=translucent(style("hybrid").colour, 0.3),
        name="90 % interval of hybrid",
        showlegend=row == 1 and col == 1,
        **shared,
    )
