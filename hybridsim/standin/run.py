"""A policy on the stand-in: it plays episodes, and nothing comes back but how well it did.

No signal, state or drawn value leaves this module, so that nobody tunes a policy or a simulator on them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from hybridsim.errors import ResourceError, SimulationError
from hybridsim.policy import Pilot
from hybridsim.progress import Progress
from hybridsim.standin.draw import stream
from hybridsim.standin.label import ROBOT, SYNTHETIC, serial_of
from hybridsim.standin.robot import PERIOD, StandIn, Witness, witness
from hybridsim.standin.senses import Signals
from hybridsim.standin.stance import stance, standing_height

Command = Float[np.ndarray, "3"]
"""Speed ahead [m/s], to the left [m/s], and turning to the left [rad/s], in the base's own heading."""
EPISODES, SECONDS = 16, 10.0
AHEAD = (-0.3, 0.8)
"""Speeds that are asked for [m/s]."""
TURNING = (-0.5, 0.5)
"""Rates that are asked for [rad/s]."""
TIPPED = np.radians(60.0)
"""Tilt of the base that is a fall [rad]."""
SUNK = 0.5
"""Share of its standing height below which the base has fallen."""
SPEED_SCALE, TURN_SCALE = 0.25, 0.25
"""Squared errors [m^2/s^2, rad^2/s^2] at which a reward is 1/e of its most."""
SPEED_SHARE, TURN_SHARE, ALIVE_SHARE = 0.6, 0.3, 0.1
"""Of the reward; together 1 a second."""
RESAMPLES = 2000
WORD = {"returned": ("return", "s"), "speed_error": ("speed_error", "m/s"), "fell": ("falls", "1")}
"""What files and people call the fields of `Episode`, and their units."""


@runtime_checkable
class Controller(Protocol):
    """What plays: a policy, or anything else that turns signals into position targets."""

    def reset(self) -> None:
        """An episode begins."""
        ...

    def __call__(self, signals: Signals, command: Command) -> Float[np.ndarray, " joint"]:
        """Position target of every joint for the next 20 ms [rad], from `StandIn.signals` and the command."""
        ...


@dataclass(frozen=True)
class Episode:
    """How one episode went.

    Attributes:
        returned: sum of the rewards [s]; as long as the episode at best.
        speed_error: mean distance between the base's horizontal velocity and the command's [m/s]; after a
            fall the robot counts as standing still.
        fell: 1 if it did, else 0.
    """

    returned: float
    speed_error: float
    fell: float


@dataclass(frozen=True, kw_only=True)
class Played:
    """How all of them went. SYNTHETIC, as all that comes from a stand-in.

    Attributes:
        serial: of the stand-in.
        episodes: one by one.
        mean: over them, by what `Episode` calls it.
        interval_95: of those means, bootstrapped over episodes; one episode has none worth the name.
    """

    serial: str
    episodes: tuple[Episode, ...]
    mean: dict[str, float]
    interval_95: dict[str, tuple[float, float]]

    def json(self) -> str:
        """For scripts."""
        data: dict[str, Any] = {
            "schema": 1,
            "synthetic": SYNTHETIC,
            "robot": ROBOT,
            "serial": self.serial,
            "units": {WORD[name][0]: unit for name, (_, unit) in WORD.items()},
            "mean": {WORD[name][0]: value for name, value in self.mean.items()},
            "interval_95": {WORD[name][0]: value for name, value in self.interval_95.items()},
            "episodes": [
                {WORD[name][0]: value for name, value in vars(one).items()} for one in self.episodes
            ],
        }
        return json.dumps(data, indent=1)

    def __str__(self) -> str:
        lines = []
        for name, (word, unit) in WORD.items():
            low, high = self.interval_95[name]
            mean = f"{self.mean[name]:.3f} {unit}".removesuffix(" 1")
            lines.append(f"{word.replace('_', ' ')}: {mean}, 95 % {low:.3f} to {high:.3f}")
        return "\n".join([SYNTHETIC, f"{self.serial}, {len(self.episodes)} episodes", *lines])


