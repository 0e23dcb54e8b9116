"""The drive's own controller: from command and measured motion to the motor's effort."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.actuators.parameters import (
    BACK_EMF,
    COMMAND_OFFSET,
    DEADBAND,
    DUTY_LIMIT,
    EFFORT_LIMIT,
    ENCODER_OFFSET,
    ENCODER_RESOLUTION,
    INTEGRAL_GAIN,
    MOTOR_LAG,
    OFF_BRAKING,
    POSITION_GAIN,
    RATE_LIMIT,
    RATED_VOLTAGE,
    RIPPLE_DROP,
    STALL_EFFORT,
    SUPPLY_DROP,
    VELOCITY_GAIN,
)
from hybridsim.actuators.state import ANGLE, DUTY, EFFORT, INTEGRAL, SPEED, TARGET
from hybridsim.robot import Drive

POSITION_LOOP, VELOCITY_LOOP, EFFORT_LOOP, IMPEDANCE_LOOP = 0, 1, 2, 3
"""What a command is: a position or a velocity whose loop sets the winding's voltage, an effort for a loop of
currents, or a position whose loop asks that loop for an effort."""


def loop_of(drive: Drive) -> int:
    """The loop that a drive's command closes."""
    if drive.command == "joint_velocity_command":
        return VELOCITY_LOOP
    if drive.command == "joint_effort_command":
        return EFFORT_LOOP
    return IMPEDANCE_LOOP if drive.position_loop == "effort" else POSITION_LOOP


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def encoder_count(angle: float, resolution: float) -> float:
    """The angle that an encoder of this resolution reports [rad]; the angle itself where it is 0."""
    if resolution <= 0.0:
        return angle
    return math.floor(angle / resolution + 0.5) * resolution


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def slewed(target: float, command: float, rate_limit: float, h: float) -> float:
    """The drive's own target, moving towards the command at no more than rate_limit a second."""
    step = rate_limit * h
    return target + min(max(command - target, -step), step)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def lagged(effort: float, wanted: float, lag: float, h: float) -> float:
    """The motor's effort, on its way to what is wanted with time constant `lag` [N*m]."""
    if lag <= 0.0:
        return wanted
    return wanted + (effort - wanted) * math.exp(-h / lag)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def position_error(p: np.ndarray, target: float, angle: float) -> float:
    """Target minus measured [rad], both in whole counts as in a servo's registers, less the deadband."""
    resolution = p[ENCODER_RESOLUTION]
    measured = encoder_count(angle + p[ENCODER_OFFSET], resolution)
    error = encoder_count(target + p[COMMAND_OFFSET], resolution) - measured
    return math.copysign(max(abs(error) - p[DEADBAND], 0.0), error)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def duty(
    p: np.ndarray, mode: int, gain: float, target: float, angle: float, speed: float, summed: float, h: float
) -> tuple[float, float]:
    """Share of the supply voltage on the motor, -duty_limit to duty_limit, and the sum of h * error.

        position loop: gain * position_gain * error - velocity_gain * speed + integral_gain * sum
        velocity loop: velocity_gain * error + integral_gain * sum

    Errors are target minus measured: positive when the command is ahead. The sum waits while the duty
    saturates in its direction, so it does not wind up.
    """
    limit = p[DUTY_LIMIT]
    if mode == VELOCITY_LOOP:
        error = target - speed
        wanted = p[VELOCITY_GAIN] * error
    else:
        error = position_error(p, target, angle)
        wanted = gain * p[POSITION_GAIN] * error - p[VELOCITY_GAIN] * speed
    if p[INTEGRAL_GAIN] > 0.0:
        total = wanted + p[INTEGRAL_GAIN] * (summed + h * error)
        if abs(total) <= limit or total * error < 0.0:
            summed += h * error
        wanted += p[INTEGRAL_GAIN] * summed
    return min(max(wanted, -limit), limit), summed


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def supply_left(p: np.ndarray, share: float, effort: float) -> float:
    """What is left of the effort after the supply's own resistance, as a factor; above 1 while braking.

        factor = 1 - sign(duty * effort) duty^2 (supply_drop + ripple_drop (1 - |duty|))

    A duty d draws d of the winding's current, in pulses whose ripple drops more voltage. The shape was chosen
    on the XL330 bench for how it extrapolates to other gains; it is not derived.
    """
    drop = share * share * (p[SUPPLY_DROP] + p[RIPPLE_DROP] * (1.0 - abs(share)))
    return max(1.0 - drop, 0.0) if share * effort > 0.0 else 1.0 + drop


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def driven_by_duty(p: np.ndarray, share: float, speed: float, full: float) -> tuple[float, float]:
    """Effort at zero speed and its loss with speed when a loop sets the winding's voltage."""
    emf = p[BACK_EMF]
    left = supply_left(p, share, full * share - emf * speed)
    damping = 0.0
    if abs(share) < p[DUTY_LIMIT] and p[MOTOR_LAG] <= 0.0:
        # The loop's own damping is handed on as damping, which the shaft integrates implicitly.
        damping = left * full * p[VELOCITY_GAIN]
    return left * full * share + damping * speed, left * emf + damping


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def driven_by_current(p: np.ndarray, target: float, speed: float, full: float) -> tuple[float, float]:
    """The same when a loop sets its current: the commanded effort, as far as the voltage reaches."""
    emf = p[BACK_EMF]
    share = math.copysign(p[DUTY_LIMIT], target + emf * speed)
    left = supply_left(p, share, full * share - emf * speed)
    largest = left * (full * share - emf * speed)
    if (target - largest) * share > 0.0:
        return left * full * share, left * emf
    return target, 0.0


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def impedance(p: np.ndarray, gain: float, target: float, angle: float, speed: float) -> float:
    """Effort that a spring and a damper to the target would give [N*m].

        effort = stall_effort (gain * position_gain * error - velocity_gain * speed)

    The error is target minus measured.
    """
    error = position_error(p, target, angle)
    return p[STALL_EFFORT] * (gain * p[POSITION_GAIN] * error - p[VELOCITY_GAIN] * speed)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def motor_effort(
    p: np.ndarray,
    s: np.ndarray,
    mode: int,
    command: float,
    gain: float,
    voltage: float,
    enabled: bool,
    h: float,
) -> tuple[float, float]:
    """Effort of the motor at zero speed [N*m] and its loss with speed [N*m*s/rad].

    Args:
        p: the drive's parameters.
        s: its state; target, lagged effort, accumulated error and duty are updated.
        mode: which loop the command closes.
        command: delayed [rad], [rad/s] or [N*m].
        gain: position-gain register, 1 where none is logged.
        voltage: supply voltage [V], 0 for the rated one.
        enabled: whether the motor is switched on.
        h: step [s].
    """
    if not enabled:
        position = mode in (POSITION_LOOP, IMPEDANCE_LOOP)
        s[TARGET] = s[ANGLE] + p[ENCODER_OFFSET] if position else 0.0
        s[EFFORT] = s[INTEGRAL] = s[DUTY] = 0.0
        return 0.0, p[OFF_BRAKING] * p[BACK_EMF]
    speed, target = s[SPEED], slewed(s[TARGET], command, p[RATE_LIMIT], h)
    full = p[STALL_EFFORT] * (voltage / p[RATED_VOLTAGE] if voltage > 0.0 else 1.0)
    if mode in (EFFORT_LOOP, IMPEDANCE_LOOP):
        wanted = impedance(p, gain, target, s[ANGLE], speed) if mode == IMPEDANCE_LOOP else target
        rest, damping = driven_by_current(p, wanted, speed, full)
        share = min(max((wanted + p[BACK_EMF] * speed) / full, -p[DUTY_LIMIT]), p[DUTY_LIMIT])
    else:
        share, summed = duty(p, mode, gain, target, s[ANGLE], speed, s[INTEGRAL], h)
        if p[INTEGRAL_GAIN] > 0.0:
            s[INTEGRAL] = summed
        rest, damping = driven_by_duty(p, share, speed, full)
    if abs(rest - damping * speed) > p[EFFORT_LIMIT]:
        rest, damping = math.copysign(p[EFFORT_LIMIT], rest - damping * speed), 0.0
        share = (rest + p[BACK_EMF] * speed) / full
    rest = lagged(s[EFFORT], rest, p[MOTOR_LAG], h)
    s[TARGET], s[EFFORT], s[DUTY] = target, rest, share
    return rest, damping
