"""One step of all worlds through PyBullet's C functions, in numba: no GIL, a tenth of the calls' cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from hybridsim.lending import pointer

VELOCITY_CONTROL, TORQUE_CONTROL = np.int32(0), np.int32(1)
STEPPED, READ = 26, 21  # status types that mean done
WORLD_FRAME = np.int32(2)


class Wiring(NamedTuple):
    """What does not change from step to step."""

    functions: np.ndarray
    """Addresses of PyBullet's C functions, in the order of `native.Functions`."""
    handles: np.ndarray
    """[world] address of the C client."""
    bodies: np.ndarray
    """[world] body id."""
    q_index: np.ndarray
    """[joint] place in PyBullet's position vector; a floating base takes the first seven."""
    u_index: np.ndarray
    """[joint] place in PyBullet's velocity vector; a floating base takes the first six."""
    link: np.ndarray
    """[joint] PyBullet's joint index."""


class Moved(NamedTuple):
    """What PyBullet moves, for compiled loops."""

    state: np.ndarray
    """[3 world joint] positions, velocities, efforts of motors."""
    base: np.ndarray
    """[world 13] as PyBullet gives it."""
    effort: np.ndarray
    """[world joint] put on in the last step, friction included [N*m]."""
    steps: np.ndarray
    """[world] since the reset."""


def invoke_at(context: Any, address: Any, arguments: Any) -> tuple[Any, Callable]:
    """Call the C function at an address with a tuple of numbers; it returns an address or an int."""
    del context

    def generate(target: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = list(signature.args[1])
        values = [builder.extract_value(given[1], n) for n in range(len(kinds))]
        shape = ir.FunctionType(ir.IntType(64), [target.get_value_type(kind) for kind in kinds])
        function = builder.inttoptr(given[0], shape.as_pointer())
        return builder.call(function, values)

    return types.int64(address, arguments), generate


invoke: Any = intrinsic(invoke_at)


@njit(cache=True, nogil=True)
def send_efforts(w: Wiring, world: int, effort: np.ndarray) -> None:
    """Put efforts on one world's joints for the next step."""
    init, put, submit = w.functions[0], w.functions[1], w.functions[7]
    command = invoke(init, (w.handles[world], w.bodies[world], TORQUE_CONTROL))
    for j in range(len(effort)):
        invoke(put, (command, w.u_index[j], effort[j]))
    invoke(submit, (w.handles[world], command))


@njit(cache=True, nogil=True)
def send_motors(w: Wiring, world: int, velocity: np.ndarray, limit: np.ndarray) -> None:
    """Set one world's velocity motors."""
    init, submit = w.functions[0], w.functions[7]
    command = invoke(init, (w.handles[world], w.bodies[world], VELOCITY_CONTROL))
    for j in range(len(velocity)):
        invoke(w.functions[2], (command, w.u_index[j], velocity[j]))
        invoke(w.functions[3], (command, w.u_index[j], 1.0))
        invoke(w.functions[4], (command, w.u_index[j], limit[j]))
    invoke(submit, (w.handles[world], command))


@njit(cache=True, nogil=True)
def push_link(
    functions: np.ndarray, handle: int, body: int, link: int, force: np.ndarray, place: np.ndarray
) -> None:
    """Put a force [N] on a link at a place [m], both in the world, for the next step; forces add up.

    One command each, as Python sends them: Bullet puts several of one command into the same places.
    """
    command = invoke(functions[12], (handle,))
    at, to = force.ctypes.data, place.ctypes.data
    invoke(functions[13], (command, np.int32(body), np.int32(link), at, to, WORLD_FRAME))
    invoke(functions[7], (handle, command))


@njit(cache=True, nogil=True)
def twist_link(functions: np.ndarray, handle: int, body: int, link: int, torque: np.ndarray) -> None:
    """Put a torque [N·m] in world axes on a link for the next step; torques add up."""
    command = invoke(functions[12], (handle,))
    at = torque.ctypes.data
    invoke(functions[14], (command, np.int32(body), np.int32(link), at, WORLD_FRAME))
    invoke(functions[7], (handle, command))


@njit(cache=True, nogil=True)
def read_world(w: Wiring, world: int, scratch: np.ndarray, state: np.ndarray, base: np.ndarray) -> int:
    """Positions, velocities and motor efforts of one world into `state` [3 joint]; the status type."""
    command = invoke(w.functions[6], (w.handles[world], w.bodies[world]))
    status = invoke(w.functions[7], (w.handles[world], command))
    kind = int(np.int32(invoke(w.functions[8], (status,))))
    at, none = scratch.ctypes.data, np.int64(0)
    invoke(
        w.functions[9],
        (status, none, none, none, none, none, at, at + 8, none, none, at + 16, none, none),
    )
    if scratch[0] == 0 or scratch[1] == 0 or scratch[2] == 0:
        return -1
    q, u = carray(pointer(scratch[0]), 2048), carray(pointer(scratch[1]), 2048)
    applied = carray(pointer(scratch[2]), 2048)
    for j in range(len(w.q_index)):
        state[0, j] = q[w.q_index[j]]
        state[1, j] = u[w.u_index[j]]
        state[2, j] = applied[w.link[j]]
    for k in range(7):
        base[k] = q[k]
    for k in range(6):
        base[7 + k] = u[k]
    return kind


@njit(cache=True, nogil=True)
def advance(
    w: Wiring,
    effort: np.ndarray,
    motors: np.ndarray,
    motor_velocity: np.ndarray,
    motor_limit: np.ndarray,
    state: np.ndarray,
    base: np.ndarray,
) -> int:
    """Drive, step and read every world.

    Args:
        w: see `Wiring`.
        effort: [world joint].
        motors: [world] whether its motors are to be told.
        motor_velocity: [world joint].
        motor_limit: [world joint].
        state: [3 world joint] positions, velocities and motor efforts, written.
        base: [world 13] base as PyBullet gives it, written.

    Returns:
        -1, or the world whose step PyBullet did not complete.
    """
    scratch = np.zeros(3, np.int64)
    for world in range(len(w.handles)):
        if motors[world]:
            send_motors(w, world, motor_velocity[world], motor_limit[world])
        send_efforts(w, world, effort[world])
        command = invoke(w.functions[5], (w.handles[world],))
        status = invoke(w.functions[7], (w.handles[world], command))
        if np.int32(invoke(w.functions[8], (status,))) != STEPPED:
            return world
        if read_world(w, world, scratch, state[:, world], base[world]) != READ:
            return world
    return -1
