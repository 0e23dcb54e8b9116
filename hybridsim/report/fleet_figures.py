"""Figures of a fleet: errors of a unit over time, and of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from hybridsim.report.fleet_facts import Change, ErrorPoint, StepMark, UnitFacts
from hybridsim.report.layout import blank, label, styled

# Colours: Okabe and Ito 2008, "Color universal design".
BEFORE, OWN = "#8c8c8c", ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
ALARM, BACK = "#d55e00", "#d55e00"
MRAD = 1e3
FIRST_DATE_NS = 946_684_800 * 10**9
"""2000-01-01; stamps before it say no date."""
MOST_ROWS = 40
"""Units with a row of their own; chosen, because a screen holds no more."""
MOST_COLUMNS = 48
ROW = 20
"""Height of a row [px]."""
SCALE = [[0.0, "#fff7ec"], [0.4, "#fdbb84"], [0.7, "#e34a33"], [1.0, "#7f0000"]]
BANDS = 10


def colour(age: int) -> str:
    """Of a unit's calibrations, in the order in which they were promoted."""
    return BEFORE if age == 0 else OWN[(age - 1) % len(OWN)]


def when(stamp_ns: int, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(stamp_ns / 1e9, UTC).strftime(form)


def dated(points: Sequence[ErrorPoint]) -> bool:
    """Whether all logs say a date; else they are counted."""
    return all(one.began_ns >= FIRST_DATE_NS for one in points)


def error_figure(unit: UnitFacts) -> go.Figure:
    """Error of every log by every calibration that was asked, with steps and alarms."""
    figure, dates = blank(), dated(unit.points)
    quiet = [one.error for one in unit.points if not one.odd]
    top = 1.15 * MRAD * max(quiet or [one.error for one in unit.points], default=1e-3)
    for age in sorted({one.age for one in unit.points}):
        for gate in (False, True):
            mine = [p for p in unit.points if p.age == age and p.gate == gate and not p.odd]
            if mine:
                _line(figure, mine, dates, gate)
    odd = [one for one in unit.points if one.odd]
    if odd:
        _crosses(figure, odd, dates, top)
    for k, mark in enumerate(unit.marks):
        _mark(figure, mark, dates, (1.02 - 0.09 * (k % 3)) * top)  # numbers of steps at one time stay apart
    _alarms(figure, unit, dates)
    figure.update_xaxes(title_text="log's date" if dates else "log, its stamps say no date", nticks=6)
    if dates:
        figure.update_xaxes(type="date", tickformat="%d %b\n%Y")
    figure.update_xaxes(range=_range(unit, dates))
    figure.update_yaxes(title_text="error, mrad", range=[0, 1.08 * top])
    return styled(figure, height=260, showlegend=False, margin={"l": 52, "r": 12, "t": 18, "b": 58})


def _range(unit: UnitFacts, dates: bool) -> list[Any]:
    """Of the axis: all logs and steps, with room for a step's number on the right."""
    at = [one.began_ns if dates else one.number for one in unit.points]
    at += [mark.known_ns if dates else mark.number for mark in unit.marks]
    low, high = min(at, default=0), max(at, default=0)
    wide = (high - low) or (86_400 * 10**9 if dates else 1)
    ends = (low - 0.04 * wide, high + 0.14 * wide)
    return [when(int(end), "%Y-%m-%d %H:%M:%S") if dates else end for end in ends]


def _x(one: ErrorPoint, dates: bool) -> Any:
    return when(one.began_ns, "%Y-%m-%d %H:%M:%S") if dates else one.number


def _line(figure: go.Figure, points: Sequence[ErrorPoint], dates: bool, gate: bool) -> None:
    """What a calibration makes of logs; what only its gate saw is hollow."""
    own = colour(points[0].age)
    what = f"calibration {points[0].calibration}" + (", at its gate" if gate else "")
    figure.add_scatter(
        x=[_x(one, dates) for one in points],
        y=[round(MRAD * one.error, 4) for one in points],
        mode="lines+markers",
        line={"color": own, "width": 1.5, "dash": "dot" if gate else "solid"},
        marker={"color": own, "size": 7, "symbol": "square-open" if gate else "circle"},
        text=[label(one.log_id) for one in points],
        hovertemplate=f"%{{x}}<br>%{{y:.2f}} mrad, {label(what)}<br>log %{{text}}<extra></extra>",
    )


def _crosses(figure: go.Figure, odd: Sequence[ErrorPoint], dates: bool, top: float) -> None:
    """Logs set aside, where the axis ends if their error is larger."""
    figure.add_scatter(
        x=[_x(one, dates) for one in odd],
        y=[min(MRAD * one.error, top) for one in odd],
        mode="markers",
        marker={"color": "#1a1a1a", "size": 10, "symbol": "x-thin-open", "line": {"width": 2}},
        text=[label(one.odd) for one in odd],
        customdata=[MRAD * one.error for one in odd],
        hovertemplate="%{x}<br>set aside, %{customdata:.2f} mrad: %{text}<extra></extra>",
    )


def _mark(figure: go.Figure, mark: StepMark, dates: bool, height: float) -> None:
    """A vertical line with the step's number."""
    own = BACK if mark.back else "#1a1a1a"
    at = when(mark.known_ns, "%Y-%m-%d %H:%M:%S") if dates else mark.number
    figure.add_scatter(
        x=[at, at],
        y=[0, height],
        mode="lines+text",
        line={"color": own, "width": 1.5, "dash": "dash" if mark.back else "solid"},
        text=["", f"\u2009back, {mark.step}" if mark.back else f"\u2009step {mark.step}"],
        textposition="middle right",
        textfont={"size": 11, "color": own},
        hovertemplate=f"{'back to' if mark.back else 'promoted'} {label(mark.calibration)}"
        f" on {when(mark.at_ns)}<extra></extra>",
    )


def _alarms(figure: go.Figure, unit: UnitFacts, dates: bool) -> None:
    """Marked where they rang."""
    rang = {(one.log_id, one.calibration): one for one in unit.points}
    both = [(rang[key], c) for c in unit.changes if (key := (c.rang, c.calibration)) in rang]
    if not both:
        return
    figure.add_scatter(
        x=[_x(one, dates) for one, _ in both],
        y=[MRAD * one.error for one, _ in both],
        mode="markers",
        marker={"color": ALARM, "size": 15, "symbol": "diamond-open", "line": {"width": 3}},
        text=[label(said(change)) for _, change in both],
        hovertemplate="%{x}<br>alarm: %{text}<extra></extra>",
    )


def said(change: Change) -> str:
    """What changed, in words."""
    return change.family + (f" of {change.place}" if change.place else "")


def heat_figure(units: Sequence[UnitFacts]) -> go.Figure | None:
    """Error of units over time; of many, how many had which. None before the first replay."""
    used = [(unit, _in_force(unit)) for unit in units]
    used = [(unit, points) for unit, points in used if points]
    if not used:
        return None
    dates = all(dated(points) for _, points in used)
    at = [np.array([p.began_ns if dates else p.number for p in points], float) for _, points in used]
    gaps = np.concatenate([np.diff(np.unique(one)) for one in at])
    edges = _edges(np.concatenate(at), float(np.median(gaps)) if len(gaps) else 1.0)
    error = [MRAD * np.array([p.error for p in points]) for _, points in used]
    table = np.stack([_means(x, y, edges) for x, y in zip(at, error, strict=True)])
    middles = 0.5 * (edges[:-1] + edges[1:])
    x = [when(int(one)) for one in middles] if dates else middles.round(1).tolist()
    many = len(used) > MOST_ROWS
    figure = _crowd(x, table) if many else _rows(x, table, [unit.serial for unit, _ in used])
    figure.update_xaxes(title_text="log's date" if dates else "log, stamps say no date", showgrid=False)
    rows = BANDS if many else len(used)
    margin = {"l": 58, "r": 12, "t": 12, "b": 52}
    return styled(figure, height=max(ROW * rows + 90, 200), showlegend=False, margin=margin)


def _in_force(unit: UnitFacts) -> list[ErrorPoint]:
    """Of each log the replay by the calibration that was the unit's when it came in."""
    first: dict[str, ErrorPoint] = {}
    for one in unit.points:
        if not one.odd and not one.gate:
            first.setdefault(one.log_id, one)
    return list(first.values())


def _edges(at: Float[np.ndarray, " log"], usual: float) -> Float[np.ndarray, " edge"]:
    """Of the columns, as wide as logs of a unit usually are apart; at most what a screen shows."""
    low, high = float(at.min()), float(at.max())
    columns = 1 if high == low else int(np.clip(round((high - low) / usual), 1, MOST_COLUMNS - 1)) + 1
    half = 0.5 * (high - low) / max(columns - 1, 1) or 0.5
    return np.linspace(low - half, high + half, columns + 1)


def _means(x: np.ndarray, y: np.ndarray, edges: np.ndarray) -> Float[np.ndarray, " column"]:
    """Mean in every column, NaN where there is nothing."""
    column = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(column, minlength=len(edges) - 1)
    total = np.bincount(column, weights=y, minlength=len(edges) - 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _rows(x: Sequence[Any], table: np.ndarray, serials: Sequence[str]) -> go.Figure:
    """A row a unit."""
    figure = blank()
    figure.add_heatmap(
        x=x,
        y=[label(serial) for serial in serials],
        z=[[None if not np.isfinite(v) else round(float(v), 3) for v in row] for row in table],
        colorscale=SCALE,
        zmin=0,
        zmax=float(np.nanquantile(table, 0.98)),
        ygap=1,
        colorbar={"title": {"text": "mrad"}, "thickness": 12},
        hovertemplate="%{y}, %{x}: %{z:.2f} mrad<extra></extra>",
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, dtick=1)
    return figure


def _crowd(x: Sequence[Any], table: np.ndarray) -> go.Figure:
    """A row a band of errors, coloured by how many units are in it."""
    known = table[np.isfinite(table)]
    low, high = max(float(np.quantile(known, 0.01)), 1e-3), float(known.max()) * 1.001
    edges = np.geomspace(min(low, 0.5 * high), high, BANDS + 1)
    counts = [np.histogram(np.clip(c[np.isfinite(c)], edges[0], edges[-1]), edges)[0] for c in table.T]
    figure = blank()
    figure.add_heatmap(
        x=x,
        y=[f"{a:.2g} to {b:.2g}" for a, b in pairwise(edges.tolist())],
        z=[[int(v) or None for v in row] for row in np.array(counts).T],
        colorscale=SCALE,
        zmin=0,
        ygap=1,
        colorbar={"title": {"text": "units"}, "thickness": 12},
        hovertemplate="%{x}: %{z} units at %{y} mrad<extra></extra>",
    )
    figure.update_yaxes(type="category", title_text="error, mrad", title_standoff=14, showgrid=False, dtick=1)
    return figure