def run(
    controller: Controller,
    seed: int,
    episodes: int = EPISODES,
    seconds: float = SECONDS,
    progress: Progress | None = None,
) -> Played:
    """Let a controller play episodes on a stand-in.

    Each episode has a command of its own, changed halfway, and its own battery charge and sensor noise; all
    of these depend on the seed and the episode's number alone, so two controllers face the same ones.

    The reward of a control period, times its 20 ms, with v the velocity and w the turning rate that were
    asked for less those that there are:

        0.6 exp(-|v|^2 / 0.25) + 0.3 exp(-w^2 / 0.25) + 0.1     none after a fall

    Args:
        controller: what plays.
        seed: of the individual.
        episodes: how many.
        seconds: of each.
        progress: called as progress(episodes done, episodes).

    Raises:
        SimulationError: a negative seed, no episode, or a target that is not finite.
    """
    if episodes < 1 or not seconds >= PERIOD:
        raise SimulationError(
            f"stand-in: {episodes} episodes of {seconds:g} s; expected at least 1 of {PERIOD} s"
        )
    robot, played = StandIn(seed), []
    for number in range(episodes):
        if progress is not None:
            progress(number, episodes)
        played.append(play(robot, controller, number, seconds))
    table = np.array([list(vars(one).values()) for one in played])
    names = [field.name for field in fields(Episode)]
    low, high = interval(table)
    return Played(
        serial=serial_of(seed),
        episodes=tuple(played),
        mean=dict(zip(names, table.mean(axis=0).tolist(), strict=True)),
        interval_95=dict(zip(names, zip(low.tolist(), high.tolist(), strict=True), strict=True)),
    )


def play(robot: StandIn, controller: Controller, number: int, seconds: float) -> Episode:
    """One episode, from a standing robot on."""
    signals = robot.reset(number)
    controller.reset()
    asked = commands(robot.seed, number, round(seconds / PERIOD))
    lowest = SUNK * standing_height(stance())
    returned, error, fell = 0.0, 0.0, False
    for command in asked:
        if not fell:
            signals = robot.step(np.asarray(controller(signals, command.copy()), float))
            seen = witness(robot)
            fell = seen.tilt > TIPPED or seen.height < lowest
        returned += 0.0 if fell else PERIOD * reward(seen, command)
        error += float(np.hypot(*(command[:2] - (0.0 if fell else [seen.forward, seen.left]))))
    return Episode(returned, error / len(asked), float(fell))


def commands(seed: int, number: int, rows: int) -> Float[np.ndarray, "row 3"]:
    """What an episode asks for in each control period; another thing in its second half."""
    random = stream(seed, "command", number)
    low, high = np.array([AHEAD[0], 0.0, TURNING[0]]), np.array([AHEAD[1], 0.0, TURNING[1]])
    halves = random.uniform(low, high, (2, 3))
    return halves[(2 * np.arange(rows)) // max(rows, 1)]


def reward(seen: Witness, command: Command) -> float:
    """Of one control period, per second; 1 at best."""
    return float(rewarded(command[None] - [[seen.forward, seen.left, seen.turning]])[0])


def rewarded(off: Float[np.ndarray, "robot 3"]) -> Float[np.ndarray, " robot"]:
    """The same by how far velocity and rate are off [m/s, rad/s]."""
    slip, turn = (off[:, :2] ** 2).sum(axis=1), off[:, 2] ** 2
    return SPEED_SHARE * np.exp(-slip / SPEED_SCALE) + TURN_SHARE * np.exp(-turn / TURN_SCALE) + ALIVE_SHARE


def interval(table: Float[np.ndarray, "episode column"]) -> Float[np.ndarray, "2 column"]:
    """95 % percentile bootstrap intervals of the columns' means, over whole episodes.

    `score.bootstrap` does the same over logs; score and stand-in are wings that do not know each other.
    """
    drawn = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
    return np.quantile(table[drawn].mean(axis=1), [0.025, 0.975], axis=0)


def load_controller(path: Path) -> Controller:
    """The policy of a file or folder, ready to play.

    Raises:
        ResourceError: there is none.
    """
    if not path.exists():
        raise ResourceError(f"{path}: no such policy; expected a file or folder that hybridsim train wrote")
    return Pilot.load(path, robot="anymal_c")
