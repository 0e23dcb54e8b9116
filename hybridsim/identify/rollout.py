"""Free-running replay of one drive along the recorded path of the others, fast enough to search with.

The load on a joint is that of the rigid body with every other joint where the log measured it and this joint
where the simulation has it, which is exact for one joint and good to the others' errors for an arm. Gravity
about a hinge is a first harmonic of its own angle, so two numbers a sample give it at any angle.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.actuators.drive import ANGLE, JOINT_ANGLE, SPEED, STATES, TARGET, advance
from hybridsim.actuators.parameters import DELAY, ENCODER_OFFSET


class DrivePath(NamedTuple):
    """One drive along many logs, rows of all logs one after the other; a tuple, so that numba reads it."""

    first: np.ndarray
    """[log + 1] row at which each log starts, and the end."""
    time: np.ndarray
    """[row] stamps [s]."""
    command: np.ndarray
    """[row] as sent at the stamp, joint angle [rad]."""
    measured: np.ndarray
    """[row] encoder's angle, holes filled [rad]."""
    gain: np.ndarray
    voltage: np.ndarray
    enabled: np.ndarray
    inertia: np.ndarray
    """[row] of the rigid body about the joint [kg·m²]."""
    gap: np.ndarray
    """[row] height of the body's lowest point above z = 0 with all joints as measured [m]."""
    gap_rate: np.ndarray
    """[row] change of that height with this joint [m/rad]."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def held_command(path: DrivePath, start: int, row: int, k: int, begin: float, h: float) -> tuple[float, int]:
    """Mean of the held command from `begin` to `begin + h`, and the row it comes from."""
    while k < row and path.time[k + 1] <= begin:
        k += 1
    while k > start and path.time[k] > begin:
        k -= 1
    value = path.command[k]
    if k < row and path.time[k + 1] < begin + h:
        share = (begin + h - path.time[k + 1]) / h
        value += share * (path.command[k + 1] - value)
    return value, k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def rollout(
    p: np.ndarray,
    mode: int,
    path: DrivePath,
    load: np.ndarray,
    load_slope: np.ndarray,
    ground: tuple[float, float],
    timestep: float,
    out: np.ndarray,
    loads: np.ndarray,
    speeds: np.ndarray,
) -> None:
    """Replay every log from its first measured state; measurements are never looked at again.

    Args:
        p: the drive's parameters.
        mode: which loop the command closes.
        path: the logs.
        load: [row] gravity's effort at the measured angle [N*m].
        load_slope: [row] its change with the joint [N*m/rad].
        ground: height of the ground [m] and its stiffness [N/m], 0 for none.
        timestep: longest step [s].
        out: [row] encoder angle, written [rad].
        loads: [row] load effort, written [N*m].
        speeds: [row] of the shaft, written [rad/s].
    """
    s = np.zeros(STATES)
    height, stiffness = ground
    for log in range(len(path.first) - 1):
        start, end = path.first[log], path.first[log + 1]
        s[:] = 0.0
        s[ANGLE] = path.measured[start] - p[ENCODER_OFFSET]
        s[JOINT_ANGLE] = s[ANGLE]
        s[TARGET] = path.measured[start]
        out[start] = path.measured[start]
        loads[start] = load[start]
        speeds[start] = 0.0
        k = start
        for i in range(start, end - 1):
            span = path.time[i + 1] - path.time[i]
            steps = max(1, math.ceil(span / timestep - 1e-3))
            h = span / steps
            for n in range(steps):
                begin = path.time[i] + n * h - p[DELAY]
                command, k = held_command(path, start, i, k, begin, h)
                away = s[JOINT_ANGLE] - path.measured[i]
                asked = load[i] * math.cos(away) + load_slope[i] * math.sin(away)
                depth = height - path.gap[i] - path.gap_rate[i] * away
                if depth > 0.0:
                    asked -= stiffness * depth * path.gap_rate[i]
                advance(
                    p,
                    s,
                    mode,
                    command,
                    path.gain[i],
                    path.voltage[i],
                    path.enabled[i],
                    asked,
                    path.inertia[i],
                    h,
                )
            out[i + 1] = s[ANGLE] + p[ENCODER_OFFSET]
            loads[i + 1] = asked
            speeds[i + 1] = s[SPEED]
