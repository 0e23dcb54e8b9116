"""Everything that one world of a passive body needs, as arrays, for many worlds at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.parameters import law_of
from hybridsim.contacts.points import Patches, Points, endless
from hybridsim.passive.parameters import body_size
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import Tree, tree_bodies, tree_of
from hybridsim.robot import Robot
from hybridsim.simulator.body import COM, bare_body, body_of
from hybridsim.simulator.solids import NO_SOLIDS, Solids, solids_in, solids_of
from hybridsim.simulator.solids import stacked as solids_stacked
from hybridsim.simulator.stacked import Stacked, stacked, world_in
from hybridsim.simulator.tool_path import NO_ROD, Rod, rod_of
from hybridsim.simulator.touch_points import points_of

CENTRES = tuple(f".{axis}" for axis in COM)
"""How names of centres of mass end."""


class Setups(NamedTuple):
    """Worlds of one robot stacked: [world ...]."""

    worlds: Stacked
    """Robots and ground."""
    gravity: np.ndarray
    """[world 3] [m/s^2]."""
    lag: np.ndarray
    """[world] by which measured velocities lag their stamps [s]."""
    scale: np.ndarray
    """[world 2] measured length over true length, measured time over true time [1]."""
    solids: Solids
    """What a tool may touch; none of robots without one."""
    rod: Rod
    """The tool; one row of its law a world."""


def setups_of(robot: Robot, values: Sequence[Mapping[str, float]]) -> Setups:
    """Worlds of a robot under parameters, one world a set of values.

    Worlds that differ in centres of mass alone are made once, because searches ask for many of those.
    """
    known: dict[tuple[float, ...], tuple[Tree, Points, Patches, Solids, Rod]] = {}
    model, found = bare_body(robot), []
    centred = not any(joint.kind == "fixed" for joint in model.joints)  # then a body is one link
    for own in values:
        key = tuple(v for name, v in own.items() if not (centred and name.endswith(CENTRES)))
        if key not in known:
            known[key] = _made(robot, own)
        found.append(known[key])
    trees, points, patches, solids, rods = zip(*found, strict=True)
    worlds = stacked(trees, points, patches)
    if centred:
        worlds = worlds._replace(com=_centres(model, values))
    return Setups(
        worlds=worlds,
        gravity=np.array([[0.0, 0.0, -v["world.gravity"]] for v in values]),
        lag=np.array([v["data.velocity_lag"] for v in values]),
        scale=np.array([[v["data.length_scale"], v["data.time_scale"]] for v in values]),
        solids=solids_stacked(solids),
        rod=rods[0]._replace(law=np.concatenate([rod.law for rod in rods])),
    )


def _centres(model: RigidModel, values: Sequence[Mapping[str, float]]) -> np.ndarray:
    """[world body 3] centres of mass [m], the model's where values do not name them."""
    known = [
        (f"link.{name}.{axis}", float(c))
        for name in tree_bodies(model)
        for axis, c in zip(COM, model.link(name).com, strict=True)
    ]
    flat = np.array([[own.get(name, c) for name, c in known] for own in values])
    return flat.reshape(len(values), -1, 3)


def _made(robot: Robot, values: Mapping[str, float]) -> tuple[Tree, Points, Patches, Solids, Rod]:
    """One world."""
    model = body_of(robot, values, {})
    tree = tree_of(model, [joint.urdf_joint for joint in robot.joints])
    points, ground = points_of(model, values, robot.touch), endless(law_of(values), values["ground.height"])
    if robot.tool is None:
        return tree, points, ground, NO_SOLIDS, NO_ROD
    solids = solids_of(model, values, robot.touch)
    return tree, points, ground, solids, rod_of(robot.tool, law_of(values, "tool"))


def deepest(robot: Robot) -> float:
    """How far inside the ground a log may start [m]: a tenth of the body; more would throw it."""
    return 0.1 * body_size(bare_body(robot))


@njit(cache=True, nogil=True)
def world_of(setups: Setups, w: int) -> tuple[Tree, Points, Patches]:
    """One world's robot, points and ground."""
    return world_in(setups.worlds, w)


@njit(cache=True, nogil=True)
def tool_of(setups: Setups, w: int) -> tuple[Solids, Rod]:
    """One world's solids and what pushes them."""
    rod = setups.rod
    return solids_in(setups.solids, w), Rod(rod.radius, rod.half, rod.round, rod.offset, rod.law[w : w + 1])
