"""What a log says about a unit's context: how far its replay is off, and how that changes with each entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import SimulationSettings
from hybridsim.context.corrected import corrected
from hybridsim.context.space import ContextSpace, Point
from hybridsim.identify.problem import Problem, new_problem
from hybridsim.jobs import map_jobs
from hybridsim.networks.inference import Networks
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs

STEP = 0.25
"""Of a typical change; chosen, because stick and slip make the cost rough below that."""
GUESS = (4e-3, 50.0, 0.05**2)
"""Deviation [rad], memory [samples] and wander [typical changes squared]; chosen, because small servos' are
like that."""
BEND = 3.0
"""Standard deviations from which on an error counts by its size and no more by its square."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How far replays are usually off.

    Attributes:
        deviation: of a drive's error [rad].
        memory: samples of a drive's error that say as much as one that is independent.
        wander: variance of each entry from log to log of one unit [typical changes squared].
    """

    deviation: Float[np.ndarray, " drive"]
    memory: Float[np.ndarray, " drive"]
    wander: Float[np.ndarray, " entry"]

    @classmethod
    def guessed(cls, drives: int, entries: int) -> Noise:
        """Where nothing is known yet, for a first fit, whose errors then give a better one."""
        deviation, memory, wander = GUESS
        return cls(
            deviation=np.full(drives, deviation),
            memory=np.full(drives, memory),
            wander=np.full(entries, wander),
        )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Of one log, about the context that its replay had.

    Attributes:
        log_id: the log's id.
        pull: in which direction the context would rather be, and how hard.
        information: how sharply it says so.
        misfit: mean square of the errors over what is usual, the worst drive's.
        error: mean absolute error of every drive [rad].
    """

    log_id: str
    pull: Point
    information: Float[np.ndarray, "entry entry"]
    misfit: float
    error: Float[np.ndarray, " drive"]

    def wandered(self, wander: Float[np.ndarray, " entry"]) -> Evidence:
        """The same about a unit that is not quite the same in every log."""
        blur = np.linalg.inv(np.eye(len(self.pull)) + self.information * wander)
        information = blur @ self.information
        return Evidence(
            log_id=self.log_id,
            pull=blur @ self.pull,
            information=0.5 * (information + information.T),
            misfit=self.misfit,
            error=self.error,
        )


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """Replays logs of a robot at any context, each drive along the measured path of the others.

    Attributes:
        robot: the design.
        space: of contexts.
        settings: of the worlds.
        networks: of the reference, which serve every unit.
    """

    robot: Robot
    space: ContextSpace
    settings: SimulationSettings
    networks: Sequence[Networks]

    def problem(self, logs: Sequence[LogInputs]) -> Problem:
        """The rigid body along the logs, once for all contexts."""
        step, plane = self.settings.physics_timestep_s, self.settings.plane
        problem = new_problem(self.robot, self.space.selection, logs, timestep=step, plane=plane)
        return corrected(problem, self.networks)


def errors_of(problem: Problem, space: ContextSpace, point: Point) -> Float[np.ndarray, "row drive"]:
    """Predicted minus measured at a context, 0 where nothing was measured [rad]."""
    values = space.values(point)
    drives = range(len(problem.paths))
    return np.stack(map_jobs(lambda d: problem.errors(d, values), list(drives), engine="threads"), 1)


def errors_apart(
    problem: Problem, space: ContextSpace, points: Sequence[Point]
) -> Float[np.ndarray, "row drive"]:
    """The same with a context for each log [rad]."""
    out = np.empty_like(problem.measured)
    for n, (start, end) in enumerate(zip(problem.first[:-1], problem.first[1:], strict=True)):
        out[start:end] = errors_of(problem, space, points[n])[start:end]
    return out


