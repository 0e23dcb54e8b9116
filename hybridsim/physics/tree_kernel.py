"""Dynamics of one floating-base tree at one state, in numba, for a contact solver to call every substep.

State: world position of the root's centre of mass, rotation_world_from_root, q, and u = [linear velocity of
that centre of mass, angular velocity of the root, joint velocities], the first six in world axes. Vectors
are in world axes and moments about the root's centre of mass: subtrees then add up without transforms, and
no digits are lost far from the world's origin. `place` comes first, the rest reads what it wrote;
`tree_step` goes on from here.
Error: 50 steps equal PyBullet's to 1e-12, tests/physics/test_tree.py.
Source: Featherstone 2008, "Rigid Body Dynamics Algorithms", chapters 5 and 6.
Speed: numba counts a reference for every array of both tuples at each call, 0.1 µs together. So a function
called per body takes only its arrays, and one called per state is inlined.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from hybridsim.physics.recursion import Triple, cross, dot, down, plus, put, row, times, up
from hybridsim.physics.tree import Tree, TreeWork


@njit(cache=True, nogil=True)
def line(blocks: np.ndarray, i: int, k: int) -> Triple:
    """Row k of matrix i; a view of the matrix would cost more than the arithmetic."""
    return blocks[i, k, 0], blocks[i, k, 1], blocks[i, k, 2]


@njit(cache=True, nogil=True)
def put_line(blocks: np.ndarray, i: int, k: int, a: Triple) -> None:
    """Store a vector as row k of matrix i."""
    blocks[i, k, 0], blocks[i, k, 1], blocks[i, k, 2] = a


@njit(cache=True, nogil=True)
def place(
    tree: Tree, base_position: np.ndarray, base_rotation: np.ndarray, q: np.ndarray, work: TreeWork
) -> None:
    """Where every body is, its joint's axis and its inertia, in the world.

    Args:
        tree: the robot.
        base_position: [3] of the root link's centre of mass [m].
        base_rotation: [3 3] rotation_world_from_root.
        q: [joint] joint positions [rad or m].
        work: rotation, origin, com, axis, sweep and inertia are written.
    """
    root = (base_position[0], base_position[1], base_position[2])
    for k in range(3):
        put_line(work.rotation, 0, k, row(base_rotation, k))
    put(work.com, 0, root)
    put(work.origin, 0, plus(root, times(up(work.rotation, 0, row(tree.com, 0)), -1.0)))
    for i in range(1, len(tree.mass)):
        p, axis, coordinate, slides = tree.parent[i], row(tree.axis, i), q[tree.dof[i]], tree.sliding[i]
        turn_joint(tree.rotation, work.rotation, i, p, axis, 0.0 if slides else coordinate)
        axis = up(work.rotation, i, axis)
        origin = plus(row(work.origin, p), up(work.rotation, p, row(tree.position, i)))
        origin = plus(origin, times(axis, coordinate if slides else 0.0))
        put(work.axis, i, axis)
        put(work.sweep, i, axis if slides else cross(axis, plus(root, times(origin, -1.0))))
        put(work.origin, i, origin)
        put(work.com, i, plus(origin, up(work.rotation, i, row(tree.com, i))))
    turn_inertias(tree.inertia, work.rotation, work.inertia)


@njit(cache=True, nogil=True)
def turn_joint(
    frame: np.ndarray, rotation: np.ndarray, i: int, parent: int, axis: Triple, angle: Any
) -> None:
    """Rotation of body i: its parent's times its joint frame's times the turn about its axis.

    A row r of a rotation times a turn is r cos + (r × axis) sin + axis (r · axis) (1 - cos).
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    for k in range(3):
        r = down(frame, i, line(rotation, parent, k))
        along = times(axis, dot(r, axis) * (1.0 - cosine))
        put_line(rotation, i, k, plus(along, plus(times(r, cosine), times(cross(r, axis), sine))))


