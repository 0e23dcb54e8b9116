"""A test bench for one drive: its parameters by name, and a shaft that runs under a load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hybridsim.actuators import DRIVE_PARAMETERS
from hybridsim.actuators.drive import ANGLE, JOINT_ANGLE, SPEED, STATES, TARGET, advance
from hybridsim.actuators.loop import POSITION_LOOP

G = 9.81


def row(**changed: float) -> np.ndarray:
    """Neutral parameters, some changed."""
    values = {p.name: p.value for p in DRIVE_PARAMETERS}
    assert changed.keys() <= values.keys(), changed.keys() - values.keys()
    return np.array(list({**values, **changed}.values()))


class Shaft:
    """One drive in motion coupling."""

    def __init__(self, p: np.ndarray, h: float, mode: int = POSITION_LOOP, inertia: float = 0.02) -> None:
        self.p, self.h, self.mode, self.inertia = p, h, mode, inertia
        self.s = np.zeros(STATES)
        self.enabled, self.gain, self.voltage = True, 1.0, 0.0

    def put(self, angle: float, speed: float = 0.0) -> Shaft:
        self.s[ANGLE] = self.s[JOINT_ANGLE] = self.s[TARGET] = angle
        self.s[SPEED] = speed
        return self

    def off(self) -> Shaft:
        self.enabled = False
        return self

    def step(self, command: float, load: float) -> None:
        advance(
            self.p,
            self.s,
            self.mode,
            float(command),
            self.gain,
            self.voltage,
            self.enabled,
            float(load),
            self.inertia,
            self.h,
        )

    def run(
        self,
        time: float,
        command: float = 0.0,
        load: Callable[[float], float] = lambda angle: 0.0,
        column: int = ANGLE,
    ) -> np.ndarray:
        """A column of the state after every step; the load is a function of the joint's angle."""
        found = np.empty(round(time / self.h))
        for k in range(len(found)):
            self.step(command, load(self.s[JOINT_ANGLE]))
            found[k] = self.s[column]
        return found


def turning_points(angle: np.ndarray) -> np.ndarray:
    """Where a swing turns round."""
    moved = angle[np.flatnonzero(np.diff(angle, prepend=np.nan))]
    rate = np.diff(moved)
    return moved[1:-1][rate[:-1] * rate[1:] < 0]


def crossings(angle: np.ndarray, h: float) -> np.ndarray:
    """Times at which an angle passes zero upwards, between the samples [s]."""
    k = np.flatnonzero((angle[:-1] < 0) & (angle[1:] >= 0))
    return h * (k + angle[k] / (angle[k] - angle[k + 1]))
