"""Mass matrix and regressor of a tree, in numba. `kernel` calls these over batches."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.physics.chain import Chain
from hybridsim.physics.recursion import Triple, Work, cross, dot, move, place, plus, put, row, times, up


@njit(cache=True, nogil=True)
def gather(chain: Chain, work: Work, mass: np.ndarray, moment: np.ndarray, inertia: np.ndarray) -> None:
    """Add every body's subtree to it: mass, mass times centre of mass, inertia about the body's origin."""
    turned = np.empty((3, 3))
    for i in range(len(mass) - 1, -1, -1):
        p = chain.parent[i]
        if p < 0:
            continue
        offset, lever = row(work.position, i), up(work.turn, i, row(moment, i))
        for k in range(3):
            put(turned, k, up(work.turn, i, row(inertia[i], k)))  # rows of I Rᵀ, since I is symmetric
        diagonal = mass[i] * dot(offset, offset) + 2.0 * dot(offset, lever)
        for j in range(3):
            for k in range(3):
                value = -offset[j] * lever[k] - lever[j] * offset[k] - mass[i] * offset[j] * offset[k]
                for m in range(3):
                    value += work.turn[i, j, m] * turned[m, k]
                inertia[p, j, k] += value + (diagonal if j == k else 0.0)
        mass[p] += mass[i]
        put(moment, p, plus(row(moment, p), plus(lever, times(offset, mass[i]))))


@njit(cache=True, nogil=True)
def composite_bodies(chain: Chain, q: np.ndarray, work: Work, matrix: np.ndarray) -> None:
    """Joint-space mass matrix, into `matrix`."""
    place(chain, q, work)
    mass, moment, inertia = chain.mass.copy(), chain.moment.copy(), chain.inertia.copy()
    gather(chain, work, mass, moment, inertia)
    matrix[:] = 0.0
    for i in range(len(mass)):
        axis, lever, j = row(chain.axis, i), row(moment, i), i
        if chain.hinge[i]:  # the subtree's momentum at unit joint rate
            force, torque = cross(axis, lever), up(inertia, i, axis)
        else:
            force, torque = times(axis, mass[i]), cross(lever, axis)
        while j >= 0:
            axis = row(chain.axis, j)
            value = dot(axis, torque) if chain.hinge[j] else dot(axis, force)
            matrix[chain.dof[i], chain.dof[j]] = matrix[chain.dof[j], chain.dof[i]] = value
            force = up(work.turn, j, force)
            torque = plus(up(work.turn, j, torque), cross(row(work.position, j), force))
            j = chain.parent[j]


@njit(cache=True, nogil=True)
def body_regressor(
    spin: Triple, spin_rate: Triple, rise: Triple, force: np.ndarray, moment: np.ndarray
) -> None:
    """One body's force and moment about its origin as matrices [3 10] over its inertial parameters."""
    force[:] = 0.0
    moment[:] = 0.0
    unit = np.eye(3)
    put(force.T, 0, rise)
    for k in range(3):
        e = row(unit, k)
        put(force.T, 1 + k, plus(cross(spin_rate, e), cross(spin, cross(spin, e))))
        put(moment.T, 1 + k, cross(e, rise))
    column = 4
    for j in range(3):
        for k in range(j, 3):
            basis = np.zeros((1, 3, 3))
            basis[0, j, k] = basis[0, k, j] = 1.0
            gyro = cross(spin, up(basis, 0, spin))
            put(moment.T, column, plus(up(basis, 0, spin_rate), gyro))
            column += 1


@njit(cache=True, nogil=True)
def regress(
    chain: Chain, q: np.ndarray, qd: np.ndarray, qdd: np.ndarray, work: Work, matrix: np.ndarray
) -> None:
    """Effort as a matrix [joint, 10 body] over the inertial parameters, into `matrix`."""
    place(chain, q, work)
    move(chain, qd, qdd, work)
    matrix[:] = 0.0
    force, moment = np.empty((3, 10)), np.empty((3, 10))
    for i in range(len(chain.mass)):
        body_regressor(row(work.spin, i), row(work.spin_rate, i), row(work.rise, i), force, moment)
        for c in range(10):
            f, m, j = row(force.T, c), row(moment.T, c), i
            while j >= 0:
                axis = row(chain.axis, j)
                matrix[chain.dof[j], 10 * i + c] = dot(axis, m) if chain.hinge[j] else dot(axis, f)
                f = up(work.turn, j, f)
                m = plus(up(work.turn, j, m), cross(row(work.position, j), f))
                j = chain.parent[j]
