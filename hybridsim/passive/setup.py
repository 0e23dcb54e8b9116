"""Everything that one world of a passive body needs, as arrays, for many worlds at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.parameters import law_of
from hybridsim.contacts.points import Patches, Points, endless
from hybridsim.passive.parameters import body_size
from hybridsim.physics.tree import Tree, tree_of
from hybridsim.robot import Robot
from hybridsim.simulator.body import bare_body, body_of
from hybridsim.simulator.touch_points import points_of


class Setups(NamedTuple):
    """Worlds of one robot stacked: what is the same for all first, then [world ...]."""

    shape: Tree
    """The first world's; only its joints' geometry is read."""
    point_body: np.ndarray
    area: np.ndarray
    mass: np.ndarray
    """[world body] [kg]."""
    com: np.ndarray
    """[world body 3] [m]."""
    inertia: np.ndarray
    """[world body 3 3] [kg*m^2]."""
    point_position: np.ndarray
    """[world point 3] [m]."""
    point_radius: np.ndarray
    """[world point] [m]."""
    height: np.ndarray
    """[world patch] [m]."""
    law: np.ndarray
    """[world patch coefficient]."""
    gravity: np.ndarray
    """[world 3] [m/s^2]."""
    lag: np.ndarray
    """[world] by which measured velocities lag their stamps [s]."""
    scale: np.ndarray
    """[world 2] measured length over true length, measured time over true time [1]."""


def setups_of(robot: Robot, values: Sequence[Mapping[str, float]]) -> Setups:
    """Worlds of a robot under parameters, one world a set of values."""
    known: dict[tuple[float, ...], tuple[Tree, Points, Patches]] = {}
    found = []
    for own in values:
        key = tuple(own.values())  # worlds that differ in nothing are made once
        if key not in known:
            known[key] = _made(robot, own)
        found.append((*known[key], own))
    trees, points, patches, own = zip(*found, strict=True)
    return Setups(
        shape=trees[0],
        point_body=points[0].body,
        area=patches[0].area,
        mass=np.array([tree.mass for tree in trees]),
        com=np.array([tree.com for tree in trees]),
        inertia=np.array([tree.inertia for tree in trees]),
        point_position=np.array([p.position for p in points]),
        point_radius=np.array([p.radius for p in points]),
        height=np.array([p.height for p in patches]),
        law=np.array([p.law for p in patches]),
        gravity=np.array([[0.0, 0.0, -v["world.gravity"]] for v in own]),
        lag=np.array([v["data.velocity_lag"] for v in own]),
        scale=np.array([[v["data.length_scale"], v["data.time_scale"]] for v in own]),
    )


def _made(robot: Robot, values: Mapping[str, float]) -> tuple[Tree, Points, Patches]:
    """One world."""
    model = body_of(robot, values, {})
    tree = tree_of(model, [joint.urdf_joint for joint in robot.joints])
    return tree, points_of(model, values), endless(law_of(values), values["ground.height"])


def deepest(robot: Robot) -> float:
    """How far inside the ground a log may start [m]: a tenth of the body; more would throw it."""
    return 0.1 * body_size(bare_body(robot))


@njit(cache=True, nogil=True)
def world_of(setups: Setups, w: int) -> tuple[Tree, Points, Patches]:
    """One world's robot, points and ground."""
    s = setups.shape
    tree = Tree(
        s.parent,
        s.dof,
        s.sliding,
        s.axis,
        s.position,
        s.rotation,
        setups.mass[w],
        setups.com[w],
        setups.inertia[w],
    )
    points = Points(setups.point_body, setups.point_position[w], setups.point_radius[w])
    return tree, points, Patches(setups.area, setups.height[w], setups.law[w])
