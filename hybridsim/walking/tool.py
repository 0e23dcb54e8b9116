"""Where links are in many postures of a robot, seen from its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.physics.merge import merge_fixed, place_links
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work, tree_bodies, tree_of
from hybridsim.physics.tree_kernel import place


class Tips:
    """Links' origins in the base's frame, URDF angles in."""

    def __init__(self, model: RigidModel, joints: Sequence[str], links: Sequence[str]) -> None:
        """Look up which bodies carry them; `model` is the URDF's, before any merge."""
        placed, root = place_links(model), model.link(model.root)
        # A fixed root may weigh nothing, and places do not ask for masses.
        merged = merge_fixed(model.with_link(replace(root, mass=1.0, inertia=np.eye(3))))
        bodies = tree_bodies(merged)
        self._body = np.array([bodies.index(placed[link].body) for link in links], np.int64)
        self._position = np.array([placed[link].pose.position for link in links], float).reshape(-1, 3)
        self._tree = tree_of(merged, joints)
        self._work = new_tree_work(len(self._tree.mass), len(joints))

    def places(self, position: Float[np.ndarray, "row joint"]) -> Float[np.ndarray, "row tip 3"]:
        """Of many postures [m]."""
        found = np.empty((len(position), len(self._body), 3))
        tip_places(self._tree, self._work, np.ascontiguousarray(position), self._body, self._position, found)
        return found


class Tool:
    """One link's origin in the base's frame, URDF angles in."""

    def __init__(self, model: RigidModel, joints: Sequence[str], link: str) -> None:
        """Look up which body carries it; `model` is the URDF's, before any merge."""
        self._tips = Tips(model, joints, [link])

    def places(self, position: Float[np.ndarray, "row joint"]) -> Float[np.ndarray, "row 3"]:
        """Of many postures [m]."""
        return self._tips.places(position)[:, 0]


@njit(cache=True, nogil=True)
def tip_places(
    tree: Tree, work: TreeWork, position: np.ndarray, body: np.ndarray, local: np.ndarray, found: np.ndarray
) -> None:
    """Write where points of bodies are, posture by posture [row tip 3]."""
    level = np.eye(3)
    for n in range(len(position)):
        place(tree, tree.com[0], level, position[n], work)
        for tip in range(len(body)):
            for i in range(3):
                found[n, tip, i] = work.origin[body[tip], i]
                for k in range(3):
                    found[n, tip, i] += work.rotation[body[tip], i, k] * local[tip, k]
