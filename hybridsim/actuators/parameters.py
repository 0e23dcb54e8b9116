"""The numbers that describe a drive: one table, used by the kernel, studies and calibrations alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.errors import CalibrationError, listed
from hybridsim.parameters import Parameter
from hybridsim.robot import Drive, Robot


class DriveParameter(NamedTuple):
    """A drive's parameter: its unit, neutral value, widest sensible bounds and meaning."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    scale: Literal["linear", "log"]
    meaning: str


def _p(name: str, unit: str, value: float, low: float, high: float, meaning: str) -> DriveParameter:
    scale: Literal["linear", "log"] = "log" if low > 0 else "linear"
    return DriveParameter(name, unit, value, low, high, scale, meaning)


# Neutral values switch an effect off; bounds are wide, a study narrows them.
DRIVE_PARAMETERS: tuple[DriveParameter, ...] = (
    _p("delay", "s", 0.0, 0.0, 0.2, "age of the command that the drive acts on"),
    _p("position_gain", "1/rad", 5.0, 1e-4, 500.0, "duty per position error (and register count, if logged)"),
    _p("velocity_gain", "s/rad", 0.0, 0.0, 10.0, "duty per velocity error"),
    _p("integral_gain", "1/(rad*s)", 0.0, 0.0, 1e3, "duty per accumulated error; 1/rad for velocity loops"),
    _p("deadband", "rad", 0.0, 0.0, 0.1, "position error that the drive ignores"),
    _p("duty_limit", "1", 1.0, 0.01, 1.0, "largest share of the supply voltage"),
    _p("rate_limit", "rad/s", 1e6, 0.01, 1e6, "slew rate of the drive's own target, in the command's unit"),
    _p("stall_effort", "N*m", 1.0, 1e-3, 1e4, "effort at rest, full duty and rated voltage"),
    _p("back_emf", "N*m*s/rad", 0.0, 0.0, 1e3, "effort lost per speed while the winding is driven"),
    _p("rated_voltage", "V", 1.0, 0.1, 1e3, "voltage at which stall_effort holds"),
    _p("supply_drop", "1", 0.0, 0.0, 1.0, "resistance of the supply over that of the winding"),
    _p("ripple_drop", "1", 0.0, 0.0, 5.0, "the same for the pulsed part of the current"),
    _p("off_braking", "1", 0.0, 0.0, 1.0, "share of back_emf that brakes while switched off"),
    _p("effort_limit", "N*m", 1e4, 1e-3, 1e4, "largest effort that the drive's current limit allows"),
    _p("motor_lag", "s", 0.0, 0.0, 0.2, "first-order lag of the motor's effort"),
    _p("armature", "kg*m^2", 0.01, 1e-6, 10.0, "rotor inertia, reflected to the output"),
    _p("motor_coulomb", "N*m", 0.0, 0.0, 100.0, "dry friction before the gears, at the output"),
    _p("motor_viscous", "N*m*s/rad", 0.0, 0.0, 100.0, "viscous friction before the gears, at the output"),
    _p("output_coulomb", "N*m", 0.0, 0.0, 100.0, "dry friction after the gears"),
    _p("output_viscous", "N*m*s/rad", 0.0, 0.0, 100.0, "viscous friction after the gears"),
    _p("stiction", "N*m", 0.0, 0.0, 100.0, "extra dry friction at rest (Stribeck)"),
    _p("stribeck_velocity", "rad/s", 0.1, 1e-3, 10.0, "speed at which the extra at rest has fallen to half"),
    _p("gear_loss_drive", "1", 0.0, 0.0, 0.95, "share of the transmitted effort lost while the motor drives"),
    _p("gear_loss_back", "1", 0.0, 0.0, 5.0, "the same while the load drives the motor back"),
    _p("gear_loss_drive_rest", "1", 0.0, 0.0, 0.95, "extra gear_loss_drive at rest (Stribeck)"),
    _p("gear_loss_back_rest", "1", 0.0, 0.0, 5.0, "extra gear_loss_back at rest (Stribeck)"),
    _p("gear_loss_growth", "1", 0.0, 0.0, 2.0, "what both losses gain from no to a very large effort"),
    _p("backlash", "rad", 0.0, 0.0, 0.2, "full width of the play between drive and joint"),
    _p("stiffness", "N*m/rad", 0.0, 0.0, 1e6, "of the gear train; 0 stands for rigid"),
    _p("command_offset", "rad", 0.0, -0.5, 0.5, "angle that the drive adds to every command"),
    _p("encoder_offset", "rad", 0.0, -0.5, 0.5, "measured minus true shaft angle"),
    _p("encoder_resolution", "rad", 0.0, 0.0, 0.1, "one count of the drive's encoder; 0 for none"),
    _p("stop_low", "rad", -1e3, -1e3, 1e3, "mechanical stop, measured angle"),
    _p("stop_high", "rad", 1e3, -1e3, 1e3, "mechanical stop, measured angle"),
)
NAMES: tuple[str, ...] = tuple(p.name for p in DRIVE_PARAMETERS)

