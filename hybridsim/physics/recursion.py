"""One evaluation of the tree recursions, in numba. `kernel` calls these over batches.

Each body's vectors are in its own joint frame; vectors travel as three floats, which stay in registers.
Source: Featherstone 2008, "Rigid Body Dynamics Algorithms", chapters 5 and 6.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hybridsim.physics.chain import Chain

Triple = tuple[float, float, float]


class Work(NamedTuple):
    """Scratch of one evaluation, allocated once a batch; one row a body."""

    turn: np.ndarray
    """rotation_parent_from_body."""
    position: np.ndarray
    """Body origin in the parent's frame."""
    spin: np.ndarray
    """Angular velocity."""
    spin_rate: np.ndarray
    """Angular acceleration."""
    rise: np.ndarray
    """Acceleration of the origin, less gravity."""
    force: np.ndarray
    moment: np.ndarray
    """About the body's origin."""


@njit(cache=True, nogil=True)
def new_work(bodies: int) -> Work:
    """Scratch for a chain of this many bodies."""
    rows = np.zeros((6, bodies, 3))
    return Work(np.zeros((bodies, 3, 3)), rows[0], rows[1], rows[2], rows[3], rows[4], rows[5])


@njit(cache=True, nogil=True)
def cross(a: Triple, b: Triple) -> Triple:
    """Cross product a × b."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit(cache=True, nogil=True)
def plus(a: Triple, b: Triple) -> Triple:
    """Sum a + b."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@njit(cache=True, nogil=True)
def times(a: Triple, scale: Any) -> Triple:
    """Vector a times a number."""
    return a[0] * scale, a[1] * scale, a[2] * scale


@njit(cache=True, nogil=True)
def dot(a: Triple, b: Triple) -> float:
    """Dot product a · b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, nogil=True)
def row(table: np.ndarray, i: int) -> Triple:
    """Row i of a table of vectors."""
    return table[i, 0], table[i, 1], table[i, 2]


@njit(cache=True, nogil=True)
def put(table: np.ndarray, i: int, a: Triple) -> None:
    """Store a vector as row i."""
    table[i, 0], table[i, 1], table[i, 2] = a


@njit(cache=True, nogil=True)
def up(m: np.ndarray, i: int, a: Triple) -> Triple:
    """m[i] a: from the body's frame to its parent's."""
    return (
        m[i, 0, 0] * a[0] + m[i, 0, 1] * a[1] + m[i, 0, 2] * a[2],
        m[i, 1, 0] * a[0] + m[i, 1, 1] * a[1] + m[i, 1, 2] * a[2],
        m[i, 2, 0] * a[0] + m[i, 2, 1] * a[1] + m[i, 2, 2] * a[2],
    )


@njit(cache=True, nogil=True)
def down(m: np.ndarray, i: int, a: Triple) -> Triple:
    """m[i]ᵀ a: from the parent's frame to the body's."""
    return (
        m[i, 0, 0] * a[0] + m[i, 1, 0] * a[1] + m[i, 2, 0] * a[2],
        m[i, 0, 1] * a[0] + m[i, 1, 1] * a[1] + m[i, 2, 1] * a[2],
        m[i, 0, 2] * a[0] + m[i, 1, 2] * a[1] + m[i, 2, 2] * a[2],
    )


@njit(cache=True, nogil=True)
def place(chain: Chain, q: np.ndarray, work: Work) -> None:
    """Where every body is in its parent's frame."""
    for i in range(len(chain.mass)):
        angle = q[chain.dof[i]]
        put(work.position, i, row(chain.position, i))
        sine, cosine = (math.sin(angle), math.cos(angle)) if chain.hinge[i] else (0.0, 0.0)
        for j in range(3):
            for k in range(3):
                work.turn[i, j, k] = (
                    chain.turn[i, 0, j, k] + sine * chain.turn[i, 1, j, k] + cosine * chain.turn[i, 2, j, k]
                )
        if not chain.hinge[i]:
            slid = times(up(work.turn, i, row(chain.axis, i)), angle)
            put(work.position, i, plus(row(work.position, i), slid))


@njit(cache=True, nogil=True)
def move(chain: Chain, qd: np.ndarray, qdd: np.ndarray, work: Work) -> None:
    """Velocities and accelerations of every body, ground to tips; gravity enters as the ground's rise."""
    for i in range(len(chain.mass)):
        axis, offset, p = row(chain.axis, i), row(work.position, i), chain.parent[i]
        rate, change = qd[chain.dof[i]], qdd[chain.dof[i]]
        if p < 0:
            spin, spin_rate = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
            rise = (-chain.gravity[0], -chain.gravity[1], -chain.gravity[2])
        else:
            spin, spin_rate = row(work.spin, p), row(work.spin_rate, p)
            swing = plus(cross(spin_rate, offset), cross(spin, cross(spin, offset)))
            rise = plus(row(work.rise, p), swing)
        spin, spin_rate, rise = (
            down(work.turn, i, spin),
            down(work.turn, i, spin_rate),
            down(work.turn, i, rise),
        )
        if chain.hinge[i]:
            coupled = times(cross(spin, axis), rate)
            spin_rate = plus(plus(spin_rate, times(axis, change)), coupled)
            spin = plus(spin, times(axis, rate))
        else:
            rise = plus(rise, plus(times(axis, change), times(cross(spin, axis), 2.0 * rate)))
        put(work.spin, i, spin)
        put(work.spin_rate, i, spin_rate)
        put(work.rise, i, rise)


@njit(cache=True, nogil=True)
def newton_euler(
    chain: Chain, q: np.ndarray, qd: np.ndarray, qdd: np.ndarray, work: Work, effort: np.ndarray
) -> None:
    """Effort of every joint for a motion, into `effort`."""
    place(chain, q, work)
    move(chain, qd, qdd, work)
    for i in range(len(chain.mass)):
        spin, spin_rate, rise = row(work.spin, i), row(work.spin_rate, i), row(work.rise, i)
        lever = row(chain.moment, i)
        swing = plus(cross(spin_rate, lever), cross(spin, cross(spin, lever)))
        put(work.force, i, plus(times(rise, chain.mass[i]), swing))
        gyro = cross(spin, up(chain.inertia, i, spin))
        put(work.moment, i, plus(plus(up(chain.inertia, i, spin_rate), gyro), cross(lever, rise)))
    for i in range(len(chain.mass) - 1, -1, -1):
        force, moment, p = row(work.force, i), row(work.moment, i), chain.parent[i]
        axis = row(chain.axis, i)
        effort[chain.dof[i]] = dot(axis, moment) if chain.hinge[i] else dot(axis, force)
        if p >= 0:
            force = up(work.turn, i, force)
            moment = plus(up(work.turn, i, moment), cross(row(work.position, i), force))
            put(work.force, p, plus(row(work.force, p), force))
            put(work.moment, p, plus(row(work.moment, p), moment))
