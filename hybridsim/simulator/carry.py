"""Many steps of carried bodies in one compiled call: drives, networks, clearance, motion, load.

Worlds do not know each other: each one's numbers are the same in any company, and in blocks of any length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.actuators.batch import DriveArrays, delay_commands, push_commands
from hybridsim.actuators.drive import ANGLE, DUTY, JOINT_ANGLE, MOTOR, SPEED, advance
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.physics.burden import burden
from hybridsim.physics.carried import Carried
from hybridsim.physics.clearance import Heights, lowest_of, new_heights
from hybridsim.physics.recursion import Work, new_work
from hybridsim.simulator.recall import Recall, renew


class Mounting(NamedTuple):
    """Drives on the body's joints, and what the body asks of them."""

    order: np.ndarray
    """[drive] its joint."""
    sign: np.ndarray
    """[joint] URDF angle = sign * joint angle + zero."""
    zero: np.ndarray
    """[joint] [rad]."""
    load: np.ndarray
    """[world drive] [N*m]."""
    inertia: np.ndarray
    """[world drive] [kg*m^2]."""


class Rows(NamedTuple):
    """What is fed to the drives: rows of one table for all worlds, and which row when."""

    command: np.ndarray
    """[row drive] in joint angle [rad]."""
    gain: np.ndarray
    """[row drive]."""
    voltage: np.ndarray
    """[row drive] [V]."""
    enabled: np.ndarray
    """[row drive] bool."""
    row: np.ndarray
    """[step world]."""
    steps: np.ndarray
    """[world] after which it is left alone."""


class Scratch(NamedTuple):
    """Room for one step."""

    work: Work
    heights: Heights
    command: np.ndarray
    """[world drive]."""
    active: np.ndarray
    """[world]."""
    rest: np.ndarray
    """[joint] zeros."""
    effort: np.ndarray
    """[joint]."""
    inertia: np.ndarray
    """[joint]."""


@njit(cache=True, nogil=True)
def new_scratch(worlds: int, joints: int, drives: int) -> Scratch:
    """Room for one step of so many worlds."""
    rows = np.zeros((3, joints))
    command, active = np.zeros((worlds, drives)), np.zeros(worlds, np.bool_)
    return Scratch(new_work(joints), new_heights(joints), command, active, rows[0], rows[1], rows[2])


FINISHED, TOUCHING, BROKEN = 0, 1, 2
KEPT = ("angle", "analytic", "speed", "load", "command", "spread", "motor", "duty")
"""Encoder angle, the same without network [rad], speed [rad/s], load [N*m], command, ensemble's spread, the
motor's effort [N*m] and the share of the supply voltage on it [1]."""


@njit(cache=True, nogil=True)
def run(
    drives: DriveArrays,
    recall: Recall,
    mounting: Mounting,
    body: Carried,
    rows: Rows,
    kept: np.ndarray,
    begin: int,
    touched: bool,
) -> tuple[int, int]:
    """Step until the rows end, or a world comes near the ground and needs PyBullet.

    Args:
        drives: state, advanced.
        recall: networks, advanced.
        mounting: load and inertia, written.
        body: state, advanced; `near` says which worlds need PyBullet to follow `target`.
        rows: inputs.
        kept: [8 step world drive] or with no step to keep nothing; see `keep`.
        begin: first step.
        touched: whether that step only waited for PyBullet, which has stepped now.

    Returns:
        The step reached and FINISHED, TOUCHING or BROKEN: a position is not finite.
    """
    worlds, joints = body.position.shape
    scratch = new_scratch(worlds, joints, len(mounting.order))
    for k in range(begin, len(rows.row)):
        for w in range(worlds):
            scratch.active[w] = k < rows.steps[w]
        if touched:
            feed(drives, rows, k, scratch)
        else:
            drive(drives, recall, mounting, rows, k, scratch, body.timestep)
            if aim(drives, recall, mounting, body, scratch):
                return k, TOUCHING
        touched = False
        for w in range(worlds):
            if scratch.active[w]:
                if not settle(mounting, body, scratch, w):
                    return k, BROKEN
                if kept.shape[1] > 0:
                    keep(drives, recall, mounting, scratch.command, kept[:, k], w)
    return len(rows.row), FINISHED


