"""From signals to a policy's observation, and from its action to joint targets; many robots at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from hybridsim.errors import SimulationError, listed
from hybridsim.policy.contract import TERMS, PolicyContract

Signals = Mapping[str, np.ndarray]
WorldJoint = Float[np.ndarray, "world joint"]
MOST = 10.0
"""Observations are held within this many units; chosen, because nothing healthy lies beyond."""


def gravity_in_body(orientation: Float[np.ndarray, "world 4"]) -> Float[np.ndarray, "world 3"]:
    """Direction of gravity in a body's axes, from its orientation, world from body, quaternion xyzw."""
    x, y, z, w = orientation.T
    return np.stack([2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * (x * x + y * y) - 1.0], axis=1)


class Memory:
    """What observations and targets remember, one row a robot."""

    def __init__(self, contract: PolicyContract, worlds: int, gait: np.ndarray | None = None) -> None:
        """Nothing done yet.

        Args:
            contract: of the policy.
            worlds: robots.
            gait: [1 + command phase joint] offsets of a gait: at rest, and per unit of each command [rad].
        """
        self.contract, self.gait = contract, gait
        joints = len(contract.joints)
        self.action = np.zeros((worlds, joints))
        self.before = np.zeros((worlds, joints))
        self.target = np.tile(np.array(contract.stance), (worlds, 1))
        self.phase = np.zeros(worlds)
        self._stance, self._scale = np.array(contract.stance), np.array(contract.action_scale)
        self._low, self._high = np.array(contract.low), np.array(contract.high)
        self._turn = np.array(contract.rotation_base_from_imu).reshape(3, 3)
        gains = [np.full(contract.size(term), TERMS[term].scale) for term in contract.terms]
        self._gain = np.concatenate(gains)

    def reset(self, worlds: Int[np.ndarray, " some"], phase: np.ndarray | float = 0.0) -> None:
        """Forget the past of some robots; `phase` of their gait is in turns."""
        self.action[worlds] = self.before[worlds] = 0.0
        self.target[worlds] = self._stance
        self.phase[worlds] = phase

    def observation(
        self, signals: Signals, command: Float[np.ndarray, "world command"]
    ) -> Float[np.ndarray, "world number"]:
        """What the policy sees now.

        Raises:
            SimulationError: a signal is missing.
        """
        try:
            parts = [self._part(term, signals, command) for term in self.contract.terms]
        except KeyError as error:
            raise SimulationError(
                f"policy for {self.contract.robot}: no signal {error}; given: {listed(signals)}"
            ) from None
        return np.clip(self._gain * np.concatenate(parts, axis=1), -MOST, MOST)

    def _part(self, term: str, signals: Signals, command: np.ndarray) -> np.ndarray:
        """One term, unscaled."""
        if term == "gravity":
            return gravity_in_body(signals["base_orientation"])
        if term == "angular_velocity":
            return signals["imu_angular_velocity"] @ self._turn.T
        if term == "command":
            return command
        if term == "joint_position":
            return signals["joint_position"] - self._stance
        if term == "joint_velocity":
            return signals["joint_velocity"]
        if term == "joint_error":
            return self.target - signals["joint_position"]
        if term == "last_action":
            return self.action
        if term == "action_before":
            return self.before
        return np.stack([np.sin(2.0 * np.pi * self.phase), np.cos(2.0 * np.pi * self.phase)], axis=1)

    def advance(self, action: WorldJoint, command: Float[np.ndarray, "world command"]) -> WorldJoint:
        """Take an action; the joint targets until the next one [rad]."""
        period = self.contract.gait_period_s
        self.before[:], self.action[:] = self.action, action
        target = self._stance + self._scale * action
        if period is not None:
            target += self.offset(command)
            self.phase[:] = self._later(self.contract.control_period_s / period)
        self.target[:] = np.clip(target, self._low, self._high)
        return self.target.copy()

    def offset(self, command: Float[np.ndarray, "world command"]) -> WorldJoint:
        """What the gait adds to the stance now [rad]."""
        assert self.gait is not None, "a contract with a gait comes with its table"
        row, after, share = rows_at(self.phase, self.contract.gait_rows, self.contract.gait_loops)
        table = self.gait[:, row] + share[None, :, None] * (self.gait[:, after] - self.gait[:, row])
        return table[0] + np.einsum("wc,cwj->wj", command, table[1:])

    def _later(self, turns: float) -> Float[np.ndarray, " world"]:
        """The phase after so many turns; one that does not go round stays at its end."""
        rows = self.contract.gait_rows
        return (self.phase + turns) % 1.0 if self.contract.gait_loops else last(self.phase + turns, rows)


def last(phase: Float[np.ndarray, " world"], rows: int) -> Float[np.ndarray, " world"]:
    """Phases up to that of the last row."""
    return np.minimum(phase, (rows - 1) / rows)


def rows_at(
    phase: Float[np.ndarray, " world"], rows: int, loops: bool
) -> tuple[Int[np.ndarray, " world"], Int[np.ndarray, " world"], Float[np.ndarray, " world"]]:
    """Rows of a table before and after a phase [turns], and how far it is between them."""
    place = phase * rows
    row = place.astype(np.int64) % rows
    after = (row + 1) % rows if loops else np.minimum(row + 1, rows - 1)
    return row, after, place - np.floor(place)
