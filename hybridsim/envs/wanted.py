"""What a reference asks for at any phase, of many worlds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from jaxtyping import Float

from hybridsim.frames import product, rotated
from hybridsim.motion import Reference
from hybridsim.policy.observing import gravity_in_body, rows_at

ABOVE = 0.01
"""Over the reference, at which episodes begin, so that no foot begins in the ground [m]; chosen."""


class Placed(TypedDict, total=False):
    """Where bases begin, as `HybridSim.reset` takes it."""

    base_position: np.ndarray
    base_orientation: np.ndarray
    base_linear_velocity: np.ndarray
    base_angular_velocity: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The reference's state, a row a world; see `motion.reference.BaseReference` for the base's."""

    position: Float[np.ndarray, "world joint"]
    velocity: Float[np.ndarray, "world joint"]
    ends: Float[np.ndarray, "world tip 3"]
    height: Float[np.ndarray, " world"]
    orientation: Float[np.ndarray, "world 4"]
    base_velocity: Float[np.ndarray, "world 3"]
    spin: Float[np.ndarray, "world 3"]
    floating: bool

    def tilt_from(self, rotation: Float[np.ndarray, "world 3 3"]) -> Float[np.ndarray, " world"]:
        """Angle between gravity as bodies feel it and as the reference does [rad]."""
        cosine = (-rotation[:, 2] * gravity_in_body(self.orientation)).sum(axis=1)
        return np.arccos(np.clip(cosine, -1.0, 1.0))

    def placed(self, noise: Float[np.ndarray, "world _number"]) -> Placed:
        """Where bases begin: turned by the second number of `noise`, a little off in speed by the next."""
        if not self.floating:
            return {}
        yaw = 0.5 * np.pi * noise[:, 1]
        level = np.zeros_like(yaw)
        heading = np.stack([level, level, np.sin(yaw), np.cos(yaw)], axis=1)
        turn = product(heading, self.orientation)
        off = np.column_stack([0.05 * noise[:, 2:4], level])
        return {
            "base_position": np.column_stack([level, level, self.height + ABOVE]),
            "base_orientation": turn / np.linalg.norm(turn, axis=1, keepdims=True),
            "base_linear_velocity": rotated(turn, self.base_velocity) + off,
            "base_angular_velocity": rotated(turn, self.spin),
        }


class Wanted:
    """A reference's rows beside each other, and what lies between them."""

    def __init__(self, reference: Reference, ends: Float[np.ndarray, "row tip 3"]) -> None:
        """Lay the rows side by side; `ends` are the places of the robot's ends in its base's frame [m]."""
        self._rows, self._loops = reference.rows, reference.motion.loop
        base, count = reference.base, reference.rows
        self._floating = base is not None
        parts: dict[str, Any] = {
            "position": reference.position,
            "velocity": reference.velocity,
            "ends": ends.reshape(count, -1),
            "height": np.zeros((count, 1)) if base is None else base.height[:, None],
            "base_velocity": np.zeros((count, 3)) if base is None else base.velocity,
            "spin": np.zeros((count, 3)) if base is None else base.spin,
        }
        self._turn = np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)) if base is None else base.orientation
        self._names = list(parts)
        self._edges = np.cumsum([part.shape[1] for part in parts.values()])[:-1]
        self._table = np.concatenate(list(parts.values()), axis=1)

    def _same(self, row: np.ndarray, after: np.ndarray) -> Float[np.ndarray, "world 4"]:
        """Orientations of the rows after, of the two signs that mean the same the one that is near."""
        other = self._turn[after]
        return np.where((other * self._turn[row]).sum(axis=1, keepdims=True) < 0.0, -other, other)

    def at(self, phase: Float[np.ndarray, " world"]) -> State:
        """The state at phases [turns], straight between rows."""
        row, after, share = rows_at(phase, self._rows, self._loops)
        table = self._table[row] + share[:, None] * (self._table[after] - self._table[row])
        parts = dict(zip(self._names, np.split(table, self._edges, axis=1), strict=True))
        turn = self._turn[row] + share[:, None] * (self._same(row, after) - self._turn[row])
        return State(
            ends=parts.pop("ends").reshape(len(phase), -1, 3),
            height=parts.pop("height")[:, 0],
            orientation=turn / np.linalg.norm(turn, axis=1, keepdims=True),
            floating=self._floating,
            **parts,
        )
