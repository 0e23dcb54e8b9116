"""The numbers that describe how a sensor errs: one table a kind, for simulator, studies and calibrations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import NamedTuple

from hybridsim.errors import CalibrationError, RobotError, listed
from hybridsim.parameters import Parameter
from hybridsim.robot import Quantity, Robot

PREFIX = "sensor."
ENCODER = "encoder_"
"""In front of a joint's name: its encoder's name among the sensors."""
AXES = ("x", "y", "z")
PAIRS = tuple("".join(pair) for pair in product(AXES, AXES))
"""Entries of a 3 x 3 matrix, row then column."""
IMU_CHANNELS = ("gx", "gy", "gz", "ax", "ay", "az")
CORRELATIONS = tuple(combinations(IMU_CHANNELS, 2))
WRENCH_CHANNELS = ("fx", "fy", "fz", "tx", "ty", "tz")
MOST_WINDOW = 64
"""Samples that a drive's differentiator looks back, at most; chosen, because registers hold no more."""


class SensorParameter(NamedTuple):
    """A sensor's parameter: its unit, neutral value, widest sensible bounds and meaning."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    meaning: str


class Described(NamedTuple):
    """A sensor as robot.toml has it; encoders are sensors of their own kind."""

    name: str
    kind: str
    link: str | None
    joint: str | None
    priors: Mapping[str, Quantity]


_p = SensorParameter
Table = tuple[SensorParameter, ...]


def _chain(prefix: str, unit: str, top: float) -> Table:
    """What a signal goes through on its way; `top` is beyond everything that the sensor could read."""
    return (
        _p(f"{prefix}delay", "s", 0.0, 0.0, 0.5, "age of what is read"),
        _p(f"{prefix}conversion", "Hz", 0.0, 0.0, 1e5, "of conversions, of which the newest is read, with a"
           " clock of its own; their mean age is part of the delay; 0: converted when read"),
        _p(f"{prefix}bandwidth", "Hz", 0.0, 0.0, 1e5, "corner of the first-order low-pass; 0 for none"),
        _p(f"{prefix}range", unit, 0.0, 0.0, top, "readings end at plus and minus this; 0 for no end"),
        _p(f"{prefix}resolution", unit, 0.0, 0.0, top, "one count; 0 for none"),
        _p(f"{prefix}toward_zero", "1", 0.0, 0.0, 1.0, "1: counts are cut off, 0: rounded to the nearest"),
    )  # fmt: skip


def _offsets(prefix: str, unit: str, walk_unit: str, top: float, axes: tuple[str, ...] = ()) -> Table:
    """Bias, its changes, and noise, of every axis."""
    found = []
    for axis in [f"_{x}" for x in axes] or [""]:
        found += [
            _p(f"{prefix}bias{axis}", unit, 0.0, -top, top, "read where there is nothing"),
            _p(f"{prefix}turn_on{axis}", unit, 0.0, 0.0, top, "bias from one start to the next, 1 sigma"),
            _p(f"{prefix}walk{axis}", walk_unit, 0.0, 0.0, top, "random walk of the bias, 1 sigma after 1 s"),
            _p(f"{prefix}white{axis}", unit, 0.0, 0.0, top, "noise of one sample, 1 sigma"),
            _p(f"{prefix}drift{axis}", unit, 0.0, 0.0, top, "noise that lasts (Gauss-Markov), 1 sigma"),
            _p(f"{prefix}drift_time{axis}", "s", 1.0, 1e-3, 1e4, "in which 63 % of the drift are forgotten"),
        ]
    return tuple(found)


TIMING: Table = (
    _p("rate", "Hz", 0.0, 0.0, 1e5, "of the readings; 0 for every physics step"),
    _p("jitter", "s", 0.0, 0.0, 0.1, "wandering of the moments of a sensor with a rate, 1 sigma"),
    _p("dropout", "1", 0.0, 0.0, 0.99, "share of the readings that get lost; the last one is held"),
)


def _matrix(prefix: str, unit: str, diagonal: float, top: float, meaning: str) -> Table:
    return tuple(
        _p(f"{prefix}_{pair}", unit, diagonal if pair[0] == pair[1] else 0.0, -top, top, meaning)
        for pair in PAIRS
    )


def _imu() -> Table:
    found: list[SensorParameter] = []
    for word, unit, walk, top in (("gyro", "rad/s", "rad/s^1.5", 100.0), ("acc", "m/s^2", "m/s^2.5", 1e4)):
        meaning = "scale, misalignment and mounting; row what is read, column the link's axis"
        found += _matrix(f"{word}_map", "1", 1.0, 2.0, meaning)
        found += [*_offsets(f"{word}_", unit, walk, top, AXES), *_chain(f"{word}_", unit, top)]
        found += [
            _p(f"{word}_per_kelvin_{x}", f"{unit}/K", 0.0, -1.0, 1.0, "bias per kelvin above the reference")
            for x in AXES
        ]
    found += _matrix("gyro_force", "rad*s/m", 0.0, 0.1, "rate read per specific force")
    found += [_p(f"correlation_{a}_{b}", "1", 0.0, -0.999, 0.999, "of white noise") for a, b in CORRELATIONS]
    found += [_p(f"lever_{x}", "m", 0.0, -10.0, 10.0, "accelerometer in the link's frame") for x in AXES]
    found += [_p("reference_temperature", "degC", 25.0, -50.0, 150.0, "where per_kelvin says nothing")]
    return (*found, *TIMING)


def _wrench() -> Table:
    cross = []
    for a, b in product(WRENCH_CHANNELS, WRENCH_CHANNELS):
        unit = "1" if a[0] == b[0] else {"f": "1/m", "t": "m"}[a[0]]
        meaning = "cross-talk: row what is read, column what is there"
        cross.append(_p(f"cross_{a}_{b}", unit, float(a == b), -10.0, 10.0, meaning))
    force = (*_offsets("force_", "N", "N/s^0.5", 1e4, AXES), *_chain("force_", "N", 1e5))
    torque = (*_offsets("torque_", "N*m", "N*m/s^0.5", 1e4, AXES), *_chain("torque_", "N*m", 1e5))
    return (*cross, *force, *torque, *TIMING)


def _effort(unit: str, gain_unit: str) -> Table:
    return (
        _p("gain", gain_unit, 1.0, -1e3, 1e3, "read per effort of the drive at the output"),
        _p("supply", "1", 0.0, 0.0, 1.0, "1: what the supply gives is read, the effort times the duty;"
           " 0: the winding's"),
        _p("ripple", unit, 0.0, 0.0, 1e3, "amplitude of what the rotor's angle adds"),
        _p("ripple_order", "1", 1.0, 0.0, 1e3, "waves of it in a turn of the rotor"),
        _p("ripple_phase", "rad", 0.0, -6.3, 6.3, "of it at joint angle 0"),
        _p("friction", "N*m", 0.0, 0.0, 1e3, "effort that is read but lost on the way, against the motion"),
        _p("friction_speed", "rad/s", 0.1, 1e-3, 10.0, "speed at which 71 % of it are there"),
        _p("unsigned", "1", 0.0, 0.0, 1.0, "1: magnitudes are read"),
        *_offsets("", unit, f"{unit}/s^0.5", 1e3),
        *_chain("", unit, 1e4),
        *TIMING,
    )  # fmt: skip


def _encoder() -> Table:
    return (
        *_offsets("", "rad", "rad/s^0.5", 10.0),
        *_chain("", "rad", 1e4),
        _p("play", "rad", 0.0, 0.0, 0.5, "full width of the backlash between joint and encoder"),
        _p("velocity_white", "rad/s", 0.0, 0.0, 100.0, "noise of one velocity sample, without a window"),
        _p("velocity_window", "1", 0.0, 0.0, MOST_WINDOW, "samples between two counts that a velocity is"
           " the difference of; 0: velocity is no difference"),
        _p("velocity_bandwidth", "Hz", 0.0, 0.0, 1e5, "of the low-pass behind the difference; 0 for none"),
        _p("velocity_resolution", "rad/s", 0.0, 0.0, 100.0, "one count of the velocity; 0 for none"),
        *TIMING,
    )  # fmt: skip


_FORCE = (*_offsets("", "N", "N/s^0.5", 1e4), *_chain("", "N", 1e5))
_POSE = (
    *_offsets("position_", "m", "m/s^0.5", 100.0, AXES),
    *_offsets("rotation_", "rad", "rad/s^0.5", 10.0, AXES),
    _p("delay", "s", 0.0, 0.0, 0.5, "age of what is read"),
    *TIMING,
)
TABLES: Mapping[str, Table] = {
    "imu": _imu(),
    "encoder": _encoder(),
    "current": _effort("A", "A/(N*m)"),
    "torque": _effort("N*m", "1"),
    "duty": (
        _p("gain", "1", 1.0, -1e3, 1e3, "read per share of the supply voltage"),
        _p("unsigned", "1", 0.0, 0.0, 1.0, "1: magnitudes are read"),
        *_offsets("", "1", "1/s^0.5", 1e3),
        *_chain("", "1", 1e4),
        *TIMING,
    ),
    "force": (
        _p("gain", "1", 1.0, -10.0, 10.0, "read per normal force"),
        _p("hysteresis", "N", 0.0, 0.0, 1e4, "full width of the play between loading and unloading"),
        *_FORCE,
        *TIMING,
    ),
    "contact": (
        _p("threshold_on", "N", 0.0, 0.0, 1e4, "the switch closes above this"),
        _p("threshold_off", "N", 0.0, 0.0, 1e4, "and opens at or below this"),
        _p("bounce", "1", 0.0, 0.0, 100.0, "samples after a change in each of which it may flip"),
        *_FORCE,
        *TIMING,
    ),
    "wrench": _wrench(),
    "pose": _POSE,
    "odometry": _POSE,
}


def sensors_of(robot: Robot) -> list[Described]:
    """The robot's sensors, encoders first.

    Raises:
        RobotError: a prior's name is none of its kind's, or its unit another; lists what there is.
    """
    found = [Described(f"{ENCODER}{e.joint}", "encoder", None, e.joint, e.parameters) for e in robot.encoders]
    found += [Described(s.name, s.kind, s.link, s.joint, s.parameters) for s in robot.sensors]
    for one in found:
        units = {p.name: p.unit for p in TABLES[one.kind]}
        for name, prior in one.priors.items():
            where = f"robots/{robot.name}: sensor {one.name}: parameter '{name}'"
            if name not in units:
                there = listed(units, most=20)
                raise RobotError(f"{where} is not of kind '{one.kind}'; available: {there}")
            if prior.unit != units[name]:
                raise RobotError(f"{where}: unit is '{prior.unit}', expected '{units[name]}'")
    return found


def neutral(robot: Robot) -> dict[str, float]:
    """Values by `sensor.<name>.<parameter>` with which no sensor errs [table's units]."""
    return {f"{PREFIX}{one.name}.{p.name}": p.value for one in sensors_of(robot) for p in TABLES[one.kind]}


def offered(robot: Robot) -> list[Parameter]:
    """Every parameter of every sensor, `sensor.<name>.<parameter>`, at its prior within the widest bounds."""
    found = []
    for one in sensors_of(robot):
        for p in TABLES[one.kind]:
            prior = one.priors.get(p.name)
            source = p.meaning if prior is None else f"{p.meaning}; {prior.source}"
            found.append(
                Parameter(
                    name=f"{PREFIX}{one.name}.{p.name}",
                    value=min(max(p.value if prior is None else prior.value, p.low), p.high),
                    unit=p.unit,
                    low=p.low,
                    high=p.high,
                    source=f"robots/{robot.name}; {source}",
                )
            )
    return found


def sensor_values(robot: Robot, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Every sensor's parameters by its name: the calibration's values, else robot.toml's, else neutral.

    Raises:
        CalibrationError: a name that starts with `sensor.` is no parameter of this robot's.
    """
    known = sensors_of(robot)
    found = {
        one.name: {
            p.name: values.get(
                f"{PREFIX}{one.name}.{p.name}", one.priors[p.name].value if p.name in one.priors else p.value
            )
            for p in TABLES[one.kind]
        }
        for one in known
    }
    names = {f"{PREFIX}{sensor}.{name}" for sensor, own in found.items() for name in own}
    if unknown := [name for name in values if name.startswith(PREFIX) and name not in names]:
        kinds = listed(f"{one.name} ({one.kind})" for one in known)
        raise CalibrationError(
            f"robots/{robot.name}: parameters {listed(unknown)} are of no sensor; its sensors: {kinds}"
        )
    return found
