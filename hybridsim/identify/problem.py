"""A fit as numbers: from a point of the unit cube to the errors of free-running replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from hybridsim.actuators.loop import POSITION_LOOP
from hybridsim.actuators.parameters import drive_matrix
from hybridsim.identify.fitting import Fitting
from hybridsim.identify.path import BodyPath, body_path, drive_paths
from hybridsim.identify.rollout import DrivePath, rollout
from hybridsim.parameters import Parameter
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import Selection

SOFT = 2e-3  # chosen, because below about one encoder count errors are quantisation [rad]
WORLD = (
    Parameter(
        name="world.plane_height",
        value=-0.05,
        unit="m",
        low=-1.0,
        high=1.0,
        source="chosen: under a table-mounted arm's base; height of the ground over the base frame",
    ),
    Parameter(
        name="world.plane_stiffness",
        value=5e3,
        unit="N/m",
        low=100.0,
        high=1e6,
        scale="log",
        source="chosen: a table top and the arm's own give; stiffness of contact with the ground",
    ),
    Parameter(
        name="world.plane_friction",
        value=0.1,
        unit="1",
        low=0.0,
        high=2.0,
        source="chosen: smooth plastic on a table; factor on the link's own friction coefficient",
    ),
)


class DriveRun(NamedTuple):
    """One drive's free run along logs, rows of all logs one after the other."""

    angle: Float[np.ndarray, " row"]
    """As the encoder counts it [rad]."""
    load: Float[np.ndarray, " row"]
    """Effort that the body asks of the drive [N*m]."""
    speed: Float[np.ndarray, " row"]
    """Of the shaft [rad/s]."""


@dataclass(frozen=True, kw_only=True)
class Problem(Fitting):
    """Drives that carry the body along the measured path of the others, to angles [rad].

    Attributes:
        body: the rigid body along the logs.
        paths: one a drive.
        plane: whether the ground is there.
    """

    body: BodyPath
    paths: Sequence[DrivePath]
    plane: bool

    @property
    def first(self) -> Int[np.ndarray, " _"]:
        """Row at which each log starts, and the end."""
        return self.body.first

    def soft(self, drive: int) -> float:
        """About one encoder count [rad]."""
        return SOFT

    def predicted(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """Encoder angle [rad]."""
        return self.simulate(drive, values).angle

    def simulate(self, drive: int, values: Mapping[str, float]) -> DriveRun:
        """One drive along every log."""
        path = self.paths[drive]
        column = self.robot.joint_names.index(self.joints[drive])
        factors = self.body.inertials(values)
        load, slope = self.body.load[column] @ factors, self.body.slope[column] @ factors
        if self.body.links:
            ratios = self.body.mass_ratios(values)
            path = path._replace(inertia=self.body.inertia[column] @ ratios)
        ground = (values["world.plane_height"], values["world.plane_stiffness"])
        if not self.plane:
            ground = (-1e9, 0.0)
        parameters = drive_matrix([self.joints[drive]], values)[0]
        run = DriveRun(*np.empty((3, len(path.time))))
        rollout(parameters, POSITION_LOOP, path, load, slope, ground, self.timestep, *run)
        return run

    def taken(self, pieces: list[np.ndarray], weights: np.ndarray) -> Problem:
        """The same on these pieces of rows only, a log each, with these weights."""
        rows = np.concatenate(pieces)
        first = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        body = self.body
        changed = replace(
            body,
            first=first,
            load=[load[rows] if len(load) else load for load in body.load],
            slope=[slope[rows] if len(slope) else slope for slope in body.slope],
            inertia=[inertia[rows] if len(inertia) else inertia for inertia in body.inertia],
            gap=body.gap[rows],
            gap_rate=body.gap_rate[rows],
        )
        paths = [
            path._replace(
                first=first, **{name: getattr(path, name)[rows] for name in path._fields if name != "first"}
            )
            if len(path.time)
            else path
            for path in self.paths
        ]
        return replace(self, body=changed, paths=paths, measured=self.measured[rows], weights=weights)

    def lean(self, drive: int) -> Problem:
        """The same with nothing in it but what one drive's rollouts read, to travel light."""
        column = self.robot.joint_names.index(self.joints[drive])
        empty = [
            path._replace(**{name: getattr(path, name)[:0] for name in path._fields if name != "first"})
            for path in self.paths
        ]
        empty[drive] = self.paths[drive]
        body = replace(
            self.body,
            load=[load if j == column else load[:0] for j, load in enumerate(self.body.load)],
            slope=[slope if j == column else slope[:0] for j, slope in enumerate(self.body.slope)],
            inertia=[inertia if j == column else inertia[:0] for j, inertia in enumerate(self.body.inertia)],
            gap=self.body.gap[:0],
            gap_rate=self.body.gap_rate[:0],
        )
        return replace(self, body=body, paths=empty)


def new_problem(
    robot: Robot,
    selection: Selection,
    logs: Sequence[LogInputs],
    *,
    timestep: float,
    plane: bool,
) -> Problem:
    """Evaluate the body along the logs and lay out the fit."""
    searched = [p for p in selection.offered if _searched(selection, p.name)]
    body = body_path(robot, logs, searched, plane)
    return Problem(
        robot=robot,
        selection=selection,
        body=body,
        paths=drive_paths(robot, logs, body),
        measured=np.concatenate([log.measured for log in logs]),
        weights=np.full(len(logs), 1.0 / len(logs)),
        timestep=timestep,
        plane=plane,
    )


def _searched(selection: Selection, name: str) -> bool:
    return any(name in members for members in selection.members.values())
