"""One step of a single body that touches the ground: `touching` and `tree_step` without joints, in scalars.

Faster, because velocities stay in registers and no rows are laid out. Bodies with joints, and laws with
spinning or rolling friction, go the general way.
Error: equal to the general way to 1e-9 m over a toss, tests/simulator/test_lone.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.law import friction_coefficient
from hybridsim.contacts.points import Patches, Points
from hybridsim.contacts.residual import Residual, correct, describe, evaluate
from hybridsim.contacts.solve import NORMAL, SETTLED, Contacts, stiffen, stretched
from hybridsim.counting import ZERO
from hybridsim.physics.recursion import Triple, cross, plus, times
from hybridsim.physics.tree import TreeWork
from hybridsim.physics.tree_step import advance
from hybridsim.simulator.touching import SWEEPS, find

Matrix = tuple[Triple, Triple, Triple]


class Lone(NamedTuple):
    """A body's mass [kg], inertia [kg*m^2] and its inverse, in the body's axes about the centre of mass."""

    mass: float
    inertia: Matrix
    inverse: Matrix


class Twist(NamedTuple):
    """Velocity of the centre of mass [m/s] and angular velocity [rad/s], world axes."""

    linear: Triple
    angular: Triple


@njit(cache=True, nogil=True)
def lone_of(mass: float, inertia: np.ndarray) -> Lone:
    """From the tree's arrays."""
    return Lone(mass, matrix_of(inertia), matrix_of(np.linalg.inv(inertia)))


@njit(cache=True, nogil=True)
def matrix_of(array: np.ndarray) -> Matrix:
    """A 3 x 3 array as scalars."""
    return (
        (array[0, 0], array[0, 1], array[0, 2]),
        (array[1, 0], array[1, 1], array[1, 2]),
        (array[2, 0], array[2, 1], array[2, 2]),
    )


@njit(cache=True, nogil=True)
def by(m: Matrix, a: Triple) -> Triple:
    """Matrix times vector."""
    return (
        m[0][0] * a[0] + m[0][1] * a[1] + m[0][2] * a[2],
        m[1][0] * a[0] + m[1][1] * a[1] + m[1][2] * a[2],
        m[2][0] * a[0] + m[2][1] * a[1] + m[2][2] * a[2],
    )


@njit(cache=True, nogil=True)
def transposed(m: Matrix) -> Matrix:
    """Rows for columns."""
    return (m[0][0], m[1][0], m[2][0]), (m[0][1], m[1][1], m[2][1]), (m[0][2], m[1][2], m[2][2])


@njit(cache=True, nogil=True)
def seen_from(rotation: Matrix, m: Matrix) -> Matrix:
    """A symmetric matrix of the body's axes in the world's: R m R^T."""
    return (
        by(rotation, by(m, rotation[0])),
        by(rotation, by(m, rotation[1])),
        by(rotation, by(m, rotation[2])),
    )


@njit(cache=True, nogil=True)
def fallen(body: Lone, rotation: Matrix, twist: Twist, gravity: Triple, timestep: float) -> Twist:
    """Velocities a timestep later without contacts."""
    back = transposed(rotation)
    spin = by(back, twist.angular)
    rate = by(body.inverse, cross(by(body.inertia, spin), spin))
    turned = plus(twist.angular, times(by(rotation, rate), timestep))
    return Twist(plus(twist.linear, times(gravity, timestep)), turned)


@njit(cache=True, nogil=True)
def kicked(twist: Twist, arm: Triple, impulse: Triple, mass: float, inverse: Matrix) -> Twist:
    """Velocities after an impulse at an arm from the centre of mass; `inverse` in world axes."""
    spin = by(inverse, cross(arm, impulse))
    return Twist(plus(twist.linear, times(impulse, 1.0 / mass)), plus(twist.angular, spin))


@njit(cache=True, nogil=True)
def speed_at(twist: Twist, arm: Triple) -> Triple:
    """Velocity of the body's point at an arm from the centre of mass."""
    return plus(twist.linear, cross(twist.angular, arm))


