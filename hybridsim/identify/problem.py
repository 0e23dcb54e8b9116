"""A fit as numbers: from a point of the unit cube to the errors of free-running replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.actuators.loop import POSITION_LOOP
from hybridsim.actuators.parameters import drive_matrix
from hybridsim.identify.path import BodyPath, body_path, drive_paths
from hybridsim.identify.rollout import DrivePath, rollout
from hybridsim.parameters import Parameter, ParameterSpace
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import Selection

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


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything a candidate is judged on; plain arrays, so that it travels to worker processes.

    Attributes:
        robot: the design.
        selection: what is searched, what is held.
        body: the rigid body along the logs.
        paths: one a drive.
        measured: [row, drive] as logged, NaN where missing [rad].
        weights: of every log in the cost; they add up to 1.
        timestep: longest step of a rollout [s].
        plane: whether the ground is there.
    """

    robot: Robot
    selection: Selection
    body: BodyPath
    paths: Sequence[DrivePath]
    measured: Float[np.ndarray, "row drive"]
    weights: Float[np.ndarray, " log"]
    timestep: float
    plane: bool

    @property
    def space(self) -> ParameterSpace:
        """What is searched."""
        return self.selection.space

    @property
    def joints(self) -> tuple[str, ...]:
        """The drives' joints, in the order of `paths`."""
        return tuple(drive.joint for drive in self.robot.drives)

    def entries_of(self, drive: int) -> list[int]:
        """Entries of the space that only this drive feels."""
        prefix = f"drive.{self.joints[drive]}."
        members = self.selection.members
        return [
            k
            for k, name in enumerate(self.space.names)
            if all(member.startswith(prefix) for member in members[name])
        ]

    def shared_entries(self) -> list[int]:
        """Entries that several drives feel: links, the world, shared drive values."""
        own = {k for drive in range(len(self.paths)) for k in self.entries_of(drive)}
        return [k for k in range(len(self.space)) if k not in own]

    def values(self, point: Float[np.ndarray, " parameter"]) -> dict[str, float]:
        """Every parameter's value at a point of the unit cube."""
        return self.selection.values(point)

    def simulate(
        self, drive: int, values: Mapping[str, float]
    ) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, " row"]]:
        """Encoder angle [rad] and load effort [N*m] of one drive along every log."""
        path = self.paths[drive]
        column = self.robot.joint_names.index(self.joints[drive])
        factors = self.body.inertials(self.robot, values)
        load, slope = self.body.load[column] @ factors, self.body.slope[column] @ factors
        if self.body.links:
            ratios = self.body.mass_ratios(self.robot, values)
            path = path._replace(inertia=self.body.inertia[column] @ ratios)
        ground = (values["world.plane_height"], values["world.plane_stiffness"])
        if not self.plane:
            ground = (-1e9, 0.0)
        parameters = drive_matrix([self.joints[drive]], values)[0]
        out, loads = np.empty(len(path.time)), np.empty(len(path.time))
        rollout(parameters, POSITION_LOOP, path, load, slope, ground, self.timestep, out, loads)
        return out, loads

    def errors(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """Simulated minus measured [rad], 0 where nothing was measured."""
        out, _ = self.simulate(drive, values)
        error = out - self.measured[:, drive]
        return np.where(np.isfinite(self.measured[:, drive]), error, 0.0)

    def per_log(self, error: Float[np.ndarray, " row"], drive: int) -> Float[np.ndarray, " log"]:
        """Mean absolute error of every log."""
        first = self.body.first
        counts = np.add.reduceat(np.isfinite(self.measured[:, drive]).astype(float), first[:-1])
        return np.add.reduceat(np.abs(error), first[:-1]) / np.maximum(counts, 1.0)


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
