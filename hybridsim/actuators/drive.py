"""One drive, one step: the scalar kernels that the simulator, identification and tests share.

Friction, back-EMF and the loop's damping are implicit; position feedback is explicit, so a step is stable
while h^2 * gain * position_gain * stall_effort < 4 * (armature + inertia of the body).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.actuators.gearbox import advance_speed, at_rest, effort_friction
from hybridsim.actuators.loop import motor_effort
from hybridsim.actuators.parameters import (
    BACKLASH,
    ENCODER_OFFSET,
    OUTPUT_COULOMB,
    OUTPUT_VISCOUS,
    STICTION,
    STIFFNESS,
    STOP_HIGH,
    STOP_LOW,
)
from hybridsim.actuators.state import (
    ANGLE,
    DUTY,
    EFFORT,
    INTEGRAL,
    JOINT_ANGLE,
    JOINT_SPEED,
    MOTOR,
    PLAY,
    SPEED,
    STATES,
    TARGET,
    TRANSMITTED,
)

__all__ = [
    "ANGLE",
    "DUTY",
    "EFFORT",
    "INTEGRAL",
    "JOINT_ANGLE",
    "JOINT_SPEED",
    "MOTOR",
    "PLAY",
    "SPEED",
    "STATES",
    "TARGET",
    "TRANSMITTED",
    "advance",
    "advance_effort",
]

# Chosen, because losses that grow with the transmitted effort change it in turn: a loop that must not close
# within one step, and a servo's load changes more slowly than this [s].
SMOOTHING = 5e-3


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def smoothed(value: float, new: float, h: float) -> float:
    """The transmitted effort that losses grow with [N*m]."""
    return value + (new - value) * min(1.0, h / SMOOTHING)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def carry_joint(
    p: np.ndarray, s: np.ndarray, angle: float, moved: float, load: float, load_inertia: float, h: float
) -> float:
    """Angle of the joint behind backlash and compliance, after the shaft moved by `moved` to `angle` [rad].

    Inside the play the joint is a free body under its load and the output's dry friction, so it stays where
    it was unless the load overcomes friction; at the play's ends the shaft carries it. Compliance bends by
    the load at rest, without resonance, and is kept apart from the play.
    Simplified: the shaft feels the load throughout, also in the few milliseconds of a crossing.
    """
    joint = angle
    if p[BACKLASH] > 0.0:
        half = 0.5 * p[BACKLASH]
        rubbed = h * (p[OUTPUT_COULOMB] + p[STICTION]) / load_inertia
        speed = s[JOINT_SPEED] - h * load / load_inertia
        speed = math.copysign(max(abs(speed) - rubbed, 0.0), speed)
        place = s[PLAY] + h * speed - moved
        if abs(place) >= half:
            place, speed = math.copysign(half, place), moved / h
        s[PLAY], s[JOINT_SPEED] = place, speed
        joint += place
    if p[STIFFNESS] > 0.0:
        joint -= load / p[STIFFNESS]
    return joint


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def advance(
    p: np.ndarray,
    s: np.ndarray,
    mode: int,
    command: float,
    gain: float,
    voltage: float,
    enabled: bool,
    load: float,
    load_inertia: float,
    h: float,
) -> None:
    """Motion coupling: integrate the drive's own shaft under the load, in place.

    Args:
        p: parameters, hybridsim.actuators.parameters.
        s: state, hybridsim.actuators.state.
        mode: which loop the command closes.
        command: delayed command [rad], [rad/s] or [N*m].
        gain: position-gain register.
        voltage: supply [V], 0 for the rated one.
        enabled: motor switched on.
        load: effort that the rigid body asks for at rest acceleration [N*m].
        load_inertia: of the rigid body about this joint, above 0 [kg*m^2].
        h: step [s].
    """
    effort, emf = motor_effort(p, s, mode, command, gain, voltage, enabled, h)
    before = s[ANGLE]
    speed, through = advance_speed(p, s[SPEED], s[TRANSMITTED], effort, emf, load, load_inertia, h)
    angle = before + h * speed
    low, high = p[STOP_LOW] - p[ENCODER_OFFSET], p[STOP_HIGH] - p[ENCODER_OFFSET]
    if angle < low:
        angle, speed = low, max(speed, 0.0)
    elif angle > high:
        angle, speed = high, min(speed, 0.0)
    s[ANGLE], s[SPEED], s[MOTOR] = angle, speed, effort - emf * speed
    s[TRANSMITTED] = smoothed(s[TRANSMITTED], through, h)
    s[JOINT_ANGLE] = carry_joint(p, s, angle, angle - before, load, load_inertia, h)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def advance_spring(p: np.ndarray, s: np.ndarray, rest: float, emf: float, angle: float, h: float) -> float:
    """Series elasticity: integrate the shaft in front of the spring; returns the spring's effort [N*m].

        effort = stiffness * (shaft - joint, less the backlash)

    Shaft and joint both move under the effort at the step's start, so the pair conserves energy; stable while
    h < 2 / sqrt(stiffness (1/armature + 1/inertia of the joint)).
    """
    twist = s[ANGLE] - angle
    effort = p[STIFFNESS] * math.copysign(max(abs(twist) - 0.5 * p[BACKLASH], 0.0), twist)
    speed, through = advance_speed(p, s[SPEED], s[TRANSMITTED], rest, emf, effort, 0.0, h, 0.0)
    s[ANGLE] += h * speed
    s[SPEED], s[MOTOR] = speed, rest - emf * speed
    s[TRANSMITTED] = smoothed(s[TRANSMITTED], through, h)
    return effort


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def advance_effort(
    p: np.ndarray,
    s: np.ndarray,
    mode: int,
    inputs: tuple[float, float, float, bool],
    body: tuple[float, float, float, float],
    h: float,
) -> tuple[float, float]:
    """Effort coupling: effort on the joint and the largest friction on it, for the next h seconds [N*m].

    With a stiffness of 0 shaft and joint are one, and the rigid body must carry the armature; otherwise the
    drive integrates its own shaft, armature included, and backlash opens around the spring.

    Args:
        p: parameters.
        s: state; shaft angle and speed are the joint's where nothing gives.
        mode: which loop the command closes.
        inputs: delayed command, gain register, supply [V], motor switched on.
        body: joint angle [rad], speed [rad/s], load [N*m], inertia without armature [kg*m^2].
        h: step [s].
    """
    command, gain, voltage, enabled = inputs
    angle, speed, load, inertia = body
    s[JOINT_ANGLE] = angle
    if p[STIFFNESS] > 0.0:
        rest, emf = motor_effort(p, s, mode, command, gain, voltage, enabled, h)
        effort = advance_spring(p, s, rest, emf, angle, h)
        dry = p[OUTPUT_COULOMB] + p[STICTION] * at_rest(p, speed)
        return effort, dry + p[OUTPUT_VISCOUS] * abs(speed)
    s[ANGLE], s[SPEED] = angle, speed
    rest, emf = motor_effort(p, s, mode, command, gain, voltage, enabled, h)
    s[MOTOR] = effort = rest - emf * speed
    friction, through = effort_friction(p, speed, effort, load, inertia, s[TRANSMITTED])
    s[TRANSMITTED] = smoothed(s[TRANSMITTED], through, h)
    return effort, friction
