"""Inclination that Madgwick's and Mahony's filters get from drawn readings, beside that from real ones.

    .venv/bin/python -m pip install -c constraints.txt -e '.[bench]'
    .venv/bin/python -m tests.benchmarks.imu_filters STORE [CALIBRATION]

STORE holds logs of the sensor (`hybridsim ingest ../shared/data/imu_broad --robot imu_broad --store STORE`);
frames are fitted on the other trials of each mounting. Filters are those of the package ahrs, gyroscope and
accelerometer only: Madgwick with gain 0.033, Mahony with k_P 0.5, k_I 0. The truth is the tracked pose. About
four minutes on one core.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from ahrs.filters import Madgwick, Mahony
from jaxtyping import Float
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hybridsim.sensing.gyro import axes_of
from hybridsim.sensing.turns import turned
from tests.benchmarks.imu_drawn import Trial, trials_of

NONE = 1e-12
"""Instead of 0, which ahrs refuses."""
FILTERS = {
    "Madgwick 0.033": lambda gyr, acc, rate: Madgwick(gyr=gyr, acc=acc, frequency=rate, gain=0.033).Q,
    "Mahony 0.5, 0": lambda gyr, acc, rate: Mahony(gyr=gyr, acc=acc, frequency=rate, k_P=0.5, k_I=NONE).Q,
}


def up_by_pose(trial: Trial) -> Float[np.ndarray, "row 3"]:
    """The vertical in the sensor's axes, by the tracked pose and the gravity found with it."""
    recording, frame = trial.given.log.recording, trial.frame
    pose = turned(recording.orientation, trial.given.log.lag - frame.rate_delay / recording.period)
    body = np.einsum("jni,i->nj", axes_of(pose), -frame.gravity / np.linalg.norm(frame.gravity))
    left, _, right = np.linalg.svd(frame.rate)
    return body @ (left @ right)


def up_by_filter(readings: Float[np.ndarray, "row 6"], rate: float, name: str) -> Float[np.ndarray, "row 3"]:
    """The vertical in the sensor's axes, as a filter has it; ahrs turns from sensor to world, w first."""
    w, x, y, z = FILTERS[name](readings[:, :3], readings[:, 3:], rate).T
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z], axis=1)


def errors(trial: Trial, name: str) -> dict[str, Float[np.ndarray, " row"]]:
    """Angle between both verticals [deg], where the pose is believed."""
    rate, truth = 1.0 / trial.given.log.recording.period, up_by_pose(trial)
    used = trial.given.motion | trial.given.rest
    found = {}
    for key, readings in (("real", trial.read), ("drawn", trial.drawn), ("ideal", trial.ideal)):
        along = np.cross(up_by_filter(readings, rate, name), truth)
        found[key] = np.rad2deg(np.arcsin(np.clip(np.linalg.norm(along, axis=1), 0.0, 1.0)))[used]
    return found


def rms(values: Float[np.ndarray, " row"]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def main(store: Path, reference: str) -> None:
    """Print a row a kind of motion and filter."""
    trials = trials_of(store, reference)[1]
    jobs = [(trial, name) for trial in trials for name in FILTERS]
    kinds: dict[tuple[str, str], list[dict[str, np.ndarray]]] = defaultdict(list)
    for trial, name in track(jobs, "filtering", console=Console(stderr=True)):
        kinds[name, "held out" if not trial.seen else "seen"].append(found := errors(trial, name))
        kinds[name, trial.kind].append(found)
        kinds[name, "all"].append(found)
    table = Table(
        "filter", "motion", "trials", "real [deg]", "drawn / real", "ideal / real", "difference / real"
    )
    for (name, kind), found in sorted(kinds.items()):
        real, drawn, ideal = (np.concatenate([one[k] for one in found]) for k in ("real", "drawn", "ideal"))
        row = [rms(real), rms(drawn) / rms(real), rms(ideal) / rms(real), rms(drawn - real) / rms(real)]
        table.add_row(name, kind, str(len(found)), *(f"{value:.3f}" for value in row))
    Console(width=120).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "imu_broad")