@njit(cache=True, nogil=True)
def turn_inertias(local: np.ndarray, rotation: np.ndarray, inertia: np.ndarray) -> None:
    """Inertias in world axes, R I Rᵀ: row k is R I times row k of R."""
    for i in range(len(local)):
        for k in range(3):
            put_line(inertia, i, k, up(rotation, i, up(local, i, line(rotation, i, k))))


@njit(cache=True, nogil=True, inline="always")
def jacobian(tree: Tree, work: TreeWork, body: int, point: np.ndarray, out: np.ndarray) -> None:
    """Matrix that gives the velocity of a world point fixed to a body: velocity = out @ u.

    Args:
        tree: the robot.
        work: after `place`.
        body: index of the body.
        point: [3] in the world [m].
        out: [3 n] written; zero but for the root's and the columns of the joints that carry the body.
    """
    for k in range(out.shape[1]):
        out[0, k] = out[1, k] = out[2, k] = 0.0
    x, y, z = point[0] - work.com[0, 0], point[1] - work.com[0, 1], point[2] - work.com[0, 2]
    out[0, 0] = out[1, 1] = out[2, 2] = 1.0
    out[0, 4], out[0, 5] = z, -y
    out[1, 3], out[1, 5] = -z, x
    out[2, 3], out[2, 4] = y, -x
    while body > 0:
        column, velocity = 6 + tree.dof[body], row(work.sweep, body)
        if not tree.sliding[body]:
            velocity = plus(velocity, cross(row(work.axis, body), (x, y, z)))
        out[0, column], out[1, column], out[2, column] = velocity
        body = tree.parent[body]


@njit(cache=True, nogil=True)
def mass_matrix(tree: Tree, work: TreeWork) -> None:
    """Mass matrix [n n] into work.mass, by composite bodies; add armature to its diagonal."""
    gather(tree, work)
    fill_root(work)
    fill_joints(tree, work)


@njit(cache=True, nogil=True, inline="always")
def fill_root(work: TreeWork) -> None:
    """The root's block of the mass matrix; zeros elsewhere."""
    matrix, size, m = work.mass, len(work.mass), work.weight[0]
    for j in range(size):
        for k in range(size):
            matrix[j, k] = 0.0
    x, y, z = row(work.moment, 0)
    matrix[0, 0] = matrix[1, 1] = matrix[2, 2] = m
    matrix[0, 4] = matrix[4, 0] = z
    matrix[0, 5] = matrix[5, 0] = -y
    matrix[1, 5] = matrix[5, 1] = x
    matrix[1, 3] = matrix[3, 1] = -z
    matrix[2, 3] = matrix[3, 2] = y
    matrix[2, 4] = matrix[4, 2] = -x
    for j in range(3):
        for k in range(3):
            matrix[3 + j, 3 + k] = work.spread[0, j, k]


@njit(cache=True, nogil=True, inline="always")
def fill_joints(tree: Tree, work: TreeWork) -> None:
    """Row and column of every joint: momentum of its subtree, as the root and the joints inwards see it."""
    for i in range(1, len(tree.mass)):
        sweep, axis, moment, column = (
            row(work.sweep, i),
            row(work.axis, i),
            row(work.moment, i),
            6 + tree.dof[i],
        )
        hinge = 0.0 if tree.sliding[i] else 1.0
        momentum = plus(times(sweep, work.weight[i]), times(cross(axis, moment), hinge))
        swing = plus(cross(moment, sweep), times(up(work.spread, i, axis), hinge))
        for k in range(3):
            work.mass[k, column] = work.mass[column, k] = momentum[k]
            work.mass[3 + k, column] = work.mass[column, 3 + k] = swing[k]
        j = i
        while j > 0:
            value = dot(row(work.sweep, j), momentum)
            if not tree.sliding[j]:
                value += dot(row(work.axis, j), swing)
            other = 6 + tree.dof[j]
            work.mass[column, other] = work.mass[other, column] = value
            j = tree.parent[j]


