"""Names of signals with their SI units, and the units a source may use instead."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from hybridsim.errors import SpecError, listed

SignalKind = Literal["angle", "scalar", "vector", "quaternion"]

# unit -> (SI unit, factor, offset): value in SI = factor * value + offset
UNITS: dict[str, tuple[str, float, float]] = {
    "1": ("1", 1.0, 0.0),
    "%": ("1", 0.01, 0.0),
    "1/s": ("1/s", 1.0, 0.0),
    "rad": ("rad", 1.0, 0.0),
    "mrad": ("rad", 1e-3, 0.0),
    "deg": ("rad", math.pi / 180, 0.0),
    "turn": ("rad", 2 * math.pi, 0.0),
    "rad/s": ("rad/s", 1.0, 0.0),
    "deg/s": ("rad/s", math.pi / 180, 0.0),
    "rpm": ("rad/s", 2 * math.pi / 60, 0.0),
    "m": ("m", 1.0, 0.0),
    "mm": ("m", 1e-3, 0.0),
    "cm": ("m", 1e-2, 0.0),
    "m/s": ("m/s", 1.0, 0.0),
    "m/s^2": ("m/s^2", 1.0, 0.0),
    "g0": ("m/s^2", 9.80665, 0.0),
    "kg": ("kg", 1.0, 0.0),
    "g": ("kg", 1e-3, 0.0),
    "kg*m^2": ("kg*m^2", 1.0, 0.0),
    "N": ("N", 1.0, 0.0),
    "N/m": ("N/m", 1.0, 0.0),
    "N*s/m": ("N*s/m", 1.0, 0.0),
    "N*m": ("N*m", 1.0, 0.0),
    "mN*m": ("N*m", 1e-3, 0.0),
    "kgf*cm": ("N*m", 0.0980665, 0.0),
    "N*m/A": ("N*m/A", 1.0, 0.0),
    "1/rad": ("1/rad", 1.0, 0.0),
    "A": ("A", 1.0, 0.0),
    "mA": ("A", 1e-3, 0.0),
    "V": ("V", 1.0, 0.0),
    "mV": ("V", 1e-3, 0.0),
    "ohm": ("ohm", 1.0, 0.0),
    "T": ("T", 1.0, 0.0),
    "mT": ("T", 1e-3, 0.0),
    "uT": ("T", 1e-6, 0.0),
    "degC": ("degC", 1.0, 0.0),
    "K": ("degC", 1.0, -273.15),
    "s": ("s", 1.0, 0.0),
    "ms": ("s", 1e-3, 0.0),
    "us": ("s", 1e-6, 0.0),
    "ns": ("s", 1e-9, 0.0),
}


def si_conversion(unit: str, si: str) -> tuple[float, float]:
    """Factor and offset that turn a value in `unit` into one in `si`.

    Raises:
        SpecError: the unit is unknown, or measures something else; lists the units that fit.
    """
    fitting = [name for name, (target, _, _) in UNITS.items() if target == si]
    if unit not in UNITS:
        raise SpecError(f"unit '{unit}' is unknown; expected a unit of {si}; available: {listed(fitting)}")
    target, factor, offset = UNITS[unit]
    if target != si:
        raise SpecError(f"unit '{unit}' measures {target}; expected {si}; available: {listed(fitting)}")
    return factor, offset


@dataclass(frozen=True)
class SignalWord:
    """What a signal's name promises.

    Attributes:
        unit: SI unit of every component.
        kind: how errors of it are measured.
        per_joint: whether its components are the robot's joints.
        low: below this a recorded value is taken for garbage [unit].
        high: above this, too [unit].
        limit: the joint limit that tightens `low` and `high` where the robot states one.
        meaning: one line, with frame and sign.
    """

    unit: str
    kind: SignalKind
    meaning: str
    per_joint: bool = False
    low: float = -1e6
    high: float = 1e6
    limit: Literal["position", "velocity", "effort"] | None = None


def _joint(
    unit: str,
    meaning: str,
    bound: float,
    kind: SignalKind = "scalar",
    limit: Literal["position", "velocity", "effort"] | None = None,
) -> SignalWord:
    return SignalWord(unit, kind, meaning, per_joint=True, low=-bound, high=bound, limit=limit)


# Bounds: chosen, because no robot of ours comes near them and no garbage of ours stays inside by chance.
SIGNALS: dict[str, SignalWord] = {
    "joint_position_command": _joint("rad", "commanded joint angle", 1e3, "angle", "position"),
    "joint_position": _joint("rad", "measured joint angle", 1e3, "angle", "position"),
    "joint_velocity_command": _joint("rad/s", "commanded joint velocity", 1e3, limit="velocity"),
    "joint_velocity": _joint("rad/s", "measured joint velocity", 1e3, limit="velocity"),
    "joint_effort_command": _joint("N*m", "commanded joint torque", 1e5, limit="effort"),
    "joint_effort": _joint("N*m", "torque on the joint, positive along its axis", 1e5, limit="effort"),
    "joint_effort_magnitude": _joint("N*m", "estimate of |torque|, sign unknown", 1e5, limit="effort"),
    "motor_current": _joint("A", "motor current", 1e3),
    "motor_enabled": _joint("1", "1: the drive holds, 0: it is switched off", 1.0),
    "intervention": SignalWord("1", "scalar", "1: a person acts on the robot", low=0.0, high=1.0),
    "emergency_stop": SignalWord("1", "scalar", "1: somebody or something has stopped it", low=0.0, high=1.0),
    "motor_duty": _joint("1", "share of the supply voltage put on the motor, signed", 1.5),
    "gripper_opening_command": _joint("1", "commanded opening, 0 closed to 1 open", 10.0),
    "gripper_opening": _joint("1", "measured opening, 0 closed to 1 open", 10.0),
    "gripper_opening_velocity": _joint("1/s", "rate of the measured opening", 1e3),
    "supply_voltage": SignalWord("V", "scalar", "voltage at the drives' input", low=0.0, high=1e3),
    "temperature": _joint("degC", "temperature inside the drive", 300.0),
    "position_gain": _joint("1", "position-gain register of the drive", 1e6),
    "base_position": SignalWord("m", "vector", "base origin in the world"),
    "base_orientation": SignalWord("1", "quaternion", "rotation_world_from_body, xyzw", low=-1.1, high=1.1),
    "base_linear_velocity": SignalWord("m/s", "vector", "of the base origin, in the signal's frame"),
    "base_angular_velocity": SignalWord("rad/s", "vector", "of the base, in the signal's frame"),
    "imu_orientation": SignalWord("1", "quaternion", "rotation_world_from_sensor, xyzw", low=-1.1, high=1.1),
    "imu_angular_velocity": SignalWord("rad/s", "vector", "in the sensor's frame", low=-1e3, high=1e3),
    "imu_linear_acceleration": SignalWord(
        "m/s^2", "vector", "specific force, sensor's frame", low=-1e5, high=1e5
    ),
    "imu_magnetic_field": SignalWord("T", "vector", "flux density, sensor's frame", low=-10.0, high=10.0),
    "movement": SignalWord("1", "scalar", "1: part of a movement, 0: of a rest", low=0.0, high=1.0),
    "tool_position": SignalWord("m", "vector", "what pushes, in the world; z may be robot.toml's"),
    "tool_orientation": SignalWord("1", "quaternion", "rotation_world_from_tool, xyzw", low=-1.1, high=1.1),
    "foot_force": SignalWord("N", "vector", "contact force on a foot"),
    "wrench": SignalWord("N", "vector", "force on the sensor, its frame"),
    "wrench_torque": SignalWord("N*m", "vector", "torque on the sensor, its frame"),
    "contact": SignalWord("1", "scalar", "1: in contact", low=0.0, high=1.0),
}


def signal_word(name: str) -> SignalWord:
    """What the signal of this name means; `wrench.left_wrist` is a wrench, one of several.

    Raises:
        SpecError: no such signal; lists the names there are.
    """
    word = name.partition(".")[0]
    if word not in SIGNALS:
        raise SpecError(f"signal '{name}' is unknown; available: {listed(SIGNALS, most=40)}")
    return SIGNALS[word]


def is_quaternion(name: str) -> bool:
    """Whether the signal of this name is a quaternion xyzw."""
    return signal_word(name).kind == "quaternion"
