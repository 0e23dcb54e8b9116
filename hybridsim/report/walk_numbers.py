"""A walk in numbers: what each foot saw on each kind of ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from hybridsim.simulator.feet import FootTrace

APART = 0.05
"""From where a foot leaves the ground to where its next step begins; nearer ones are the same step [m]."""
GRIPPED = 0.99
"""Share of the friction cone below which a foot counts as gripping."""


@dataclass(frozen=True, kw_only=True)
class FootRow:
    """One foot on one surface.

    Attributes:
        foot: link.
        surface: name.
        steps: how often it stood there.
        mean_load: while it touched [N].
        peak_load: largest of a control period [N].
        slip_per_step: distance slid there over steps [m].
        used: mean share of the friction cone while it touched, weighted by load [1].
        sliding: share of the time on the ground in which the cone was used up [1].
    """

    foot: str
    surface: str
    steps: int
    mean_load: float
    peak_load: float
    slip_per_step: float
    used: float
    sliding: float


def foot_rows(trace: FootTrace, world: int = 0) -> list[FootRow]:
    """Every foot on every surface that it touched, surface by surface."""
    rows = []
    for k, surface in enumerate(trace.surfaces):
        for n, foot in enumerate(trace.feet):
            there = trace.surface[:, world, n] == k
            if there.any():
                rows.append(_row(trace, there, world, n, (foot, surface)))
    return rows


def _row(
    trace: FootTrace, there: Bool[np.ndarray, " time"], world: int, n: int, names: tuple[str, str]
) -> FootRow:
    load, used = trace.load[there, world, n], trace.used[there, world, n]
    slid = trace.slip[there, world, n].sum() * period_of(trace)
    steps = steps_of(trace, there, world, n)
    return FootRow(
        foot=names[0],
        surface=names[1],
        steps=steps,
        mean_load=float(load.mean()),
        peak_load=float(load.max()),
        slip_per_step=float(slid / steps),
        used=float(load @ used / load.sum()),
        sliding=float((used > GRIPPED).mean()),
    )


def period_of(trace: FootTrace) -> float:
    """Between rows [s]."""
    return float(trace.time_s[0])


def steps_of(trace: FootTrace, there: Bool[np.ndarray, " time"], world: int, n: int) -> int:
    """How many times a foot stood there, at places `APART` from each other."""
    rows = np.flatnonzero(there)
    places = trace.place[rows, world, n, :2]
    lifted = np.diff(rows) > 1
    return int(1 + (np.linalg.norm(np.diff(places, axis=0), axis=1) > APART)[lifted].sum())
