"""What a stand-in is made of, drawn from a seed and shown to nobody.

Every range is chosen: wide enough that a simulator from data sheets is wrong, narrow enough that the robot
stands and walks. Sources are named where there are any.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError

PerJoint = Float[np.ndarray, "12"]
Vector = Float[np.ndarray, "3"]
JOINTS = 12
LINKS = 12
"""Moving links, the base apart."""
POSITION_GAIN, VELOCITY_GAIN = 80.0, 2.0
"""Of the drives as documented [N*m/rad, N*m*s/rad]; those of an individual differ."""
RATED_VOLTAGE = 48.0
"""At which torque and speed of the drives are stated [V]."""
DOMAIN = "hybridsim.standin"
"""Goes into every seed, so that no other part of hybridsim ever draws the numbers of a stand-in."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DriveDraw:
    """Twelve drives; torque and speed at the joint, gears included.

    Attributes:
        delay: from a command being sent to the drive acting on it [s].
        lag: time constant of the motor's torque behind what the drive asks for [s]. With the delay at least
            LEAST_LAG, for every drive.
        position_gain: of the drive's own loop [N*m/rad].
        velocity_gain: of the same [N*m*s/rad].
        coulomb: dry friction of rotor and gears [N*m].
        viscous: of the same [N*m*s/rad].
        gear_loss: dry friction per torque through the gears [1].
        stiffness: of the spring between gears and joint [N*m/rad].
        spring_damping: of the same [N*m*s/rad].
        rotor_inertia: in front of the spring, gears included [kg*m^2].
        torque_limit: that the drive allows its motor [N*m].
        stall_torque: that the motor could give at the rated voltage, standing [N*m].
        no_load_speed: of the motor at the rated voltage [rad/s].
    """

    delay: PerJoint
    lag: PerJoint
    position_gain: PerJoint
    velocity_gain: PerJoint
    coulomb: PerJoint
    viscous: PerJoint
    gear_loss: PerJoint
    stiffness: PerJoint
    spring_damping: PerJoint
    rotor_inertia: PerJoint
    torque_limit: PerJoint
    stall_torque: PerJoint
    no_load_speed: PerJoint


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BodyDraw:
    """Masses and feet.

    Attributes:
        base_scale: mass of the base over the URDF's [1]; its inertia scales along.
        base_offset: of the base's centre of mass from the URDF's [m].
        link_scale: the same as base_scale for every moving link [1].
        friction: of the feet on the ground [1].
        softness: time constant of a contact [s].
    """

    base_scale: float
    base_offset: Vector
    link_scale: Float[np.ndarray, "12"]
    friction: float
    softness: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SensorDraw:
    """How sensors err; noise is the standard deviation of a sample.

    Attributes:
        encoder_offset: of a joint's zero, which the drive's own loop reads too [rad].
        encoder_noise: [rad].
        velocity_noise: [rad/s].
        effort_gain: measured torque over the spring's [1].
        effort_offset: [N*m].
        effort_noise: [N*m].
        gyro_bias: [rad/s].
        gyro_noise: [rad/s].
        acceleration_bias: [m/s^2].
        acceleration_noise: [m/s^2].
        tilt_offset: of the estimated orientation about the world's x and y [rad].
        tilt_wander: how far that swings to and fro [rad].
        wander_period: of those swings [s].
        yaw_drift: of the estimated heading [rad/s].
        joint_delay: of encoders and torques [s].
        imu_delay: of gyro and accelerometer [s].
        orientation_delay: of the estimated orientation [s].
        contact_delay: of the estimated contacts [s].
        touch_on: force of a foot that counts as contact [N].
        touch_off: below which the contact ends [N].
        voltage_noise: [V].
    """

    encoder_offset: PerJoint
    encoder_noise: float
    velocity_noise: float
    effort_gain: PerJoint
    effort_offset: PerJoint
    effort_noise: float
    gyro_bias: Vector
    gyro_noise: float
    acceleration_bias: Vector
    acceleration_noise: float
    tilt_offset: Float[np.ndarray, "2"]
    tilt_wander: float
    wander_period: float
    yaw_drift: float
    joint_delay: float
    imu_delay: float
    orientation_delay: float
    contact_delay: float
    touch_on: float
    touch_off: float
    voltage_noise: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BatteryDraw:
    """The battery and what else it feeds.

    Attributes:
        resistance: inside [ohm].
        idle_power: of computers and electronics [W].
        copper_loss: power that a drive turns into heat per squared torque [W/(N*m)^2].
    """

    resistance: float
    idle_power: float
    copper_loss: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Hidden:
    """One individual. It has no readable form: a fit that has seen the truth proves nothing.

    Attributes:
        seed: what it was drawn from.
        drives: see there.
        body: see there.
        sensors: see there.
        battery: see there.
    """

    seed: int
    drives: DriveDraw
    body: BodyDraw
    sensors: SensorDraw
    battery: BatteryDraw


