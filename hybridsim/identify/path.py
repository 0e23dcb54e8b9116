"""What the rigid body does to each drive along recorded logs, computed once and linear in the inertials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.interpolate import interp1d

from hybridsim.identify.rollout import DrivePath
from hybridsim.parameters import Parameter
from hybridsim.physics import kernel
from hybridsim.physics.chain import chain_of, parameters_of, topological
from hybridsim.physics.edits import with_inertial
from hybridsim.physics.ground import REACH, ground_gap
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.model import Link, RigidModel
from hybridsim.robot import Robot
from hybridsim.simulator.body import COM, bare_body, body_of
from hybridsim.simulator.inputs import LogInputs

# Chosen, because between poses that close efforts and heights are straight to 1e-4 of their size [rad].
POSE_STEP = 0.03


@dataclass(frozen=True, kw_only=True)
class BodyPath:
    """The rigid body along all logs: rows of all logs one after the other.

    Attributes:
        first: row at which each log starts, and the end.
        links: identified ones as the URDF has them; four columns each: mass, mass times centre of mass.
        load: effort against gravity at the measured angle, per joint and column; the last column is the rest.
        slope: the same a quarter turn of the joint further, which is its rate with the joint.
        inertia: diagonal of the mass matrix, per joint and part: each identified link's at the URDF's mass,
            and the rest's [kg*m^2].
        gap: height of the lowest point over z = 0 [m].
        gap_rate: its rate with each joint [m/rad].

    What a lean problem left out has no rows.
    """

    first: np.ndarray
    links: tuple[Link, ...]
    load: Sequence[Float[np.ndarray, "_ column"]]
    slope: Sequence[Float[np.ndarray, "_ column"]]
    inertia: Sequence[Float[np.ndarray, "_ part"]]
    gap: Float[np.ndarray, " _"]
    gap_rate: Float[np.ndarray, "_ joint"]

    def inertials(self, values: Mapping[str, float]) -> Float[np.ndarray, " column"]:
        """The columns' factors: inertials of the identified links, and 1 for the rest."""
        found = []
        for link in self.links:
            mass = values.get(f"link.{link.name}.mass", link.mass)
            axes = zip(COM, link.com, strict=True)
            com = [values.get(f"link.{link.name}.{axis}", float(c)) for axis, c in axes]
            found += [mass, *(mass * np.array(com))]
        return np.array([*found, 1.0])

    def mass_ratios(self, values: Mapping[str, float]) -> Float[np.ndarray, " part"]:
        """Masses of the identified links over the URDF's, as their inertias scale, and 1 for the rest."""
        ratios = [values.get(f"link.{link.name}.mass", link.mass) / link.mass for link in self.links]
        return np.array([*ratios, 1.0])


def filled(measured: Float[np.ndarray, "time drive"]) -> Float[np.ndarray, "time drive"]:
    """Measured angles with holes filled by straight lines; only the rigid body's path uses them."""
    out = measured.copy()
    for column in out.T:
        bad = ~np.isfinite(column)
        if bad.any():
            column[bad] = np.interp(np.flatnonzero(bad), np.flatnonzero(~bad), column[~bad])
    return out


def body_path(
    robot: Robot, logs: Sequence[LogInputs], identified: Sequence[Parameter], plane: bool
) -> BodyPath:
    """Evaluate the rigid body along the measured path of every log.

    Args:
        robot: the design.
        logs: to follow.
        identified: parameters that will change; those of links decide the columns.
        plane: whether the ground matters.
    """
    links = tuple(dict.fromkeys(p.name.split(".")[1] for p in identified if p.name.startswith("link.")))
    first = np.concatenate([[0], np.cumsum([len(log.time_s) for log in logs])])
    joints = len(robot.joints)
    load = np.empty((joints, first[-1], 4 * len(links) + 1))
    slope, inertia = np.empty_like(load), np.empty((joints, first[-1], len(links) + 1))
    gap, gap_rate = np.empty(first[-1]), np.empty((first[-1], joints))
    for members in _same_body(logs):
        parts = _along(robot, [logs[k] for k in members], links, plane)
        for k, part in zip(members, parts, strict=True):
            rows = slice(first[k], first[k + 1])
            load[:, rows], slope[:, rows], inertia[:, rows], gap[rows], gap_rate[rows] = part
    return BodyPath(
        first=first,
        links=tuple(bare_body(robot).link(name) for name in links),
        load=list(load),
        slope=list(slope),
        inertia=list(inertia),
        gap=gap,
        gap_rate=gap_rate,
    )


def _same_body(logs: Sequence[LogInputs]) -> list[list[int]]:
    """Logs in groups that carry the same payload."""
    groups: dict[tuple, list[int]] = {}
    for k, log in enumerate(logs):
        groups.setdefault(tuple(sorted(log.constants.items())), []).append(k)
    return list(groups.values())


def poses(angle: Float[np.ndarray, "row joint"]) -> Int[np.ndarray, " pose"]:
    """Rows at which some joint has moved by POSE_STEP since the last one, and both ends."""
    kept = [0]
    for row in range(1, len(angle)):
        if np.abs(angle[row] - angle[kept[-1]]).max() > POSE_STEP:
            kept += [row - 1, row] if kept[-1] != row - 1 else [row]
    return np.unique([*kept, len(angle) - 1])


