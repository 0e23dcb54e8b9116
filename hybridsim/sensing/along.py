"""What the simulator's sensors in drives read along a replayed log, by the code that worlds use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.errors import StudyError, listed
from hybridsim.log import Log
from hybridsim.networks.inference import Networks
from hybridsim.replay.engine import Trajectory
from hybridsim.robot import Robot
from hybridsim.sensors import (
    TABLES,
    Described,
    Mounted,
    Sensors,
    Sources,
    in_order,
    sensor_values,
    sensors_of,
)
from hybridsim.sensors import fronts as front
from hybridsim.sensors.parameters import PREFIX

SIGNALS: Mapping[str, tuple[str, ...]] = {
    "encoder": ("joint_velocity",),
    "current": ("motor_current",),
    "torque": ("joint_effort_magnitude", "joint_effort"),
    "duty": ("motor_duty",),
}
"""What sensors in drives are logged as; of several a log has one."""
REPLAYED = tuple(dict.fromkeys(signal for names in SIGNALS.values() for signal in names))
SAYS_WHAT = ("gain", "unsigned")
"""Parameters that a sensor without errors has from robot.toml, where that states them."""
CHANCE = (
    "white",
    "drift",
    "walk",
    "turn_on",
    "velocity_white",
    "jitter",
    "dropout",
    "resolution",
    "velocity_resolution",
)
"""Parameters that only scatter readings; two that are counted differ by counts, however right the model."""
GROWTH = "sigma of 1, |reading|"
"""Two numbers in calibration.json: half of an interval = multiplier (floor + growth |reading|)."""
NOISE = "sigma of strength"
"""One number in calibration.json: half of an interval = multiplier sigma strength, the networks' strength."""
SPEED_CHANNEL = 1
"""Of an encoder: its velocity; the angle is 0."""


class Logged(NamedTuple):
    """A sensor and the signal that logs have its readings in."""

    sensor: Described
    signal: str

    @property
    def joint(self) -> str:
        """Whose drive it sits in."""
        assert self.sensor.joint is not None, "sensors in drives have a joint"
        return self.sensor.joint

    @property
    def channel(self) -> int:
        """Which of the sensor's channels is logged."""
        return SPEED_CHANNEL if self.sensor.kind == "encoder" else 0


def logged(robot: Robot, signals: Sequence[str]) -> list[Logged]:
    """Sensors in drives whose readings these signals are.

    Raises:
        StudyError: a signal is no sensor's.
    """
    found = [
        Logged(one, signal)
        for one in sensors_of(robot)
        for signal in SIGNALS.get(one.kind, ())
        if signal in signals
    ]
    if idle := set(signals) - {one.signal for one in found}:
        kinds = listed(dict.fromkeys(f"{one.name} ({one.kind})" for one in sensors_of(robot)))
        raise StudyError(f"robots/{robot.name}: no sensor reads {listed(idle)}; its sensors: {kinds}")
    return found


def calibrated(robot: Robot, names: Iterable[str], logs: Sequence[Log]) -> list[Logged]:
    """Sensors in drives that parameters of these names describe, with the signals that the logs have."""
    known = {name.removeprefix(PREFIX).rpartition(".")[0] for name in names if name.startswith(PREFIX)}
    there = {signal for log in logs for signal in log.signals}
    return [
        Logged(one, signal)
        for one in sensors_of(robot)
        if one.name in known
        for signal in [name for name in SIGNALS.get(one.kind, ()) if name in there][:1]
    ]


class Sensed(NamedTuple):
    """What a sensor reads at every step of a replay, before noise and counts."""

    reading: Float[np.ndarray, " step"]
    """[its signal's unit]."""
    strength: Float[np.ndarray, " step"]
    """Of the noise, over what its parameters say [1]."""


def readings(
    robot: Robot,
    values: Mapping[str, float],
    run: Trajectory,
    sensors: Sequence[Logged],
    *,
    networks: Sequence[Networks] = (),
    ideal: bool = False,
    signed: bool = False,
) -> dict[str, Sensed]:
    """What sensors read along a replay.

    Args:
        robot: the design.
        values: parameters by name, `sensor.<name>.<parameter>` among them.
        run: the replay.
        sensors: to be read.
        networks: that their noise follows.
        ideal: as if they erred in no way, and read what robot.toml says.
        signed: before magnitudes are taken.

    Returns:
        By the sensor's name.
    """
    if not sensors:
        return {}
    own = sensor_values(robot, {n: v for n, v in values.items() if n.startswith(PREFIX) and not ideal})
    sure = {one.sensor.name: _sure(one.sensor, own[one.sensor.name], ideal) for one in sensors}
    for one in sure.values():
        one.update({"unsigned": 0.0} if signed and "unsigned" in one else {})
    joints = [drive.joint for drive in robot.drives]
    mounted = [
        Mounted(one.sensor, joints.index(one.joint), robot.drives[joints.index(one.joint)].gear_ratio.value)
        for one in sensors
    ]
    suite = Sensors(in_order(mounted), [sure], run.timestep, networks=networks)
    columns = {one.sensor.name: suite.columns(n).start for n, one in enumerate(suite.mounted)}
    read, strength = _sensed(suite, run)
    return {
        one.sensor.name: Sensed(*(x[:, columns[one.sensor.name] + one.channel] for x in (read, strength)))
        for one in sensors
    }


def _sensed(
    suite: Sensors, run: Trajectory
) -> tuple[Float[np.ndarray, "step channel"], Float[np.ndarray, "step channel"]]:
    """Readings of every channel, and how strong noise is, while the drives do what the replay's did."""
    sources = Sources(
        frames=np.zeros((1, 0, front.FRAME)),
        drives=np.zeros((1, run.angle.shape[1], front.DRIVE)),
        force=np.zeros((1, 0)),
        wrench=np.zeros((1, 0, 6)),
        temperature=np.full(1, 25.0),
        gravity=np.zeros(3),
    )
    world = np.arange(1)
    suite.begin(world)
    rows = driving(run)
    found = np.empty((2, len(rows), suite.reading.shape[1]))
    for k, row in enumerate(rows):
        found[1, k] = suite.strength[0]  # as it is when this step is sampled
        sources.drives[0] = row
        suite.sense(sources, world)
        found[0, k] = suite.reading[0]
    return found[0], found[1]


def driving(run: Trajectory) -> Float[np.ndarray, "step drive 5"]:
    """What `sensors.Sources` has of drives, along a replay.

    A drive that carries its joint has no effort on it but its motor's.
    """
    return np.stack([run.angle, run.speed, run.motor, run.motor, run.duty], axis=-1)


def _sure(one: Described, own: Mapping[str, float], ideal: bool) -> dict[str, float]:
    """A sensor's parameters without noise and counts; without errors where it is ideal."""
    table = {p.name: p.value for p in TABLES[one.kind]}
    if ideal:
        return {**table, **{name: own[name] for name in SAYS_WHAT if name in own}}
    return {name: 0.0 if name in CHANCE else value for name, value in own.items()}