@njit(cache=True, nogil=True)
def give(axis: Triple, arm: Triple, mass: float, inverse: Matrix) -> float:
    """Velocity along an axis after a unit impulse along it."""
    lever = cross(arm, axis)
    turned = by(inverse, lever)
    return 1.0 / mass + lever[0] * turned[0] + lever[1] * turned[1] + lever[2] * turned[2]


@njit(cache=True, nogil=True, inline="always")
def arm_of(contacts: Contacts, c: int, centre: Triple) -> Triple:
    """From the centre of mass to a contact."""
    x, y, z = (
        contacts.place[c, 0] - centre[0],
        contacts.place[c, 1] - centre[1],
        contacts.place[c, 2] - centre[2],
    )
    return x, y, z


@njit(cache=True, nogil=True, inline="always")
def begin_lone(
    contacts: Contacts, memory: tuple[np.ndarray, np.ndarray, np.ndarray], twist: Twist, centre: Triple
) -> None:
    """As `touching.begin`."""
    since, approach, impulse = memory
    for c in range(contacts.count[0]):
        p = contacts.point[c]
        if since[p] < 0.0:
            since[p] = 0.0
            approach[p] = max(0.0, -speed_at(twist, arm_of(contacts, c, centre))[2])
            impulse[p, 0] = impulse[p, 1] = impulse[p, 2] = 0.0
        contacts.approach[c] = approach[p]
        contacts.impulse[c, 0], contacts.impulse[c, 1] = impulse[p, 0], impulse[p, 1]
        contacts.impulse[c, 2] = impulse[p, 2]


@njit(cache=True, nogil=True, inline="always")
def sense_lone(contacts: Contacts, twist: Twist, centre: Triple) -> None:
    """As `touching.sense`."""
    for c in range(contacts.ground[0]):
        contacts.speed[c, 0], contacts.speed[c, 1], contacts.speed[c, 2] = speed_at(
            twist, arm_of(contacts, c, centre)
        )


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def solve_lone(
    contacts: Contacts,
    free: Twist,
    centre: Triple,
    mass: float,
    inverse: Matrix,
    timestep: float,
    sweeps: int,
) -> Twist:
    """As `contacts.solve`: impulses, and the velocities with them."""
    twist = free
    for c in range(contacts.count[0]):
        arm = arm_of(contacts, c, centre)
        contacts.give[c, 0] = give((1.0, 0.0, 0.0), arm, mass, inverse)
        contacts.give[c, 1] = give((0.0, 1.0, 0.0), arm, mass, inverse)
        contacts.give[c, 2] = give((0.0, 0.0, 1.0), arm, mass, inverse)
        start = (contacts.impulse[c, 0], contacts.impulse[c, 1], contacts.impulse[c, 2])
        twist = kicked(twist, arm, start, mass, inverse)
        stiffen(contacts, c)
    for _ in range(sweeps):
        moved, largest = 0.0, 0.0
        for c in range(contacts.count[0]):
            arm = arm_of(contacts, c, centre)
            change = pressed_more(contacts, c, speed_at(twist, arm)[2], timestep)
            twist = kicked(twist, arm, (0.0, 0.0, change), mass, inverse)
            x, y = rubbed_more(contacts, c, speed_at(twist, arm), timestep)
            twist = kicked(twist, arm, (x, y, 0.0), mass, inverse)
            moved = max(moved, abs(change), abs(x), abs(y))
            largest = max(largest, contacts.impulse[c, NORMAL])
        if moved <= SETTLED * largest:
            break
    return twist


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def pressed_more(contacts: Contacts, c: int, speed: float, timestep: float) -> float:
    """As `contacts.solve.press`."""
    spring, softness = timestep * contacts.spring[c], contacts.give[c, NORMAL]
    resist, old = timestep * (spring + contacts.damper[c]), contacts.impulse[c, NORMAL]
    left = speed - softness * old
    new = max(0.0, (spring * contacts.depth[c] - resist * left) / (1.0 + resist * softness))
    contacts.impulse[c, NORMAL] = new
    return new - old


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def rubbed_more(contacts: Contacts, c: int, speed: Triple, timestep: float) -> tuple[float, float]:
    """As `contacts.solve.rub`."""
    pressed, old_x, old_y = contacts.impulse[c, NORMAL], contacts.impulse[c, 0], contacts.impulse[c, 1]
    slip = math.sqrt(speed[0] * speed[0] + speed[1] * speed[1])
    limit = friction_coefficient(contacts.law, c, pressed / timestep, slip) * pressed
    softness = 1.0 / max(contacts.give[c, 0], contacts.give[c, 1])
    x, y = old_x - speed[0] * softness, old_y - speed[1] * softness
    size = stretched(contacts.law, c, x, y)
    share = limit / size if size > limit else 1.0
    contacts.impulse[c, 0], contacts.impulse[c, 1] = share * x, share * y
    return share * x - old_x, share * y - old_y


