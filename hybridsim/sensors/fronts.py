"""What sensors would read without errors of their own making: channels from the robot's true state.

Each kind is one function, which writes `ideal` [world channel] for its `own` rows of `table`. `front` [world
sensor parameter] holds the sensors' parameters, `memory` [world sensor slot] what they remember, both laid
out here; `count` [world ...] begins with the steps since the reset.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hybridsim.sensors.line import FIRST, SOURCE

IMU, ENCODER, EFFORT, FORCE, CONTACT, WRENCH, POSE = range(7)
"""Kinds, as compiled code tells them apart; current, torque and duty are EFFORT, odometry is POSE."""
CHANNELS = (6, 2, 1, 1, 1, 6, 10)
# Parameters of an IMU: maps [3 3] of rate, force and force onto rate, lever, biases per kelvin, reference.
GYRO_MAP, ACC_MAP, GYRO_FORCE, LEVER, PER_KELVIN, REFERENCE = 0, 9, 18, 27, 30, 36
PLAY, WINDOW, VELOCITY_SMOOTH, VELOCITY_RESOLUTION = range(4)
GAIN, RIPPLE, RIPPLE_ORDER, RIPPLE_PHASE, FRICTION, FRICTION_SPEED, READS, SUPPLY = range(8)
HYSTERESIS = 1
ON, OFF, BOUNCE = range(3)
FRONT = 37
# Columns of a frame's row: rotation_world_from_link, origin, its velocity and the angular one, world's axes.
ROTATION, ORIGIN, VELOCITY, SPIN = 0, 9, 12, 15
FRAME = 18
ANGLE, SPEED, MOTOR, JOINT, DUTY = range(5)
DRIVE = 5


class Sources(NamedTuple):
    """The robot's true state, as sensors meet it."""

    frames: np.ndarray
    """[world frame 18] of the links that carry sensors [rad, m, s]."""
    drives: np.ndarray
    """[world drive 5] joint ANGLE [rad], SPEED [rad/s], effort of MOTOR and on the JOINT [N*m], DUTY [1]."""
    force: np.ndarray
    """[world touch] normal force on the links that feel it [N]."""
    wrench: np.ndarray
    """[world sensor 6] force [N] and torque [N*m] on a link, its axes."""
    temperature: np.ndarray
    """[world] [degC]."""
    gravity: np.ndarray
    """[3] [m/s^2]."""


@njit(cache=True, nogil=True, error_model="numpy")
def inertial(
    table: np.ndarray,
    own: range,
    front: np.ndarray,
    memory: np.ndarray,
    ideal: np.ndarray,
    sources: Sources,
    worlds: np.ndarray,
    count: np.ndarray,
    h: float,
) -> None:
    """Rate and specific force that IMUs read: maps of both, and biases by temperature.

        gyro = K_g w + S f + b_g (T - T_0),  acc = K_a f + b_a (T - T_0),  f = Rᵀ (a - g) at the lever's end

    The acceleration is the velocity's difference over the step, so it is that of the step's middle: it is
    turned on by the half step that is left. At a reset it counts as none. Error: a steady spin's centripetal
    acceleration to (w h)²/8 of it, tests/sensors/test_fronts.py.
    """
    frames, g, rate, force = sources.frames, sources.gravity, np.empty(3), np.empty(3)
    for s in own:
        first, source = table[s, FIRST], table[s, SOURCE]
        for w in worlds:
            accelerate(frames, front, memory, w, s, source, count[w, 0] == 0, h, force)
            for k in range(3):
                rate[k] = 0.0
                for i in range(3):
                    rate[k] += frames[w, source, 3 * i + k] * frames[w, source, SPIN + i]
            into_link(frames, w, source, g, force)
            warm = sources.temperature[w] - front[w, s, REFERENCE]
            for k in range(3):
                gyro = front[w, s, PER_KELVIN + k] * warm
                acc = front[w, s, PER_KELVIN + 3 + k] * warm
                for i in range(3):
                    gyro += front[w, s, GYRO_MAP + 3 * k + i] * rate[i]
                    gyro += front[w, s, GYRO_FORCE + 3 * k + i] * force[i]
                    acc += front[w, s, ACC_MAP + 3 * k + i] * force[i]
                ideal[w, first + k], ideal[w, first + 3 + k] = gyro, acc