def _along(
    robot: Robot, logs: Sequence[LogInputs], links: Sequence[str], plane: bool
) -> list[tuple[np.ndarray, ...]]:
    """Per log: load, slope, inertia, gap and gap rate at every row."""
    model, bare = body_of(robot, {}, logs[0].constants), bare_body(robot)
    joints = [joint.urdf_joint for joint in robot.joints]
    sign = np.array([joint.sign for joint in robot.joints], float)
    offset = np.array([joint.offset.value for joint in robot.joints])
    everywhere = [filled(log.measured) * sign + offset for log in logs]
    rows = [poses(angle) for angle in everywhere]
    angle = np.concatenate([a[r] for a, r in zip(everywhere, rows, strict=True)])
    load, inertia = _gravity(model, bare, joints, angle, links)
    slope = np.empty_like(load)
    for j in range(len(joints)):
        turned = angle.copy()
        turned[:, j] += np.pi / 2 * sign[j]
        slope[j] = _gravity(model, bare, joints, turned, links)[0][j]
    gap, rate = np.full(len(angle), REACH), np.zeros_like(angle)
    if plane:
        gap, rate = ground_gap(with_hulls(model), joints, angle)
    turn = sign[:, None, None]
    parts, at = [], 0
    for log, kept in zip(logs, rows, strict=True):
        own = slice(at, at + len(kept))
        at += len(kept)
        place = np.interp(np.arange(len(log.time_s)), kept, np.arange(len(kept)))
        spread = lambda values, axis: interp1d(np.arange(values.shape[axis]), values, axis=axis)(place)  # noqa: E731, B023
        further = (everywhere[len(parts)] - spread(angle[own], 0)) * sign
        here = _further(spread(load[:, own] * turn, 1), spread(slope[:, own] * turn, 1), further)
        parts.append(
            (
                *here,
                spread(inertia[:, own], 1),
                spread(gap[own], 0),
                spread(rate[own] * sign, 0),
            )
        )
    return parts


def _further(
    load: Float[np.ndarray, "joint row column"],
    slope: Float[np.ndarray, "joint row column"],
    angle: Float[np.ndarray, "row joint"],
) -> tuple[Float[np.ndarray, "joint row column"], Float[np.ndarray, "joint row column"]]:
    """Load and slope where each joint itself is a little further: between poses it need not move evenly."""
    cos, sin = np.cos(angle).T[..., None], np.sin(angle).T[..., None]
    return cos * load + sin * slope, cos * slope - sin * load


def _gravity(
    model: RigidModel, bare: RigidModel, joints: Sequence[str], angle: np.ndarray, links: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Gravity's effort per joint, row and column, and the mass matrix's diagonal."""
    chain = chain_of(model, joints)
    still = np.zeros_like(angle)
    matrix = kernel.effort_regressor(chain, angle, still, still)
    nominal = parameters_of(chain)
    rest = nominal.copy()
    bodies = [joint.child for joint in topological(model)]
    columns = []
    for name in links:
        at = 10 * bodies.index(name)
        # A payload on an identified link stays in the rest.
        link = bare.link(name)
        own = np.array([link.mass, *(link.mass * link.com)])
        rest[at : at + 4] -= own
        columns.append(matrix[:, :, at : at + 4])
    columns.append((matrix @ rest)[:, :, None])
    load = np.concatenate(columns, axis=2).transpose(1, 0, 2)
    return load, _inertias(model, bare, joints, angle, links)


def _inertias(
    model: RigidModel, bare: RigidModel, joints: Sequence[str], angle: np.ndarray, links: Sequence[str]
) -> Float[np.ndarray, "joint row part"]:
    """Diagonal of the mass matrix: the share of each of the links without payload, and the rest."""
    whole, parts = _diagonal(model, joints, angle), []
    for name in links:
        without = with_inertial(bare, name, 0.0, np.zeros(3), np.zeros((3, 3)))
        parts.append(_diagonal(bare, joints, angle) - _diagonal(without, joints, angle))
    return np.stack([*parts, whole - sum(parts)], axis=2)


def _diagonal(model: RigidModel, joints: Sequence[str], angle: np.ndarray) -> Float[np.ndarray, "joint row"]:
    return np.diagonal(kernel.mass_matrix(chain_of(model, joints), angle), axis1=1, axis2=2).T


def drive_paths(robot: Robot, logs: Sequence[LogInputs], body: BodyPath) -> list[DrivePath]:
    """One path a drive, in robot.toml's order of drives."""
    order = list(robot.joint_names)
    paths = []
    for d, drive in enumerate(robot.drives):
        j = order.index(drive.joint)
        column = lambda name, d=d: np.concatenate([getattr(log, name)[:, d] for log in logs])  # noqa: E731
        paths.append(
            DrivePath(
                first=body.first,
                time=np.concatenate([log.time_s for log in logs]),
                command=column("command"),
                measured=np.concatenate([filled(log.measured)[:, d] for log in logs]),
                gain=column("gain"),
                voltage=column("voltage"),
                enabled=column("enabled"),
                inertia=np.ascontiguousarray(body.inertia[j].sum(axis=1)),
                gap=body.gap,
                gap_rate=np.ascontiguousarray(body.gap_rate[:, j]),
            )
        )
    return paths
