"""Every number of a proof, for scripts and for the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

from hybridsim.calibration import Calibration
from hybridsim.files import write_text
from hybridsim.proof.plan import Plan
from hybridsim.proof.validity import LEVELS, RESAMPLES, Number, validity
from hybridsim.proof.work import SIMULATORS, Training, best_of, checkpoints
from hybridsim.standin.label import SYNTHETIC, serial_of

MEASURES = {"falls": "1", "speed_error": "m/s", "return": "s"}
"""Of episodes on the stand-in, with their units; a return is at most the episode's length."""
OURS = "hybrid"
Scores = Mapping[str, Float[np.ndarray, "seed episode"]]
"""By measure, of one way to train."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A checkpoint's mean returns [s].

    Attributes:
        training: its way and seed.
        steps: that it had learned from.
        standin: on the stand-in.
        simulated: what each simulator told.
    """

    training: str
    steps: int
    standin: float
    simulated: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Results:
    """What came of it. SYNTHETIC, as all that comes from a stand-in.

    Attributes:
        serial: of the stand-in.
        calibration: id.
        plan: what was trained and played.
        ways: by way, means over trainings and episodes of each of MEASURES.
        ratios: by other way, speed error of the hybrid's policies over theirs.
        rows: checkpoints, in all.
        valid: by simulator, how well it orders them; `hybrid - nominal` holds differences.
    """

    serial: str
    calibration: str
    plan: Plan
    ways: Mapping[str, Mapping[str, Number]]
    ratios: Mapping[str, Number]
    rows: Sequence[Row]
    valid: Mapping[str, Mapping[str, Number]]

    def json(self) -> str:
        """For scripts."""
        data: dict[str, Any] = {"schema": 1, "synthetic": SYNTHETIC, "units": MEASURES}
        data |= {**asdict(self), "plan": self.plan.model_dump(mode="json", by_alias=True)}
        return json.dumps(data, indent=1)

    def save(self, path: Path) -> None:
        """Write the JSON."""
        write_text(path, self.json() + "\n")

    def __str__(self) -> str:
        lines = [SYNTHETIC, f"{self.serial}, calibration {self.calibration}"]
        for name, found in self.ways.items():
            lines.append(f"{name}-trained: falls {found['falls']}, speed error {found['speed_error']} m/s")
        lines += [f"speed error of {OURS} over {name}: {ratio}" for name, ratio in self.ratios.items()]
        for name, found in self.valid.items():
            lines.append(f"order of {len(self.rows)} policies by {name}: Spearman {found['spearman']}")
        return "\n".join(lines)


def results_of(
    plan: Plan,
    seed: int,
    calibration: Calibration,
    trainings: Sequence[Training],
    found: Sequence[Mapping[str, Any]],
) -> Results:
    """From what every checkpoint of every training played."""
    answers = iter(found)
    best: dict[str, list[Mapping[str, Any]]] = {}
    rows: list[Row] = []
    for training in trainings:
        paths = checkpoints(training)
        own = [next(answers) for _ in paths]
        best.setdefault(training.way, []).append(own[best_of(training)])
        rows += [row_of(training, path, one) for path, one in zip(paths, own, strict=True)]
    scores = {
        way: {name: np.array([one["standin"][name] for one in ones]) for name in MEASURES}
        for way, ones in best.items()
    }
    return Results(
        serial=serial_of(seed),
        calibration=calibration.id,
        plan=plan,
        ways={
            way: {name: (share_of if name == "falls" else mean_of)(one[name]) for name in MEASURES}
            for way, one in scores.items()
        },
        ratios={
            way: ratio_of(scores[OURS]["speed_error"], one["speed_error"])
            for way, one in scores.items()
            if way != OURS
        },
        rows=rows,
        valid=valid_of(rows),
    )


def row_of(training: Training, path: Path, found: Mapping[str, Any]) -> Row:
    """Means over a checkpoint's episodes."""
    return Row(
        training=f"{training.way}-{training.settings.seed}",
        steps=int(path.name),
        standin=float(np.mean(found["standin"]["return"])),
        simulated={name: float(np.mean(values)) for name, values in found["simulated"].items()},
    )


def valid_of(rows: Sequence[Row]) -> dict[str, dict[str, Number]]:
    """How well every simulator orders the checkpoints, and how much better the hybrid than the nominal."""
    real = np.array([row.standin for row in rows])
    names = sorted({row.training for row in rows})
    training = np.array([names.index(row.training) for row in rows])
    told = {name: np.array([row.simulated[name] for row in rows]) for name in SIMULATORS}
    found = {name: validity(told[name], real, training) for name in SIMULATORS}
    found[f"{OURS} - nominal"] = validity(told[OURS], real, training, told["nominal"])
    return found


def mean_of(scores: Float[np.ndarray, "seed episode"]) -> Number:
    """Mean, and its interval over trainings and episodes, both drawn with replacement."""
    low, high = np.quantile(_means(scores, 0), LEVELS)
    return Number(value=float(scores.mean()), low=float(low), high=float(high))


def share_of(fell: Float[np.ndarray, "seed episode"]) -> Number:
    """The same of ones and zeros; never narrower than Clopper and Pearson's, for whom 0 of 8 is not never."""
    found, exact = mean_of(fell), binomtest(int(fell.sum()), fell.size).proportion_ci(method="exact")
    return Number(value=found.value, low=min(found.low, exact.low), high=max(found.high, exact.high))


def ratio_of(ours: Float[np.ndarray, "seed episode"], theirs: Float[np.ndarray, "seed episode"]) -> Number:
    """Ratio of means; episodes are drawn alike on both sides, because they are the same ones."""
    low, high = np.quantile(_means(ours, 0) / _means(theirs, 1), LEVELS)
    return Number(value=float(ours.mean() / theirs.mean()), low=float(low), high=float(high))


def _means(scores: Float[np.ndarray, "seed episode"], side: int) -> Float[np.ndarray, " resample"]:
    """Of resamples; `side` draws other trainings, but the same episodes."""
    seeds, episodes = scores.shape
    rows = np.random.default_rng([side, 0]).multinomial(seeds, np.full(seeds, 1.0 / seeds), RESAMPLES)
    columns = np.random.default_rng(2).multinomial(episodes, np.full(episodes, 1.0 / episodes), RESAMPLES)
    return np.einsum("rs,se,re->r", rows / seeds, scores, columns / episodes)