@njit(cache=True, nogil=True, inline="always")
def accelerate(
    frames: np.ndarray,
    front: np.ndarray,
    memory: np.ndarray,
    w: int,
    s: int,
    f: int,
    fresh: bool,
    h: float,
    out: np.ndarray,
) -> None:
    """Acceleration of a lever's end, world's axes [m/s^2]; `memory` holds its last velocity."""
    lever = (front[w, s, LEVER], front[w, s, LEVER + 1], front[w, s, LEVER + 2])
    x, y, z = turned(frames, w, f, lever)
    sx, sy, sz = frames[w, f, SPIN], frames[w, f, SPIN + 1], frames[w, f, SPIN + 2]
    vx = frames[w, f, VELOCITY] + sy * z - sz * y
    vy = frames[w, f, VELOCITY + 1] + sz * x - sx * z
    vz = frames[w, f, VELOCITY + 2] + sx * y - sy * x
    ax, ay, az = 0.0, 0.0, 0.0
    if not fresh:
        ax, ay, az = (vx - memory[w, s, 0]) / h, (vy - memory[w, s, 1]) / h, (vz - memory[w, s, 2]) / h
    memory[w, s, 0], memory[w, s, 1], memory[w, s, 2] = vx, vy, vz
    out[0] = ax + 0.5 * h * (sy * az - sz * ay)
    out[1] = ay + 0.5 * h * (sz * ax - sx * az)
    out[2] = az + 0.5 * h * (sx * ay - sy * ax)


@njit(cache=True, nogil=True, inline="always")
def turned(frames: np.ndarray, w: int, f: int, v: tuple[float, float, float]) -> tuple[Any, Any, Any]:
    """A vector of the link's axes in the world's."""
    return (
        frames[w, f, 0] * v[0] + frames[w, f, 1] * v[1] + frames[w, f, 2] * v[2],
        frames[w, f, 3] * v[0] + frames[w, f, 4] * v[1] + frames[w, f, 5] * v[2],
        frames[w, f, 6] * v[0] + frames[w, f, 7] * v[1] + frames[w, f, 8] * v[2],
    )


@njit(cache=True, nogil=True, inline="always")
def into_link(frames: np.ndarray, w: int, f: int, g: np.ndarray, a: np.ndarray) -> None:
    """From an acceleration in the world's axes to the specific force in the link's, in place."""
    x, y, z = a[0] - g[0], a[1] - g[1], a[2] - g[2]
    for k in range(3):
        a[k] = frames[w, f, k] * x + frames[w, f, 3 + k] * y + frames[w, f, 6 + k] * z


@njit(cache=True, nogil=True)
def played(before: Any, value: Any, width: Any) -> Any:
    """What lies behind a play of this full width: it follows only when an end pushes it."""
    return min(max(before, value - 0.5 * width), value + 0.5 * width)


@njit(cache=True, nogil=True, error_model="numpy")
def encoders(
    table: np.ndarray,
    own: range,
    front: np.ndarray,
    memory: np.ndarray,
    ideal: np.ndarray,
    drives: np.ndarray,
    worlds: np.ndarray,
    count: np.ndarray,
) -> None:
    """Angle behind the play, and the joint's speed."""
    for w in worlds:
        m, p, found, drive, fresh = memory[w], front[w], ideal[w], drives[w], count[w, 0] == 0
        for s in own:
            first, d = table[s, FIRST], table[s, SOURCE]
            angle = drive[d, ANGLE]
            m[s, 0] = played(angle if fresh else m[s, 0], angle, p[s, PLAY])
            found[first], found[first + 1] = m[s, 0], drive[d, SPEED]


