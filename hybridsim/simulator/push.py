"""One step of drives that give efforts, for all worlds in one compiled call."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.actuators.batch import DriveArrays, delay_commands, push_commands
from hybridsim.actuators.drive import advance_effort
from hybridsim.simulator.carry import Mounting
from hybridsim.simulator.recall import Recall, renew


@njit(cache=True, nogil=True)
def push(
    drives: DriveArrays,
    outputs: tuple[np.ndarray, np.ndarray],
    recall: Recall,
    mounting: Mounting,
    body: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    command: np.ndarray,
    active: np.ndarray,
    timestep: float,
) -> None:
    """Advance drives and networks, and give the body its efforts.

    Args:
        drives: state, advanced.
        outputs: efforts and friction of the drives, written [world drive].
        recall: networks, advanced.
        mounting: load and inertia that the drives meet.
        body: joint positions and velocities, then efforts and friction on the joints, written [world joint].
        command: [world drive].
        active: [world] all true.
        timestep: [s].
    """
    effort, friction = outputs
    position, velocity, joint_effort, joint_friction = body
    push_commands(drives.past, drives.head, command)
    delay_commands(drives.past, drives.head, drives.parameters, timestep, drives.delayed)
    parameters, state, modes, delayed = drives.parameters, drives.state, drives.modes, drives.delayed
    gain, voltage, enabled = drives.gain, drives.voltage, drives.enabled
    order, sign, zero = mounting.order, mounting.sign, mounting.zero
    load, inertia = mounting.load, mounting.inertia
    for w in range(len(command)):
        for d in range(len(order)):
            j = order[d]
            angle, speed = (position[w, j] - zero[j]) * sign[j], velocity[w, j] * sign[j]
            effort[w, d], friction[w, d] = advance_effort(
                parameters[w, d],
                state[w, d],
                modes[d],
                (delayed[w, d], gain[w, d], voltage[w, d], enabled[w, d]),
                (angle, speed, load[w, d], inertia[w, d]),
                timestep,
            )
    renew(recall, active, command, parameters, state, effort)
    for w in range(len(command)):
        for d in range(len(order)):
            j = order[d]
            joint_effort[w, j] = (effort[w, d] + recall.value[w, d]) * sign[j]
            joint_friction[w, j] = friction[w, d]