@njit(cache=True, nogil=True, inline="always")
def keep_lone(contacts: Contacts, memory: tuple[np.ndarray, np.ndarray, np.ndarray], timestep: float) -> None:
    """As `touching.finish`."""
    since, _, impulse = memory
    for c in range(contacts.count[0]):
        p = contacts.point[c]
        impulse[p, 0], impulse[p, 1] = contacts.impulse[c, 0], contacts.impulse[c, 1]
        impulse[p, 2] = contacts.impulse[c, 2]
        since[p] += timestep


@njit(cache=True, nogil=True, inline="always")
def stand(work: TreeWork, quaternion: np.ndarray, position: np.ndarray, com: np.ndarray) -> Matrix:
    """Where the body is, for `touching.find`; its rotation_world_from_body."""
    x, y, z, w = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    rotation = (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)),
        (2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)),
        (2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)),
    )
    for i in range(3):
        lever = rotation[i][0] * com[0, 0] + rotation[i][1] * com[0, 1] + rotation[i][2] * com[0, 2]
        work.origin[0, i] = position[i] - lever
        for j in range(3):
            work.rotation[0, i, j] = rotation[i][j]
    return rotation


@njit(cache=True, nogil=True)
def steps_lone(
    body: Lone,
    work: TreeWork,
    com: np.ndarray,
    points: Points,
    patches: Patches,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    state: tuple[np.ndarray, np.ndarray, np.ndarray],
    gravity: np.ndarray,
    timestep: float,
    steps: int,
    touching: bool,
    residual: Residual | None,
) -> None:
    """Advance the state by some timesteps, contacts included.

    Args:
        body: what moves.
        work: scratch, of one body.
        com: [1 3] of its centre of mass in the link's frame [m].
        points: where it may touch.
        patches: what it may touch, without spinning or rolling friction.
        memory: one world's rows of `Touch`, advanced.
        contacts: written; impulses included.
        state: position of the centre of mass [m], quaternion xyzw, velocities [6] in world axes.
        gravity: [m/s^2].
        timestep: [s].
        steps: how many; one call for several, because it counts references to every array.
        touching: False flies through the ground.
        residual: changes the law, or no network.
    """
    position, quaternion, u = state
    fall, no_joints = (gravity[0], gravity[1], gravity[2]), np.empty(0)
    for _ in range(steps):
        rotation = stand(work, quaternion, position, com)
        now = Twist((u[0], u[1], u[2]), (u[3], u[4], u[5]))
        new = fallen(body, rotation, now, fall, timestep)
        if touching:
            find(work, points, patches, memory, contacts)
            if contacts.count[0] > 0:
                centre = (position[0], position[1], position[2])
                begin_lone(contacts, memory, now, centre)
                if residual is not None:
                    sense_lone(contacts, now, centre)
                    describe(contacts, points, patches, memory[0], now.angular, timestep, residual, ZERO)
                    evaluate(residual, contacts.ground[0])
                    correct(contacts, residual, ZERO)
                inverse = seen_from(rotation, body.inverse)
                new = solve_lone(contacts, new, centre, body.mass, inverse, timestep, SWEEPS)
                keep_lone(contacts, memory, timestep)
        u[0], u[1], u[2] = new.linear
        u[3], u[4], u[5] = new.angular
        advance(position, quaternion, no_joints, u, timestep)
