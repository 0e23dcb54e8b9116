"""A policy that drives one robot: signals and a command in, joint targets out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.errors import PolicyError
from hybridsim.policy.artefact import Policy
from hybridsim.policy.observing import Memory


class Pilot:
    """Runs a policy at its control period, on a robot or on whatever gives a robot's signals."""

    def __init__(self, policy: Policy) -> None:
        """Nothing done yet."""
        self.policy = policy
        self._memory = Memory(policy.contract, 1, policy.gait)

    @classmethod
    def load(cls, path: str | Path, robot: str | None = None) -> Pilot:
        """From a policy's folder.

        Raises:
            PolicyError: there is none, it is damaged, or it is for another robot than `robot`.
        """
        policy = Policy.load(path)
        if robot is not None and policy.contract.robot != robot:
            raise PolicyError(f"{path}: a policy for {policy.contract.robot}; expected one for {robot}")
        return cls(policy)

    def reset(self) -> None:
        """Forget the past."""
        self._memory.reset(np.zeros(1, np.int64))

    def __call__(
        self, signals: Mapping[str, np.ndarray], command: Float[np.ndarray, " command"]
    ) -> Float[np.ndarray, " joint"]:
        """Joint targets for the next control period [rad], in the contract's order of joints.

        Args:
            signals: by name, one row or one robot's numbers; joints in the contract's order.
            command: as the contract's `command` lists it.

        Raises:
            PolicyError: the command has another size; SimulationError: a signal is missing.
        """
        wanted = np.asarray(command, float).reshape(1, -1)
        if wanted.shape[1] != len(self.policy.contract.command):
            names = ", ".join(one.name for one in self.policy.contract.command)
            raise PolicyError(f"policy: a command of {wanted.shape[1]} numbers; expected {names}")
        rows = {name: np.asarray(value, float).reshape(1, -1) for name, value in signals.items()}
        action = self.policy.action(self._memory.observation(rows, wanted))
        return self._memory.advance(action, wanted)[0]
