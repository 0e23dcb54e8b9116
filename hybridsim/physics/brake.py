"""Dry friction without the solver: a stiff bristle a joint that bends, slides at its limit, and holds.

Bullet's velocity motors hold exactly, but twelve of them cost a quadruped more than all the rest of a step.
Explicit friction by the velocity's sign chatters. A bristle remembers where it stood, so it does neither:

    effort = -clip(stiffness z + damping v, limit),    z' = v, |z| <= limit / stiffness

Stiffness and damping are as large as the timestep allows. What is held gives a little: on ANYmal C at 400 Hz
less than 8 mrad per N*m (tests/physics/test_brake.py).
Source: Dahl 1968, "A solid friction model", with damping as in Canudas de Wit et al. 1995.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.physics import kernel
from hybridsim.physics.chain import chain_of
from hybridsim.physics.model import RigidModel

WorldJoint = Float[np.ndarray, "world joint"]
# In units of inertia / timestep^2 and inertia / timestep. An explicit step is stable while
# STIFFNESS + 2 DAMPING < 4; chosen, because a third less leaves room for the base and for poses not looked
# at, and because joints that move together, hence with more inertia, should still come to rest soon.
STIFFNESS, DAMPING = 0.4, 1.1
POSES = 256
"""Random poses in which the least inertia is looked for."""


@njit(cache=True, nogil=True)
def rub(
    limit: np.ndarray,
    velocity: np.ndarray,
    bend: np.ndarray,
    stiffness: np.ndarray,
    damping: np.ndarray,
    timestep: float,
    effort: np.ndarray,
) -> None:
    """Add friction to the efforts of all worlds and advance the bristles.

    Args:
        limit: [world joint] largest friction [N*m].
        velocity: [world joint] [rad/s].
        bend: [world joint] of the bristles, advanced [rad].
        stiffness: [world joint] [N*m/rad].
        damping: [world joint] [N*m*s/rad].
        timestep: [s].
        effort: [world joint] on the joints, changed [N*m].
    """
    for w in range(len(limit)):
        for j in range(limit.shape[1]):
            most = limit[w, j]
            furthest = most / stiffness[w, j]
            z = bend[w, j] + timestep * velocity[w, j]
            z = min(max(z, -furthest), furthest)
            pull = stiffness[w, j] * z + damping[w, j] * velocity[w, j]
            effort[w, j] -= min(max(pull, -most), most)
            bend[w, j] = z


class Rubbing(NamedTuple):
    """Bristles and what they rub with, for compiled loops."""

    friction: np.ndarray
    """[world joint] [N*m]."""
    bend: np.ndarray
    stiffness: np.ndarray
    damping: np.ndarray


class Brake:
    """Bristles of all worlds of a robot with a floating base."""

    def __init__(self, models: Sequence[RigidModel], joints: Sequence[str], timestep: float) -> None:
        """Straight bristles, as stiff as the lightest pose of each world's robot allows."""
        distinct = {id(model): model for model in models}
        found = {key: least_inertia(model, joints) for key, model in distinct.items()}
        inertia = np.array([found[id(model)] for model in models])
        self.timestep = timestep
        self.stiffness = STIFFNESS * inertia / timestep**2
        self.damping = DAMPING * inertia / timestep
        self.bend = np.zeros_like(inertia)

    def rub(self, limit: WorldJoint, velocity: WorldJoint, effort: WorldJoint) -> None:
        """Add friction of at most `limit` to the efforts, in place."""
        rub(limit, velocity, self.bend, self.stiffness, self.damping, self.timestep, effort)

    def reset(self, worlds: Sequence[int]) -> None:
        """Straighten some worlds' bristles."""
        self.bend[worlds] = 0.0


def least_inertia(model: RigidModel, joints: Sequence[str]) -> Float[np.ndarray, " joint"]:
    """Inertias D of single joints that the mass matrix M never falls below: M >= diag(D) [kg*m^2].

    The base is held for it: it is heavy against what moves.
    """
    if not joints:
        return np.zeros(0)
    low, high = np.array([_turns(model, name) for name in joints]).T
    poses = np.random.default_rng(0).uniform(low, high, (POSES, len(joints)))
    inverse = np.linalg.inv(kernel.mass_matrix(chain_of(model, joints), poses))
    alone = 1.0 / np.diagonal(inverse, axis1=1, axis2=2).max(axis=0)
    root = np.sqrt(alone)
    together = np.linalg.eigvalsh(root[:, None] * inverse * root)[:, -1].max()
    return alone / together


def _turns(model: RigidModel, name: str) -> tuple[float, float]:
    """A joint's limits, or half a turn to both sides."""
    joint = next(joint for joint in model.moving_joints if joint.name == name)
    low = -math.pi if joint.lower is None else joint.lower
    high = math.pi if joint.upper is None else joint.upper
    return max(low, -math.pi), min(high, math.pi)