# Columns of the parameter matrix, in the table's order; the kernel reads them as constants.
(
    DELAY,
    POSITION_GAIN,
    VELOCITY_GAIN,
    INTEGRAL_GAIN,
    DEADBAND,
    DUTY_LIMIT,
    RATE_LIMIT,
    STALL_EFFORT,
    BACK_EMF,
    RATED_VOLTAGE,
    SUPPLY_DROP,
    RIPPLE_DROP,
    OFF_BRAKING,
    EFFORT_LIMIT,
    MOTOR_LAG,
    ARMATURE,
    MOTOR_COULOMB,
    MOTOR_VISCOUS,
    OUTPUT_COULOMB,
    OUTPUT_VISCOUS,
    STICTION,
    STRIBECK_VELOCITY,
    GEAR_LOSS_DRIVE,
    GEAR_LOSS_BACK,
    GEAR_LOSS_DRIVE_REST,
    GEAR_LOSS_BACK_REST,
    GEAR_LOSS_GROWTH,
    BACKLASH,
    STIFFNESS,
    COMMAND_OFFSET,
    ENCODER_OFFSET,
    ENCODER_RESOLUTION,
    STOP_LOW,
    STOP_HIGH,
) = range(len(DRIVE_PARAMETERS))


def drive_defaults(drive: Drive) -> dict[str, float]:
    """A drive's prior from robot.toml: an ideal, frictionless drive of the rated values [table's units]."""
    values = {p.name: p.value for p in DRIVE_PARAMETERS}
    values["armature"] = max(drive.armature.value, 1e-6)
    values["stall_effort"] = drive.stall_effort.value
    values["rated_voltage"] = drive.rated_voltage.value
    values["back_emf"] = drive.stall_effort.value / drive.no_load_speed.value
    if drive.duty_limit is not None:
        values["duty_limit"] = drive.duty_limit.value
    if drive.velocity_gain is not None:
        values["velocity_gain"] = drive.velocity_gain.value
    if drive.position_gain_per_register is not None:
        values["position_gain"] = drive.position_gain_per_register.value
    return values


def offered(robot: Robot) -> list[Parameter]:
    """Every drive parameter of a robot, `drive.<joint>.<name>`, at its prior within the widest bounds."""
    found = []
    for drive in robot.drives:
        values = drive_defaults(drive)
        for p in DRIVE_PARAMETERS:
            found.append(
                Parameter(
                    name=f"drive.{drive.joint}.{p.name}",
                    value=min(max(values[p.name], p.low), p.high),
                    unit=p.unit,
                    low=p.low,
                    high=p.high,
                    scale=p.scale,
                    source=f"robots/{robot.name}; {p.meaning}",
                )
            )
    return found


def drive_matrix(joints: Sequence[str], values: Mapping[str, float]) -> Float[np.ndarray, "joint parameter"]:
    """Values by `drive.<joint>.<name>` as the kernel's matrix, one row a joint.

    Raises:
        CalibrationError: a value is missing; names it.
    """
    wanted = [[f"drive.{joint}.{name}" for name in NAMES] for joint in joints]
    missing = [name for row in wanted for name in row if name not in values]
    if missing:
        raise CalibrationError(
            f"drive parameters: {listed(missing)} missing; expected every name of the table"
        )
    return np.array([[values[name] for name in row] for row in wanted], dtype=float).reshape(-1, len(NAMES))
