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
from hybridsim.simulator.solids import NO_SOLIDS, Solids, solids_in, solids_of, stacked
from hybridsim.simulator.tool_path import NO_ROD, Rod, rod_of
from hybridsim.simulator.touch_points import points_of


class Setups(NamedTuple):
    """Worlds of one robot stacked: what is the same for all first, then [world ...]."""

    shape: Tree
    """The first world's; only its joints' geometry is read."""
    point_body: np.ndarray
    area: np.ndarray
    point_embedding: np.ndarray
    point_share: np.ndarray
    surface_embedding: np.ndarray
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
    solids: Solids
    """What a tool may touch; none of robots without one."""
    rod: Rod
    """The tool; one row of its law a world."""


def setups_of(robot: Robot, values: Sequence[Mapping[str, float]]) -> Setups:
    """Worlds of a robot under parameters, one world a set of values."""
    known: dict[tuple[float, ...], tuple[Tree, Points, Patches, Solids, Rod]] = {}
    found = []
    for own in values:
        key = tuple(own.values())  # worlds that differ in nothing are made once
        if key not in known:
            known[key] = _made(robot, own)
        found.append((*known[key], own))
    trees, points, patches, solids, rods, own = zip(*found, strict=True)
    return Setups(
        shape=trees[0],
        point_body=points[0].body,
        area=patches[0].area,
        point_embedding=points[0].embedding,
        point_share=points[0].share,
        surface_embedding=patches[0].embedding,
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
        solids=stacked(solids),
        rod=rods[0]._replace(law=np.concatenate([rod.law for rod in rods])),
    )


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
    points = Points(
        setups.point_body,
        setups.point_position[w],
        setups.point_radius[w],
        setups.point_embedding,
        setups.point_share,
    )
    return tree, points, Patches(setups.area, setups.height[w], setups.law[w], setups.surface_embedding)


@njit(cache=True, nogil=True)
def tool_of(setups: Setups, w: int) -> tuple[Solids, Rod]:
    """One world's solids and what pushes them."""
    rod = setups.rod
    return solids_in(setups.solids, w), Rod(rod.radius, rod.half, rod.round, rod.offset, rod.law[w : w + 1])
