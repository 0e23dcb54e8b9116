"""How well gradient-boosted trees tell drawn readings of an inertial sensor from real ones.

    .venv/bin/python -m pip install -c constraints.txt -e '.[bench]'
    .venv/bin/python -m tests.benchmarks.imu_trees STORE [CALIBRATION]

STORE holds logs of the sensor, as for `imu_filters`. Trees (scikit-learn's, histograms) see statistics of
windows of 0.5 s: sizes, shapes, bands, correlations of all six channels; real and drawn are both dithered by
one count, so that no comb tells them apart. Judged by the area under the curve on trials that the trees
never saw: `paired`, both readings of every trial, five folds of whole trials; `disjoint`, drawn readings of
one half of the trials against real ones of the other, two trials held out in turn, the mean over four
halvings; `real`, the same with real readings on both sides: what chance looks like here. About five minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.signal import butter, sosfiltfilt, welch
from scipy.stats import kurtosis, skew
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tests.benchmarks.imu_drawn import Trial, trials_of

WINDOW_S, BELOW_HZ = 0.5, 50.0
FOLDS, HALVINGS = 5, 4
EDGES_HZ = (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 70.0, 90.0, 120.0, 143.0)

Windows = Float[np.ndarray, "window row 6"]
Stats = Float[np.ndarray, "window feature"]


def windows_of(
    trial: Trial, readings: Float[np.ndarray, "row 6"], when: str, low: bool, steps: np.ndarray
) -> Windows:
    """Windows that lie wholly in motion, at rest, or in either, of dithered readings."""
    period = trial.given.log.recording.period
    random = np.random.default_rng(len(readings))
    values = readings + steps * random.uniform(-0.5, 0.5, readings.shape)
    if low:
        sos = butter(8, BELOW_HZ, fs=1.0 / period, output="sos")
        values = sosfiltfilt(sos, values, axis=0)
    rows: Bool[np.ndarray, " row"] = {
        "motion": trial.given.motion,
        "rest": trial.given.rest,
        "all": trial.given.motion | trial.given.rest,
    }[when]
    length = round(WINDOW_S / period)
    count = len(values) // length
    used = rows[: count * length].reshape(count, length).all(axis=1)
    return values[: count * length].reshape(count, length, 6)[used]


def statistics(windows: Windows, period: float, low: bool) -> Stats:
    """Sizes, shapes, bands and correlations."""
    still = windows - windows.mean(axis=1, keepdims=True)
    steps, bends = np.diff(still, axis=1), np.diff(still, 2, axis=1)
    size = still.std(axis=1) + 1e-9
    frequency, power = welch(still, 1.0 / period, nperseg=still.shape[1], axis=1)
    top = BELOW_HZ if low else 0.5 / period
    bands = [
        np.log(power[:, (frequency >= a) & (frequency < min(b, top))].sum(axis=1) + 1e-12)
        for a, b in pairwise(EDGES_HZ)
        if a < top - 1.0
    ]
    scaled = still / size[:, None]
    likeness = np.einsum("wri,wrj->wij", scaled, scaled) / still.shape[1]
    rough = steps / (steps.std(axis=1, keepdims=True) + 1e-12)
    rough_likeness = np.einsum("wri,wrj->wij", rough, rough) / steps.shape[1]
    pairs = np.triu_indices(6, 1)
    parts = [
        np.log(size),
        np.log(np.ptp(still, axis=1) + 1e-9),
        np.log(steps.std(axis=1) + 1e-9),
        np.log(bends.std(axis=1) + 1e-9),
        np.log(np.abs(steps).max(axis=1) + 1e-9),
        steps.std(axis=1) / size,
        bends.std(axis=1) / (steps.std(axis=1) + 1e-9),
        skew(still, axis=1),
        kurtosis(still, axis=1),
        kurtosis(steps, axis=1),
        (np.diff(np.sign(steps), axis=1) != 0).mean(axis=1),
        *bands,
        likeness[:, *pairs],
        rough_likeness[:, *pairs],
    ]
    return np.concatenate(parts, axis=1)


def told_apart(tables: Sequence[Stats], label: Sequence[int], fold: Sequence[int]) -> float:
    """Area under the curve, every fold held out in turn."""
    data, what = np.concatenate(tables), np.repeat(label, [len(one) for one in tables])
    folds: Int[np.ndarray, " window"] = np.repeat(fold, [len(one) for one in tables])
    share = np.full(len(data), np.nan)
    for k in np.unique(folds):
        trees = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08, random_state=0)
        trees.fit(data[folds != k], what[folds != k])
        share[folds == k] = trees.predict_proba(data[folds == k])[:, 1]
    return float(roc_auc_score(what, share))


def paired(real: Sequence[Stats], drawn: Sequence[Stats]) -> float:
    """Both readings of every trial."""
    fold = [n % FOLDS for n in range(len(real))]
    return told_apart([*real, *drawn], [0] * len(real) + [1] * len(drawn), fold * 2)


def disjoint(real: Sequence[Stats], other: Sequence[Stats]) -> float:
    """One kind of one half of the trials against the other kind of the rest."""
    found = []
    for seed in range(HALVINGS):
        place = np.random.default_rng(seed).permutation(len(real)).tolist()
        mixed = [other[n] if k % 2 else real[n] for k, n in enumerate(place)]
        found.append(told_apart(mixed, [k % 2 for k in range(len(real))], [k // 2 for k in range(len(real))]))
    return float(np.mean(found))


def main(store: Path, reference: str) -> None:
    """Print a row a band and kind of rows."""
    model, trials = trials_of(store, reference)
    period, steps = model.period, model.codes.steps
    table = Table("band", "rows", "windows", "paired", "disjoint", "real")
    cases = [(low, when) for low in (True, False) for when in ("all", "motion", "rest")]
    for low, when in track(cases, "growing trees", console=Console(stderr=True)):

        def seen(chosen: Callable[[Trial], np.ndarray], low: bool = low, when: str = when) -> list[Stats]:
            return [statistics(windows_of(one, chosen(one), when, low, steps), period, low) for one in trials]

        real, drawn = seen(lambda one: one.read), seen(lambda one: one.drawn)
        some = [n for n in range(len(real)) if len(real[n]) > 5]
        real, drawn = [real[n] for n in some], [drawn[n] for n in some]
        row = [paired(real, drawn)]
        if when == "all":
            row += [disjoint(real, drawn), disjoint(real, real)]
        count = sum(map(len, real))
        table.add_row("below 50 Hz" if low else "full", when, str(count), *(f"{value:.3f}" for value in row))
    Console(width=120).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "imu_broad")