@njit(cache=True, nogil=True)
def feed(drives: DriveArrays, rows: Rows, k: int, scratch: Scratch) -> None:
    """Set the drives' inputs to those of step k."""
    for w in range(len(drives.gain)):
        if scratch.active[w]:
            r = rows.row[k, w]
            for d in range(rows.command.shape[1]):
                scratch.command[w, d] = rows.command[r, d]
                drives.gain[w, d] = rows.gain[r, d]
                drives.voltage[w, d] = rows.voltage[r, d]
                drives.enabled[w, d] = rows.enabled[r, d]


@njit(cache=True, nogil=True)
def drive(
    drives: DriveArrays,
    recall: Recall,
    mounting: Mounting,
    rows: Rows,
    k: int,
    scratch: Scratch,
    timestep: float,
) -> None:
    """Advance drives and networks by one step."""
    feed(drives, rows, k, scratch)
    push_commands(drives.past, drives.head, scratch.command)
    delay_commands(drives.past, drives.head, drives.parameters, timestep, drives.delayed)
    for w in range(len(drives.gain)):
        if not scratch.active[w]:
            continue
        for d in range(len(drives.modes)):
            advance(
                drives.parameters[w, d],
                drives.state[w, d],
                drives.modes[d],
                drives.delayed[w, d],
                drives.gain[w, d],
                drives.voltage[w, d],
                drives.enabled[w, d],
                mounting.load[w, d],
                mounting.inertia[w, d],
                timestep,
            )
    renew(recall, scratch.active, scratch.command, drives.parameters, drives.state, mounting.load)


@njit(cache=True, nogil=True)
def aim(drives: DriveArrays, recall: Recall, mounting: Mounting, body: Carried, scratch: Scratch) -> bool:
    """Where the joints are carried to; whether that brings any part near the ground."""
    touching = False
    for w in range(len(body.position)):
        body.near[w] = False
        if not scratch.active[w]:
            continue
        body.target[w] = body.position[w]
        for d in range(len(mounting.order)):
            j = mounting.order[d]
            angle = drives.state[w, d, JOINT_ANGLE] + recall.glide[w, d]
            body.target[w, j] = angle * mounting.sign[j] + mounting.zero[j]
        if len(body.boxes.body) > 0:
            low = lowest_of(body.chain, body.boxes, body.target[w], body.edge, scratch.work, scratch.heights)
            body.near[w] = low < body.edge
        if body.near[w]:
            touching = True
        else:
            body.contact[w] = 0.0
            body.held[w] = False
    return touching


@njit(cache=True, nogil=True)
def settle(mounting: Mounting, body: Carried, scratch: Scratch, w: int) -> bool:
    """Move one world's body to its target and weigh it; False where that is not finite."""
    position, velocity, target = body.position[w], body.velocity[w], body.target[w]
    for j in range(len(position)):
        if not np.isfinite(target[j]):
            return False
        velocity[j] = (target[j] - position[j]) / body.timestep
        position[j] = target[j]
    weigh(mounting, body, scratch, w)
    return True


@njit(cache=True, nogil=True)
def weigh(mounting: Mounting, body: Carried, scratch: Scratch, w: int) -> None:
    """What one world's body asks of its drives where it is."""
    effort, inertia = scratch.effort, scratch.inertia
    burden(body.chain, body.position[w], body.velocity[w], scratch.rest, scratch.work, effort, inertia)
    for d in range(len(mounting.order)):
        j = mounting.order[d]
        mounting.load[w, d] = (effort[j] + body.contact[w, j]) * mounting.sign[j]
        mounting.inertia[w, d] = inertia[j]


@njit(cache=True, nogil=True)
def keep(
    drives: DriveArrays, recall: Recall, mounting: Mounting, command: np.ndarray, row: np.ndarray, w: int
) -> None:
    """Write one world's fields after a step, as KEPT names them."""
    for d in range(command.shape[1]):
        shaft = drives.state[w, d, ANGLE] + drives.parameters[w, d, ENCODER_OFFSET]
        row[0, w, d] = shaft + recall.value[w, d]
        row[1, w, d] = shaft
        row[2, w, d] = drives.state[w, d, SPEED]
        row[3, w, d] = mounting.load[w, d]
        row[4, w, d] = command[w, d]
        row[5, w, d] = recall.spread[w, d]
        row[6, w, d] = drives.state[w, d, MOTOR]
        row[7, w, d] = drives.state[w, d, DUTY]


@njit(cache=True, nogil=True)
def weigh_all(mounting: Mounting, body: Carried) -> None:
    """What every world's body asks of its drives where it is now."""
    scratch = new_scratch(0, body.position.shape[1], 0)
    for w in range(len(body.position)):
        weigh(mounting, body, scratch, w)
