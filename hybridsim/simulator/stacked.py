"""Robots and ground of many worlds as stacked arrays, the form in which one compiled call steps them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.points import Patches, Points
from hybridsim.physics.tree import Tree


class Stacked(NamedTuple):
    """Worlds of one robot; what is the same for all is the first world's."""

    shape: Tree
    """Only its joints' geometry is read."""
    mass: np.ndarray
    """[world body] [kg]."""
    com: np.ndarray
    """[world body 3] [m]."""
    inertia: np.ndarray
    """[world body 3 3] [kg*m^2]."""
    points: Points
    """Only bodies, embeddings and shares are read."""
    position: np.ndarray
    """[world point 3] [m]."""
    radius: np.ndarray
    """[world point] [m]."""
    patches: Patches
    """Only areas and embeddings are read."""
    height: np.ndarray
    """[world patch] [m]."""
    law: np.ndarray
    """[world patch coefficient]."""


def stacked(trees: Sequence[Tree], points: Sequence[Points], patches: Sequence[Patches]) -> Stacked:
    """Worlds of one robot, which differ in masses, lengths and laws alone."""
    return Stacked(
        shape=trees[0],
        mass=np.array([tree.mass for tree in trees]),
        com=np.array([tree.com for tree in trees]),
        inertia=np.array([tree.inertia for tree in trees]),
        points=points[0],
        position=np.array([one.position for one in points]),
        radius=np.array([one.radius for one in points]),
        patches=patches[0],
        height=np.array([one.height for one in patches]),
        law=np.array([one.law for one in patches]),
    )


@njit(cache=True, nogil=True)
def world_in(worlds: Stacked, w: int) -> tuple[Tree, Points, Patches]:
    """One world's robot, points and ground."""
    s, p, g = worlds.shape, worlds.points, worlds.patches
    mass, com, inertia = worlds.mass[w], worlds.com[w], worlds.inertia[w]
    tree = Tree(s.parent, s.dof, s.sliding, s.axis, s.position, s.rotation, mass, com, inertia)
    points = Points(p.body, worlds.position[w], worlds.radius[w], p.embedding, p.share)
    return tree, points, Patches(g.area, worlds.height[w], worlds.law[w], g.embedding)
