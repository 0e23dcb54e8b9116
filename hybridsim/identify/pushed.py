"""A fit of drives that push: their free runs along measured motion against measured efforts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hybridsim.actuators import drive_matrix, loop_of
from hybridsim.identify.fitting import Fitting
from hybridsim.robot import Robot
from hybridsim.simulator.along import Along
from hybridsim.simulator.pushed import MotionPath, motion_path, offsets_of, run_path
from hybridsim.study import Selection

SOFT = 2e-3  # chosen, because torque sensors in drives resolve about that; share of the stall effort
SETTLED = 0.1
"""For which the first row of a piece out of a log is held before it [s]."""
GAINS = ("position_gain", "velocity_gain", "integral_gain")
"""Shares of the stall effort; searched as shares of its prior, see `true_gains`."""


@dataclass(frozen=True, kw_only=True)
class PushedProblem(Fitting):
    """Drives along the measured motion of their joints, to efforts [N*m].

    Attributes:
        paths: one a drive.
    """

    paths: Sequence[MotionPath]

    @property
    def first(self) -> Int[np.ndarray, " _"]:
        """Row at which each log starts, and the end."""
        return next(path.first for path in self.paths if len(path.time))

    def soft(self, drive: int) -> float:
        """About what a torque sensor resolves [N*m]."""
        return SOFT * self.robot.drives[drive].stall_effort.value

    def predicted(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """What would be measured of one drive's effort [N*m]."""
        own = true_gains(self.robot, values)
        p = drive_matrix([self.joints[drive]], own)[0]
        mode = loop_of(self.robot.drives[drive])
        return run_path(p, mode, self.paths[drive], self.timestep)[0] + offsets_of(self.robot, own)[drive]

    def taken(self, pieces: list[np.ndarray], weights: np.ndarray) -> PushedProblem:
        """The same on these pieces of rows only, a log each; the first row of each is held before it."""
        held = round(SETTLED / self.timestep)
        rows = np.concatenate([np.concatenate([np.repeat(piece[:1], held), piece]) for piece in pieces])
        first = np.concatenate([[0], np.cumsum([held + len(piece) for piece in pieces])])
        measured = self.measured[rows]
        for start in first[:-1]:
            measured[start : start + held] = np.nan
        paths = [_rows(path, rows)._replace(first=first) for path in self.paths]
        return replace(self, paths=paths, measured=measured, weights=weights)

    def lean(self, drive: int) -> PushedProblem:
        """The same with nothing in it but what one drive's runs read, to travel light."""
        paths = [
            path if d == drive else _rows(path, np.zeros(0, np.int64)) for d, path in enumerate(self.paths)
        ]
        return replace(self, paths=paths)


def _rows(path: MotionPath, rows: np.ndarray) -> MotionPath:
    if not len(path.time):
        return path
    return path._replace(**{name: getattr(path, name)[rows] for name in path._fields if name != "first"})


def pushed_problem(
    robot: Robot, selection: Selection, logs: Sequence[Along], timestep: float
) -> PushedProblem:
    """Lay out the fit."""
    return PushedProblem(
        robot=robot,
        selection=selection,
        paths=[motion_path(logs, drive) for drive in range(len(robot.drives))],
        measured=np.concatenate([log.effort for log in logs]),
        weights=np.full(len(logs), 1.0 / len(logs)),
        timestep=timestep,
    )


def true_gains(robot: Robot, values: Mapping[str, float]) -> dict[str, float]:
    """Values as drives have them: searched gains are shares of the stall effort in robot.toml.

    Gains then say efforts by themselves, and are known though no log reaches the stall effort.
    """
    found = dict(values)
    for drive in robot.drives:
        own = f"drive.{drive.joint}."
        ratio = drive.stall_effort.value / values[own + "stall_effort"]
        for gain in GAINS:
            found[own + gain] *= ratio
    return found
