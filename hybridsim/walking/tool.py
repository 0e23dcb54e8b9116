"""Where a link is in many postures of a robot with a fixed base."""

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


class Tool:
    """A link's origin in the base's frame, URDF angles in."""

    def __init__(self, model: RigidModel, joints: Sequence[str], link: str) -> None:
        """Look up which body carries it; `model` is the URDF's, before any merge."""
        placed, root = place_links(model)[link], model.link(model.root)
        # A fixed root may weigh nothing, and places do not ask for masses.
        merged = merge_fixed(model.with_link(replace(root, mass=1.0, inertia=np.eye(3))))
        self._body = tree_bodies(merged).index(placed.body)
        self._position = np.array(placed.pose.position, float)
        self._tree = tree_of(merged, joints)
        self._work = new_tree_work(len(self._tree.mass), len(joints))

    def places(self, position: Float[np.ndarray, "row joint"]) -> Float[np.ndarray, "row 3"]:
        """Of many postures [m]."""
        found = np.empty((len(position), 3))
        tool_places(self._tree, self._work, np.ascontiguousarray(position), self._body, self._position, found)
        return found


@njit(cache=True, nogil=True)
def tool_places(
    tree: Tree, work: TreeWork, position: np.ndarray, body: int, local: np.ndarray, found: np.ndarray
) -> None:
    """Write where a point of a body is, posture by posture [row 3]."""
    level = np.eye(3)
    for n in range(len(position)):
        place(tree, tree.com[0], level, position[n], work)
        for i in range(3):
            found[n, i] = work.origin[body, i]
            for k in range(3):
                found[n, i] += work.rotation[body, i, k] * local[k]