@njit(cache=True, nogil=True, inline="always")
def gather(tree: Tree, work: TreeWork) -> None:
    """Mass, first moment and inertia of every subtree about the root's centre of mass."""
    root = times(row(work.com, 0), -1.0)
    for i in range(len(tree.mass)):
        m, r = tree.mass[i], plus(row(work.com, i), root)
        mr, square = times(r, m), m * dot(r, r)
        work.weight[i] = m
        put(work.moment, i, mr)
        for k in range(3):
            put_line(work.spread, i, k, plus(line(work.inertia, i, k), times(r, -mr[k])))
            work.spread[i, k, k] += square
    for i in range(len(tree.mass) - 1, 0, -1):
        p = tree.parent[i]
        work.weight[p] += work.weight[i]
        put(work.moment, p, plus(row(work.moment, p), row(work.moment, i)))
        for k in range(3):
            put_line(work.spread, p, k, plus(line(work.spread, p, k), line(work.spread, i, k)))


@njit(cache=True, nogil=True, inline="always")
def bias(tree: Tree, work: TreeWork, u: np.ndarray, gravity: np.ndarray) -> None:
    """Into work.bias, such that work.mass @ udot + work.bias = generalised force; needs `place`.

    Args:
        tree: the robot.
        work: spin, spin_rate, rise, force, torque and bias are written.
        u: [n] velocities.
        gravity: [3] in world axes [m/s²].
    """
    move(tree, work, u)
    load(tree, work, gravity)
    for i in range(len(tree.mass) - 1, 0, -1):
        force, torque, p = row(work.force, i), row(work.torque, i), tree.parent[i]
        effort = dot(row(work.sweep, i), force)
        if not tree.sliding[i]:
            effort += dot(row(work.axis, i), torque)
        work.bias[6 + tree.dof[i]] = effort
        put(work.force, p, plus(row(work.force, p), force))
        put(work.torque, p, plus(row(work.torque, p), torque))
    for k in range(3):
        work.bias[k], work.bias[3 + k] = work.force[0, k], work.torque[0, k]


@njit(cache=True, nogil=True, inline="always")
def move(tree: Tree, work: TreeWork, u: np.ndarray) -> None:
    """Velocities of every body, and its accelerations at udot = 0: what turning alone makes of them."""
    spin, arm = (u[3], u[4], u[5]), plus(row(work.origin, 0), times(row(work.com, 0), -1.0))
    put(work.spin, 0, spin)
    put(work.spin_rate, 0, (0.0, 0.0, 0.0))
    put(work.rise, 0, cross(spin, cross(spin, arm)))
    for i in range(1, len(tree.mass)):
        p, rate = tree.parent[i], times(row(work.axis, i), u[6 + tree.dof[i]])
        spin, spin_rate = row(work.spin, p), row(work.spin_rate, p)
        arm = plus(row(work.origin, i), times(row(work.origin, p), -1.0))
        rise = plus(row(work.rise, p), plus(cross(spin_rate, arm), cross(spin, cross(spin, arm))))
        coupled = cross(spin, rate)
        if tree.sliding[i]:
            rise = plus(rise, times(coupled, 2.0))
        else:
            spin, spin_rate = plus(spin, rate), plus(spin_rate, coupled)
        put(work.spin, i, spin)
        put(work.spin_rate, i, spin_rate)
        put(work.rise, i, rise)


@njit(cache=True, nogil=True, inline="always")
def load(tree: Tree, work: TreeWork, gravity: np.ndarray) -> None:
    """Force that every body needs at udot = 0, and its moment about the root's centre of mass."""
    root, fall = times(row(work.com, 0), -1.0), (-gravity[0], -gravity[1], -gravity[2])
    for i in range(len(tree.mass)):
        spin, spin_rate, com = row(work.spin, i), row(work.spin_rate, i), row(work.com, i)
        arm = plus(com, times(row(work.origin, i), -1.0))
        rise = plus(row(work.rise, i), plus(cross(spin_rate, arm), cross(spin, cross(spin, arm))))
        force = times(plus(rise, fall), tree.mass[i])
        gyro = plus(up(work.inertia, i, spin_rate), cross(spin, up(work.inertia, i, spin)))
        put(work.force, i, force)
        put(work.torque, i, plus(gyro, cross(plus(com, root), force)))