def slopes_of(
    problem: Problem,
    space: ContextSpace,
    point: Point,
    entries: Sequence[int],
    error: Float[np.ndarray, "row drive"] | None = None,
) -> Float[np.ndarray, "row drive entry"]:
    """Change of the errors [rad per typical change] with some entries, 0 with others.

    A drive is replayed only for its own entries and for those that all drives feel.

    Args:
        problem: the logs.
        space: of contexts.
        point: where.
        entries: that are moved.
        error: of the replays at the point [rad], where steps to one side will do; None steps to both.
    """
    low, high = space.bounds()
    out = np.zeros((len(problem.measured), len(problem.paths), len(space)))
    jobs = [
        (k, drive)
        for k in entries
        for drive in range(len(problem.paths))
        if space.entries[k].joint in ("", problem.joints[drive])
    ]

    def slope(job: tuple[int, int]) -> np.ndarray:
        k, drive = job
        up, down = min(point[k] + STEP, high[k]), max(point[k] - STEP, low[k])
        if error is None:
            return (moved(k, drive, up) - moved(k, drive, down)) / (up - down)
        there = up if up > point[k] else down
        return (moved(k, drive, there) - error[:, drive]) / (there - point[k])

    def moved(k: int, drive: int, value: float) -> np.ndarray:
        there = point.copy()
        there[k] = value
        return problem.errors(drive, space.values(there))

    for (k, drive), found in zip(jobs, map_jobs(slope, jobs, engine="threads"), strict=True):
        out[:, drive, k] = found
    return out


def softened(error: Float[np.ndarray, "row drive"], noise: Noise) -> Float[np.ndarray, "row drive"]:
    """Errors in standard deviations, large ones pulled in so that one bad second does not decide."""
    scaled = error / noise.deviation
    return scaled / np.sqrt(1.0 + (scaled / BEND) ** 2)


def losses(error: Float[np.ndarray, "row drive"], noise: Noise) -> Float[np.ndarray, "row drive"]:
    """What errors cost: their squares in standard deviations, from BEND on their sizes.

    loss = 2 BEND^2 (sqrt(1 + (error / deviation / BEND)^2) - 1), whose slope is twice what `softened` gives
    """
    return 2.0 * BEND**2 * (np.sqrt(1.0 + (error / noise.deviation / BEND) ** 2) - 1.0)


def misfits(problem: Problem, space: ContextSpace, point: Point, noise: Noise) -> Float[np.ndarray, " log"]:
    """Of every log at a context: mean square of its errors over what is usual, the worst drive's."""
    return misfits_of(problem, errors_of(problem, space, point), noise).max(axis=1)


def misfits_of(
    problem: Problem, error: Float[np.ndarray, "row drive"], noise: Noise
) -> Float[np.ndarray, "log drive"]:
    """The same of errors that are known [rad], drive by drive."""
    soft = softened(error, noise) ** 2
    seen = np.isfinite(problem.measured)
    starts = problem.first[:-1]
    total, counted = np.add.reduceat(soft, starts), np.add.reduceat(seen.astype(float), starts)
    return total / np.maximum(counted, 1.0)


def evidence_of(
    problem: Problem,
    space: ContextSpace,
    point: Point,
    noise: Noise,
    ids: Sequence[str],
    *,
    slope: Float[np.ndarray, "row drive entry"] | None = None,
    error: Float[np.ndarray, "row drive"] | None = None,
) -> list[Evidence]:
    """What each log of a problem says at a context; slopes from close by, and errors there, may be given."""
    if error is None:
        error = errors_of(problem, space, point)
    if slope is None:
        slope = slopes_of(problem, space, point, range(len(space)), error)
    soft = softened(error, noise)
    weight = soft * noise.deviation / np.where(error == 0.0, 1.0, error)
    weight = np.where(error == 0.0, 1.0, weight)
    seen = np.isfinite(problem.measured)
    out = []
    for n, (start, end) in enumerate(zip(problem.first[:-1], problem.first[1:], strict=True)):
        rows = slice(start, end)
        scaled = slope[rows] / noise.deviation[None, :, None] / np.sqrt(noise.memory)[None, :, None]
        own = soft[rows] / np.sqrt(noise.memory)
        counted = np.maximum(seen[rows].sum(0), 1)
        out.append(
            Evidence(
                log_id=ids[n],
                pull=-np.einsum("rde,rd->e", scaled, own),
                information=np.einsum("rde,rd,rdf->ef", scaled, weight[rows], scaled),
                misfit=float(((soft[rows] ** 2).sum(0) / counted).max()),
                error=np.abs(error[rows]).sum(0) / counted,
            )
        )
    return out