LEAST_LAG = 0.030
"""From position command to torque, delay and lag together [s]."""


def stream(seed: int, *words: str | int) -> np.random.Generator:
    """Random numbers of their own for each seed and use, the same on every machine.

    Raises:
        SimulationError: the seed is negative.
    """
    if seed < 0:
        raise SimulationError(f"stand-in: seed is {seed}; expected zero or more")
    text = "/".join([DOMAIN, str(seed), *map(str, words)])
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def draw(seed: int) -> Hidden:
    """The individual that a seed makes.

    Raises:
        SimulationError: the seed is negative.
    """
    return Hidden(
        seed=seed,
        drives=_drives(stream(seed, "drives")),
        body=_body(stream(seed, "body")),
        sensors=_sensors(stream(seed, "sensors")),
        battery=_battery(stream(seed, "battery")),
    )


def charge(seed: int, recording: int) -> float:
    """Voltage of the unloaded battery in one recording or episode [V]."""
    return float(stream(seed, "charge", recording).uniform(43.0, 53.0))


def _drives(random: np.random.Generator) -> DriveDraw:
    """The lag lies inside the drive's loop and the delay before it.

    With k and d the gains, b the friction and T the lag, a loop around any inertia is stable where
    b + d > k T (Routh), so the lag stays below 19 ms and the bus and its scheduling take the rest.
    """

    def each(low: float, high: float) -> PerJoint:
        return random.uniform(low, high, JOINTS)

    return DriveDraw(
        delay=each(0.016, 0.022),
        lag=each(0.015, 0.019),
        position_gain=POSITION_GAIN * each(0.85, 1.15),
        velocity_gain=VELOCITY_GAIN * each(0.85, 1.15),
        coulomb=each(0.5, 1.5),
        viscous=each(0.5, 1.2),
        gear_loss=each(0.02, 0.06),
        stiffness=each(400.0, 800.0),
        spring_damping=each(0.5, 1.5),
        rotor_inertia=each(0.03, 0.06),
        torque_limit=each(65.0, 80.0),
        stall_torque=each(85.0, 120.0),
        no_load_speed=each(9.0, 12.0),
    )


def _body(random: np.random.Generator) -> BodyDraw:
    return BodyDraw(
        base_scale=random.uniform(0.9, 1.1),
        base_offset=random.uniform([-0.03, -0.015, -0.02], [0.03, 0.015, 0.02]),
        link_scale=random.uniform(0.92, 1.08, LINKS),
        friction=random.uniform(0.5, 1.0),
        softness=random.uniform(0.006, 0.015),
    )


def _sensors(random: np.random.Generator) -> SensorDraw:
    return SensorDraw(
        encoder_offset=random.uniform(-5e-3, 5e-3, JOINTS),
        encoder_noise=random.uniform(1e-4, 3e-4),
        velocity_noise=random.uniform(0.01, 0.03),
        effort_gain=random.uniform(0.97, 1.03, JOINTS),
        effort_offset=random.uniform(-0.3, 0.3, JOINTS),
        effort_noise=random.uniform(0.1, 0.4),
        gyro_bias=random.uniform(-0.01, 0.01, 3),
        gyro_noise=random.uniform(0.003, 0.01),
        acceleration_bias=random.uniform(-0.1, 0.1, 3),
        acceleration_noise=random.uniform(0.03, 0.1),
        tilt_offset=random.uniform(-8e-3, 8e-3, 2),
        tilt_wander=random.uniform(1e-3, 4e-3),
        wander_period=random.uniform(10.0, 30.0),
        yaw_drift=random.uniform(-1e-3, 1e-3),
        joint_delay=random.uniform(0.002, 0.006),
        imu_delay=random.uniform(0.002, 0.006),
        orientation_delay=random.uniform(0.002, 0.006),
        contact_delay=random.uniform(0.002, 0.006),
        touch_on=random.uniform(20.0, 35.0),
        touch_off=random.uniform(8.0, 15.0),
        voltage_noise=random.uniform(0.01, 0.05),
    )


def _battery(random: np.random.Generator) -> BatteryDraw:
    return BatteryDraw(
        resistance=random.uniform(0.05, 0.12),
        idle_power=random.uniform(100.0, 180.0),
        copper_loss=random.uniform(0.03, 0.06),
    )


def reveal(seed: int) -> dict[str, dict[str, object]]:
    """Everything drawn from a seed, by group and name. For tests only.

    No command prints this, on purpose: whoever calibrates or trains against a stand-in and reads its values
    has no stand-in any more, only a second simulator with known parameters.
    """
    hidden = draw(seed)
    return {group: vars(getattr(hidden, group)) for group in ("drives", "body", "sensors", "battery")}