@njit(cache=True, nogil=True, error_model="numpy")
def efforts(
    table: np.ndarray,
    own: range,
    front: np.ndarray,
    ideal: np.ndarray,
    drives: np.ndarray,
    worlds: np.ndarray,
) -> None:
    """Current or torque that a drive's effort shows: with dry friction on the way and the rotor's ripple.

    A supply gives duty times the winding's current, as a converter that loses nothing does.
    """
    for w in worlds:
        p, found, drive = front[w], ideal[w], drives[w]
        for s in own:
            d = table[s, SOURCE]
            value = drive[d, int(p[s, READS])]
            if p[s, FRICTION] > 0.0:
                share = drive[d, SPEED] / p[s, FRICTION_SPEED]
                value += p[s, FRICTION] * share / math.sqrt(1.0 + share * share)
            if p[s, SUPPLY] > 0.5:
                value *= drive[d, DUTY]
            value *= p[s, GAIN]
            if p[s, RIPPLE] > 0.0:
                phase = p[s, RIPPLE_ORDER] * drive[d, ANGLE] + p[s, RIPPLE_PHASE]
                value += p[s, RIPPLE] * math.sin(phase)
            found[table[s, FIRST]] = value


@njit(cache=True, nogil=True, error_model="numpy")
def forces(
    table: np.ndarray,
    own: range,
    front: np.ndarray,
    memory: np.ndarray,
    ideal: np.ndarray,
    force: np.ndarray,
    worlds: np.ndarray,
    count: np.ndarray,
) -> None:
    """Normal force on a foot, behind the play between loading and unloading."""
    for s in own:
        first, f = table[s, FIRST], table[s, SOURCE]
        for w in worlds:
            before = force[w, f] if count[w, 0] == 0 else memory[w, s, 0]
            memory[w, s, 0] = played(before, force[w, f], front[w, s, HYSTERESIS])
            ideal[w, first] = front[w, s, GAIN] * memory[w, s, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def loads(table: np.ndarray, own: range, ideal: np.ndarray, force: np.ndarray, worlds: np.ndarray) -> None:
    """Normal force that a switch feels."""
    for s in own:
        first, f = table[s, FIRST], table[s, SOURCE]
        for w in worlds:
            ideal[w, first] = force[w, f]


@njit(cache=True, nogil=True, error_model="numpy")
def wrenches(
    table: np.ndarray,
    own: range,
    front: np.ndarray,
    ideal: np.ndarray,
    wrench: np.ndarray,
    worlds: np.ndarray,
) -> None:
    """Six channels of a wrench, each with its share of the others."""
    for s in own:
        first, f = table[s, FIRST], table[s, SOURCE]
        for w in worlds:
            for i in range(6):
                ideal[w, first + i] = 0.0
                for k in range(6):
                    ideal[w, first + i] += front[w, s, 6 * i + k] * wrench[w, f, k]


@njit(cache=True, nogil=True, error_model="numpy")
def poses(
    table: np.ndarray,
    own: range,
    ideal: np.ndarray,
    frames: np.ndarray,
    worlds: np.ndarray,
    count: np.ndarray,
) -> None:
    """Position, orientation xyzw on the side of the last one, and a rotation error that starts from none."""
    found = np.empty(4)
    for s in own:
        first, f = table[s, FIRST], table[s, SOURCE]
        for w in worlds:
            quaternion_of(frames[w, f], found)
            along = found[3]
            if count[w, 0] > 0:
                along = 0.0
                for k in range(4):
                    along += found[k] * ideal[w, first + 3 + k]
            for k in range(3):
                ideal[w, first + k], ideal[w, first + 7 + k] = frames[w, f, ORIGIN + k], 0.0
            for k in range(4):
                ideal[w, first + 3 + k] = -found[k] if along < 0.0 else found[k]


@njit(cache=True, nogil=True)
def quaternion_of(r: np.ndarray, out: np.ndarray) -> None:
    """Unit quaternion xyzw of a rotation, its rows one after the other.

    Source: Shepperd 1978, "Quaternion from Rotation Matrix": the largest component first.
    """
    trace = r[0] + r[4] + r[8]
    size = (r[0], r[4], r[8], trace)
    largest = 0
    for k in range(1, 4):
        if size[k] > size[largest]:
            largest = k
    if largest == 3:
        out[0], out[1], out[2], out[3] = r[7] - r[5], r[2] - r[6], r[3] - r[1], 1.0 + trace
    else:
        i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
        out[i] = 1.0 + r[4 * i] - r[4 * j] - r[4 * k]
        out[j], out[k] = r[3 * i + j] + r[3 * j + i], r[3 * i + k] + r[3 * k + i]
        out[3] = r[3 * k + j] - r[3 * j + k]
    scale = 1.0 / math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2 + out[3] ** 2)
    for k in range(4):
        out[k] *= scale
