"""The variants that every score shows: command, nominal, delayed, identified, hybrid, blackbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import Progress
from hybridsim.replay.engine import Trajectory, batches, first_angle, replay_logs
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.sim import HybridSim

SIMULATED = ("nominal", "identified", "hybrid")
LONGEST_DELAY, DELAY_STEP = (
    0.4,
    0.005,
)  # chosen, because no servo of ours answers later; finer than a sample [s]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """Trajectories of one variant in the logs' order, and what they cost.

    Attributes:
        runs: one a log.
        simulated_s: time simulated [s].
        wall_s: time that one core was busy with it [s].
    """

    runs: list[Trajectory]
    simulated_s: float
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class ReplayJob:
    """A batch of logs for a worker process."""

    simulator: Callable[[int, dict[str, float]], HybridSim]
    logs: Sequence[LogInputs]
    name: str


def replay_variant(
    simulator: Callable[[int, dict[str, float]], HybridSim],
    logs: Sequence[LogInputs],
    *,
    name: str,
    engine: Engine = "loky",
    progress: Progress | None = None,
) -> Replayed:
    """Replay logs in batches over the cores.

    Args:
        simulator: builds worlds; travels to the workers.
        logs: what to replay.
        name: of the variant, for messages.
        engine: where the batches run.
        progress: called as progress(batches done, batches).
    """
    size = max(1, min(8, -(-len(logs) // (os.cpu_count() or 1))))
    jobs = [ReplayJob(simulator=simulator, logs=batch, name=name) for batch in batches(logs, size)]
    found: dict[str, Trajectory] = {}
    wall = 0.0
    for runs, seconds in map_jobs(_replay, jobs, engine=engine, progress=progress):
        found |= {run.log_id: run for run in runs}
        wall += seconds
    simulated = float(sum(log.time_s[-1] for log in logs))
    return Replayed(runs=[found[log.log_id] for log in logs], simulated_s=simulated, wall_s=wall)


def _replay(job: ReplayJob) -> tuple[list[Trajectory], float]:
    """Replay a batch; what a process does only once (compiling, reading meshes) is left out of its time."""
    replay_logs(job.simulator, [job.logs[0].rows(slice(2))])
    start = perf_counter()
    return replay_logs(job.simulator, job.logs), perf_counter() - start


@dataclass(frozen=True, kw_only=True)
class CalibratedSimulator:
    """Builds the worlds of one variant of a calibration; small enough to travel to worker processes."""

    calibration: Calibration
    variant: str
    robot: str

    def __call__(self, worlds: int, constants: dict[str, float]) -> HybridSim:
        """Worlds that carry a log's payload."""
        return HybridSim.load(
            self.calibration, worlds=worlds, variant=self.variant, constants=constants, robot=self.robot
        )


def delayed(log: LogInputs, delays: Float[np.ndarray, " drive"]) -> Float[np.ndarray, "time drive"]:
    """The command of a fixed time ago, the first measured angle before it arrives [rad]."""
    first = first_angle(log)
    out = np.empty_like(log.command)
    for d, delay in enumerate(delays):
        row = np.searchsorted(log.time_s, log.time_s - delay + 1e-9, side="right") - 1
        out[:, d] = np.where(row >= 0, log.command[np.maximum(row, 0), d], first[d])
    return out


def best_delays(logs: Sequence[LogInputs]) -> Float[np.ndarray, " drive"]:
    """The pure delay of every drive with the least mean absolute error over the logs [s]."""
    candidates = np.arange(0.0, LONGEST_DELAY, DELAY_STEP)
    drives = logs[0].command.shape[1]
    cost = np.zeros((len(candidates), drives))
    for log in logs:
        for k, delay in enumerate(candidates):
            cost[k] += np.nanmean(np.abs(delayed(log, np.full(drives, delay)) - log.measured), axis=0)
    return candidates[cost.argmin(axis=0)]


def by_signal(robot: Robot, values: Float[np.ndarray, " drive"]) -> dict[str, dict[str, float]]:
    """A number per drive as calibration.json keeps it: signal -> component -> number."""
    found: dict[str, dict[str, float]] = {}
    for drive, value in zip(robot.drives, values.tolist(), strict=True):
        found.setdefault(drive.measured, {})[drive.joint] = value
    return found


def per_drive(robot: Robot, values: Mapping[str, Mapping[str, float]], missing: float) -> np.ndarray:
    """The other way round."""
    return np.array([values.get(drive.measured, {}).get(drive.joint, missing) for drive in robot.drives])
