"""The stand-in as whoever uses a robot sees it: targets in, signals out, everything else hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError, listed
from hybridsim.standin.body import TIMESTEP, Body
from hybridsim.standin.draw import JOINTS, charge, draw, stream
from hybridsim.standin.label import serial_of
from hybridsim.standin.senses import Senses, Signals
from hybridsim.standin.stance import stance, standing_height, standing_target

PERIOD = 0.02
"""Between position targets [s]: policies of legged robots run at 50 Hz."""
SAMPLE = 0.0025
"""Between readings of the sensors [s]: ANYmal's run at 400 Hz."""
SETTLING = 1.0
"""How long the robot is left alone after it was put down [s]."""
TERRAINS = ("flat",)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What somebody beside the robot sees. For scores; no controller may see it.

    Attributes:
        height: of the base's origin over the ground [m].
        tilt: of the base from upright [rad].
        forward: speed of the base's origin along its own heading [m/s].
        left: the same to its left [m/s].
        turning: of its heading [rad/s].
    """

    height: float
    tilt: float
    forward: float
    left: float
    turning: float


class StandIn:
    """SYNTHETIC: one individual, told position targets at 50 Hz, which its drives hold."""

    def __init__(
        self, seed: int, terrain: str = "flat", *, hung: bool = False, timestep: float = TIMESTEP
    ) -> None:
        """Build the individual; `reset` comes before the first step.

        Args:
            seed: names the individual. What it is made of stays hidden.
            terrain: what it stands on.
            hung: whether its base hangs still in a crane instead.
            timestep: of the simulation; samples are whole multiples of it [s].

        Raises:
            SimulationError: a negative seed, or a terrain that there is not.
        """
        if terrain not in TERRAINS:
            raise SimulationError(f"stand-in: no terrain '{terrain}'; available: {listed(TERRAINS)}")
        self._hidden, self.seed, self.hung = draw(seed), seed, hung
        self._body = Body(self._hidden, hung=hung, timestep=timestep)
        self._senses = Senses(self._hidden.sensors, self._body)
        self._steps = round(SAMPLE / timestep)
        self._latest: Signals = {}

    @property
    def serial(self) -> str:
        """What logs of it call it."""
        return serial_of(self.seed)

    @property
    def time(self) -> float:
        """Since the reset, the settling included [s]."""
        return self._body.time

    def reset(
        self,
        episode: int = 0,
        posture: Float[np.ndarray, " joint"] | None = None,
        target: Float[np.ndarray, " joint"] | None = None,
    ) -> Signals:
        """Put the robot down at rest and let it settle.

        Args:
            episode: of this individual; says how full the battery is, how the base is turned, and the noise.
            posture: that it is put down in; standing where left out [rad].
            target: that its drives hold; what keeps the posture where left out [rad].

        Returns:
            The signals, as `signals` gives them.
        """
        posture = stance().copy() if posture is None else np.array(posture, float)
        if target is None:
            target = posture.copy() if self.hung else standing_target(posture)
        heading = stream(self.seed, "heading", episode).uniform(-np.pi, np.pi)
        volts = charge(self.seed, episode)
        self._body.reset(
            posture, target, height=standing_height(posture), heading=heading, open_voltage=volts
        )
        self._senses.reset(stream(self.seed, "noise", episode, str(self.hung)))
        for _ in range(round(SETTLING / PERIOD)):
            self.step(target)
        return self.signals()

    def step(
        self,
        target: Float[np.ndarray, "12"] | Float[np.ndarray, "1 12"],
        watch: Callable[[Signals], object] | None = None,
    ) -> Signals:
        """One control period under a position target for every joint [rad].

        Args:
            target: in robot.toml's order; held until the next.
            watch: called with the signals of every 2.5 ms; only the last are read without it.

        Raises:
            SimulationError: a target that is not finite.
        """
        sent = np.asarray(target, float).reshape(JOINTS)
        if not np.isfinite(sent).all():
            raise SimulationError(
                f"stand-in: position target {sent.tolist()}; expected {JOINTS} finite numbers"
            )
        samples = round(PERIOD / SAMPLE)
        if watch is None:
            self._body.step(sent, samples * self._steps)
            self._latest = self._senses.look()
            return self.signals()
        for _ in range(samples):
            self._body.step(sent, self._steps)
            self._latest = self._senses.look()
            watch(self.signals())
        return self.signals()

    def signals(self) -> Signals:
        """What the sensors said last, by name; see `Senses.look`."""
        return {name: values.copy() for name, values in self._latest.items()}


def witness(robot: StandIn) -> Witness:
    """What a referee beside the robot sees."""
    body = robot._body
    turn = body.rotation
    velocity, spin = body.base_velocity
    ahead = turn.apply([1.0, 0.0, 0.0])
    heading = np.arctan2(ahead[1], ahead[0])
    along = np.array([np.cos(heading), np.sin(heading)])
    return Witness(
        height=body.base_height,
        tilt=float(np.arccos(np.clip(turn.as_matrix()[2, 2], -1.0, 1.0))),
        forward=float(along @ velocity[:2]),
        left=float(along[0] * velocity[1] - along[1] * velocity[0]),
        turning=float(turn.apply(spin)[2]),
    )
