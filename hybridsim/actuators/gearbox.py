"""Friction of a geared drive: what is lost between the motor and the joint, at rest and in motion.

The gears pass on a share of what the motor's side transmits, another share when the load drives them back:

    armature a      = motor - s motor_friction - transmitted
    load_inertia a  = k transmitted - load - s output_friction

with s the direction of motion and k = 1 - gear_loss_drive where `transmitted` drives the load,
1 + gear_loss_back where the load drives the motor. So a load is held without current up to k times the dry
friction before the gears, plus that after them. s is the direction at the end of the step: friction that
would reverse it holds.
Source: friction that depends on the load and on who drives, as in Rhoban/bam's models M4 to M6 (Duclusaud
et al. 2024, "Extended Friction Models for the Physics Simulation of Servo Actuators"), written for the
transmitted effort.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.actuators.parameters import (
    ARMATURE,
    GEAR_LOSS_BACK,
    GEAR_LOSS_BACK_REST,
    GEAR_LOSS_DRIVE,
    GEAR_LOSS_DRIVE_REST,
    GEAR_LOSS_GROWTH,
    MOTOR_COULOMB,
    MOTOR_VISCOUS,
    OUTPUT_COULOMB,
    OUTPUT_VISCOUS,
    STALL_EFFORT,
    STICTION,
    STRIBECK_VELOCITY,
)

# Share of stall_effort at which half the growth is reached; chosen, because unbounded growth fits as well and
# extrapolates to absurd losses at higher gains.
HALF_GROWN = 0.4
MOST_LOSS = 0.98  # chosen, because a gear train that passes nothing on would make the equation singular


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def at_rest(p: np.ndarray, speed: float) -> float:
    """The Stribeck factor: 1 at rest, 1/2 at stribeck_velocity, 0 far above it."""
    return 1.0 / (1.0 + (speed / p[STRIBECK_VELOCITY]) ** 2)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def transmissions(p: np.ndarray, speed: float, transmitted: float) -> tuple[float, float, float]:
    """Shares passed on when the motor drives and when the load does, and the Stribeck factor, 1 at rest."""
    rest = at_rest(p, speed)
    growth = p[GEAR_LOSS_GROWTH] * abs(transmitted) / (abs(transmitted) + HALF_GROWN * p[STALL_EFFORT])
    drive = 1.0 - min(p[GEAR_LOSS_DRIVE] + p[GEAR_LOSS_DRIVE_REST] * rest + growth, MOST_LOSS)
    back = 1.0 + p[GEAR_LOSS_BACK] + p[GEAR_LOSS_BACK_REST] * rest + growth
    return drive, back, rest


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def passed_on(
    p: np.ndarray, sign: float, shares: tuple[float, float], ends: tuple[float, float], load_inertia: float
) -> float:
    """The share k, of the two (motor drives, load drives), for motion in direction `sign`.

    With ends = (ahead, against), who drives does not depend on k itself, as eliminating a above shows:
    transmitted (k armature + load_inertia) = load_inertia ahead + armature against.
    """
    return shares[0] if sign * (load_inertia * ends[0] + p[ARMATURE] * ends[1]) > 0.0 else shares[1]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def advance_speed(
    p: np.ndarray,
    speed: float,
    transmitted: float,
    motor: float,
    emf: float,
    load: float,
    load_inertia: float,
    h: float,
    borne: float = 1.0,
) -> tuple[float, float]:
    """Shaft speed after h seconds, and the effort through the gears; any h is stable, damping is implicit.

    Args:
        p: the drive's parameters.
        speed: of the shaft [rad/s].
        transmitted: effort through the gears in the last steps [N*m].
        motor: effort at zero speed [N*m].
        emf: effort lost per speed to back-EMF and the loop's damping [N*m*s/rad].
        load: effort that the body or a spring asks for at this speed, positive where it pushes back [N*m].
        load_inertia: of the rigid body about the joint, 0 behind a spring [kg*m^2].
        h: step [s].
        borne: 1 where the shaft bears the output's friction, 0 where the joint behind a spring does.
    """
    drive, back, rest = transmissions(p, speed, transmitted)
    dry = borne * (p[OUTPUT_COULOMB] + p[STICTION] * rest)
    viscous, lossy = borne * p[OUTPUT_VISCOUS], emf + p[MOTOR_VISCOUS]
    sign = 1.0 if (speed > 0.0 or (speed == 0.0 and motor >= load)) else -1.0
    for _ in range(2):
        ahead, against = motor - sign * p[MOTOR_COULOMB], load + sign * dry
        ends = (ahead - lossy * speed, against + viscous * speed)
        share = passed_on(p, sign, (drive, back), ends, load_inertia)
        inertia = load_inertia + share * p[ARMATURE]
        push = share * ahead - against
        new = (speed * inertia + h * push) / (inertia + h * (share * lossy + viscous))
        if new * sign > 0.0:
            return new, ahead - lossy * new - p[ARMATURE] * (new - speed) / h
        sign = -sign
    # At rest the gears are statically indeterminate: anything between motor and load; taken in the middle.
    return 0.0, 0.5 * (motor + load)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def effort_friction(
    p: np.ndarray, speed: float, motor: float, load: float, load_inertia: float, transmitted: float
) -> tuple[float, float]:
    """Largest friction and the effort through the gears [N*m]; arguments as in `friction_limit`."""
    drive, back, rest = transmissions(p, speed, transmitted)
    sign = 1.0 if (speed > 0.0 or (speed == 0.0 and motor >= load)) else -1.0
    before = p[MOTOR_COULOMB] + p[MOTOR_VISCOUS] * abs(speed)
    after = p[OUTPUT_COULOMB] + p[STICTION] * rest + p[OUTPUT_VISCOUS] * abs(speed)
    through = ahead = sign * motor - before
    against = sign * load + after
    share = drive if ahead > 0.0 else back
    if load_inertia > 0.0 and (speed != 0.0 or share * ahead > against):
        share = passed_on(p, 1.0, (drive, back), (ahead, against), load_inertia)
        through = (load_inertia * ahead + p[ARMATURE] * against) / (load_inertia + share * p[ARMATURE])
    return before + after + (1.0 - share) * through, sign * through


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def friction_limit(
    p: np.ndarray, speed: float, motor: float, load: float, load_inertia: float, transmitted: float
) -> float:
    """Largest effort that friction can put against the motion of a joint [N*m], for effort coupling.

    The engine's solver applies up to this much to keep the joint at rest, so friction stops and holds.
    The body's inertia must include the armature.

    Args:
        p: the drive's parameters.
        speed: of the joint [rad/s].
        motor: the motor's effort at this speed [N*m].
        load: effort that the rigid body asks for [N*m].
        load_inertia: of the rigid body alone [kg*m^2]; 0 where unknown: the armature's share is neglected.
        transmitted: effort through the gears in the last steps [N*m].
    """
    return effort_friction(p, speed, motor, load, load_inertia, transmitted)[0]
