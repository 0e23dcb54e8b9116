"""The residual network in the stepping loop: evaluated at its own sample period, for all worlds at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from hybridsim.actuators import Drives
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.networks.features import History
from hybridsim.networks.inference import Networks
from hybridsim.simulator.residual import inputs_given, stack_inputs

WorldDrive = Float[np.ndarray, "world drive"]


class Correction:
    """What the network adds: `value` to the measured shaft angle, `of_body` to where the body is carried.

    The network runs every sample period of its contract; between two runs the body moves over evenly, so that
    a correction never throws it.
    """

    def __init__(self, networks: Networks, worlds: int, timestep: float) -> None:
        self.networks = networks
        contract = networks.contract
        self.every = max(1, int(np.floor(contract.sample_period / timestep + 1e-6)))
        self.period = self.every * timestep
        self.history = History(contract, inputs=inputs_given(), worlds=worlds, period=self.period)
        shape = (worlds, len(contract.groups))
        self.value, self.spread, self.of_body = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._before = np.full(shape, np.nan)
        self._count = np.zeros(worlds, np.int64)

    def reset(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Forget the past of some worlds."""
        self.history.reset(worlds)
        for array in (self.value, self.spread, self.of_body):
            array[worlds] = 0.0
        self._before[worlds] = np.nan
        self._count[worlds] = 0

    def update(self, drives: Drives, command: WorldDrive, load: WorldDrive) -> None:
        """After a step of the drives: run the network when its period is over, and move the body's share.

        Args:
            drives: just stepped.
            command: in joint angle [rad].
            load: effort that the rigid body asks for [N*m].
        """
        self._count += 1
        if int(self._count[0]) % self.every == 0:
            before = np.where(np.isnan(self._before), command, self._before)
            shaft = drives.shaft_angle + drives.parameters[..., ENCODER_OFFSET]
            stacked = stack_inputs(command, before, shaft, drives.shaft_speed, load, self.period)
            mean, spread = self.networks.evaluate(self.history.push(stacked))
            self.value[:], self.spread[:] = mean, spread
            self._before[:] = command
        self.of_body += (self.value - self.of_body) / self.every
