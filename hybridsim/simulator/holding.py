"""Holding a command for some physics steps, watched by sensors: in one compiled call, or step by step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.simulator.ground_lent import NOBODY, Called
from hybridsim.simulator.hold_loop import DONE, DRY, REFUSED, hold
from hybridsim.simulator.sensing import Sensing
from hybridsim.simulator.stepping import Carrying, Pushing

TOGETHER = 4
"""Worlds side by side; chosen, because networks take four rows for little more than one."""
WorldDrive = Float[np.ndarray, "world drive"]


class Holding:
    """Steps a simulator's worlds."""

    def __init__(self, stepping: Carrying | Pushing, sensing: Sensing | None) -> None:
        """Find out whether compiled code can do it all."""
        self._stepping, self._sensing = stepping, sensing
        self._compiled = None
        self._ground: Called | None = NOBODY
        if isinstance(stepping, Pushing) and (sensing is None or sensing.compiled):
            self._compiled = stepping.body.compiled()
            if self._compiled is not None and stepping.ground is not None:
                self._ground = stepping.ground.compiled()

    @property
    def compiled(self) -> bool:
        """Whether compiled code does it all."""
        return self._compiled is not None and self._ground is not None

    def hold(self, command: WorldDrive, steps: int) -> None:
        """Hold a command for some steps."""
        if self.compiled:
            self._hold_compiled(command, steps)
        elif self._sensing is None:
            self._stepping.hold(command, steps)
        else:
            for _ in range(steps):
                self._stepping.hold(command, 1)
                self._sensing.step()

    def _hold_compiled(self, command: WorldDrive, steps: int) -> None:
        """The same to the bit in one call, but for pauses in which sensors fetch random numbers."""
        stepping, sensing, begin, body = self._stepping, self._sensing, (0, 0), self._stepping.body
        assert self._compiled is not None and self._ground is not None and isinstance(body, BulletWorlds)
        places, need = (None, 0) if sensing is None else (sensing.places, sensing.sensors.need)
        drives = stepping.drives
        body.relax()
        while True:
            outcome, world, step = hold(
                drives.arrays,
                (drives.effort, drives.friction),
                stepping.correction.recall,
                stepping.mounting,
                *self._compiled,
                self._ground,
                places,
                command,
                steps,
                drives.timestep,
                need,
                TOGETHER,
                begin,
            )
            if outcome != DRY or sensing is None:
                break
            sensing.sensors.spend()
            begin = (world, step)
        if outcome == REFUSED:
            raise SimulationError(f"world {world}: PyBullet did not complete the step")
        body.stepped()
        assert outcome == DONE, "what is not finite was refused"
