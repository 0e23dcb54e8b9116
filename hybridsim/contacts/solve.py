"""Impulses at all touching points of a world together, so that each obeys its contact law at the step's end.

Implicit in the normal spring and damper and in friction, so that stiff contacts are stable at any timestep
and none of them adds energy: the spring gives back at most what it stored, dampers and friction only take.
Error: no random throw under a random law ever has more energy than at the throw, to 0.2 %,
tests/contacts/test_energy.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.law import (
    ANISOTROPY,
    ANISOTROPY_ANGLE,
    COEFFICIENTS,
    ROLLING_FRICTION,
    SPINNING_FRICTION,
    friction_coefficient,
    normal_damper,
    normal_spring,
)

SETTLED = 1e-5
"""Share of the largest impulse below which changes count as none."""

ROWS = 6
"""Of a contact: velocity along the first tangent, the second and the normal; spin about the same three."""
NORMAL = 2


class Contacts(NamedTuple):
    """Touching points of one world, the first `count` places in use; written anew every step."""

    count: np.ndarray
    """[1]."""
    ground: np.ndarray
    """[1] how many of them are on the ground; the others follow them and lie in frames of their own."""
    point: np.ndarray
    """[contact] which point of the robot touches."""
    body: np.ndarray
    """[contact] the point's body."""
    patch: np.ndarray
    """[contact] which patch of the ground is touched."""
    place: np.ndarray
    """[contact 3] where, in the world [m]."""
    depth: np.ndarray
    """[contact] into the surface [m]."""
    approach: np.ndarray
    """[contact] speed at which the point touched down [m/s]."""
    speed: np.ndarray
    """[contact 3] of the point now along the tangents and the normal [m/s]; written for a residual."""
    law: np.ndarray
    """[contact coefficient] see `law.LAW`."""
    frame: np.ndarray
    """[contact 3 3] first tangent, second tangent and normal in world axes; written beyond the ground's."""
    drift: np.ndarray
    """[contact 6] velocity of what is touched along each row [m/s, rad/s]; none of the ground."""
    spring: np.ndarray
    """[contact] secant stiffness at the depth [N/m]."""
    damper: np.ndarray
    """[contact] damping there [N*s/m]."""
    jacobian: np.ndarray
    """[contact 6 n] rows as `ROWS` names them."""
    response: np.ndarray
    """[contact 6 n] velocities after a unit impulse along each row."""
    give: np.ndarray
    """[contact 6] velocity along each row after a unit impulse along it."""
    impulse: np.ndarray
    """[contact 6] where the search starts, then what it found: N*s, in the last three N*m*s."""
    block: np.ndarray
    """[3 n] scratch."""
    column: np.ndarray
    """[n] scratch."""


@njit(cache=True, nogil=True)
def new_contacts(most: int, n: int) -> Contacts:
    """Room for so many contacts in n generalised velocities."""
    rows = np.zeros((2, most, ROWS, n))
    return Contacts(
        count=np.zeros(1, np.int64),
        ground=np.zeros(1, np.int64),
        point=np.zeros(most, np.int64),
        body=np.zeros(most, np.int64),
        patch=np.zeros(most, np.int64),
        place=np.zeros((most, 3)),
        depth=np.zeros(most),
        approach=np.zeros(most),
        speed=np.zeros((most, 3)),
        law=np.zeros((most, COEFFICIENTS)),
        frame=np.zeros((most, 3, 3)),
        drift=np.zeros((most, ROWS)),
        spring=np.zeros(most),
        damper=np.zeros(most),
        jacobian=rows[0],
        response=rows[1],
        give=np.zeros((most, ROWS)),
        impulse=np.zeros((most, ROWS)),
        block=np.zeros((3, n)),
        column=np.zeros(n),
    )


@njit(cache=True, nogil=True)
def contacts_in(a: Contacts, w: int) -> Contacts:
    """One world's of stacked contacts, whose arrays all have a first axis of worlds."""
    return Contacts(
        a.count[w],
        a.ground[w],
        a.point[w],
        a.body[w],
        a.patch[w],
        a.place[w],
        a.depth[w],
        a.approach[w],
        a.speed[w],
        a.law[w],
        a.frame[w],
        a.drift[w],
        a.spring[w],
        a.damper[w],
        a.jacobian[w],
        a.response[w],
        a.give[w],
        a.impulse[w],
        a.block[w],
        a.column[w],
    )


@njit(cache=True, nogil=True, inline="always")
def rows_of(contacts: Contacts, c: int) -> int:
    """How many rows of a contact its law acts on: those of turning only where there is such friction."""
    turns = contacts.law[c, SPINNING_FRICTION] != 0.0 or contacts.law[c, ROLLING_FRICTION] != 0.0
    return ROWS if turns else 3


@njit(cache=True, nogil=True)
def solve(contacts: Contacts, u: np.ndarray, timestep: float, sweeps: int) -> None:
    """Find the impulses and add what they do to the velocities.

    Projected Gauss-Seidel from the impulses that are there: contact by contact the normal row, then friction
    inside its cone.

    Args:
        contacts: geometry, law and first guess; impulses are written.
        u: generalised velocities at the step's end without contacts, changed to those with them.
        timestep: [s].
        sweeps: over all contacts, at most; it stops early once nothing moves any more.
    """
    for c in range(contacts.count[0]):
        for row in range(rows_of(contacts, c)):
            contacts.give[c, row] = between(contacts, c, row)
            add(contacts.response, c, row, contacts.impulse[c, row], u)
        stiffen(contacts, c)
    for _ in range(sweeps):
        moved, largest = 0.0, 0.0
        for c in range(contacts.count[0]):
            moved = max(moved, press(contacts, c, u, timestep), rub(contacts, c, u, timestep))
            turn(contacts, c, u)
            largest = max(largest, contacts.impulse[c, NORMAL])
        if moved <= SETTLED * largest:
            break


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def between(contacts: Contacts, c: int, row: int) -> float:
    """Velocity along a row after a unit impulse along it."""
    total = 0.0
    for k in range(contacts.jacobian.shape[2]):
        total += contacts.jacobian[c, row, k] * contacts.response[c, row, k]
    return total


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def stiffen(contacts: Contacts, c: int) -> None:
    """Spring and damper of one contact, which hold for the step."""
    depth, mass = contacts.depth[c], 1.0 / contacts.give[c, NORMAL]
    spring = normal_spring(contacts.law, c, depth)
    contacts.spring[c] = spring
    contacts.damper[c] = normal_damper(contacts.law, c, depth, spring, mass, contacts.approach[c])


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def press(contacts: Contacts, c: int, u: np.ndarray, timestep: float) -> float:
    """Normal impulse of one contact: spring and damper at the step's end, never pulling; its change [N*s]."""
    spring, give = timestep * contacts.spring[c], contacts.give[c, NORMAL]
    resist = timestep * (spring + contacts.damper[c])
    free = slip(contacts, c, NORMAL, u) - give * contacts.impulse[c, NORMAL]
    new = max(0.0, (spring * contacts.depth[c] - resist * free) / (1.0 + resist * give))
    return push(contacts, c, NORMAL, new, u)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def rub(contacts: Contacts, c: int, u: np.ndarray, timestep: float) -> float:
    """Friction impulse of one contact: stops the slip, or as much of it as the law allows; its change."""
    pressed = contacts.impulse[c, NORMAL]
    slip_x, slip_y = slip(contacts, c, 0, u), slip(contacts, c, 1, u)
    speed = math.sqrt(slip_x * slip_x + slip_y * slip_y)
    limit = friction_coefficient(contacts.law, c, pressed / timestep, speed) * pressed
    give = 1.0 / max(contacts.give[c, 0], contacts.give[c, 1])
    x, y = contacts.impulse[c, 0] - slip_x * give, contacts.impulse[c, 1] - slip_y * give
    size = stretched(contacts.law, c, x, y)
    share = limit / size if size > limit else 1.0
    return max(push(contacts, c, 0, share * x, u), push(contacts, c, 1, share * y, u))


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def stretched(laws: np.ndarray, c: int, x: float, y: float) -> float:
    """Size of a tangential impulse where the friction ellipse is a circle."""
    if laws[c, ANISOTROPY] != 0.0:
        cos, sin = math.cos(laws[c, ANISOTROPY_ANGLE]), math.sin(laws[c, ANISOTROPY_ANGLE])
        x, y = (
            (cos * x + sin * y) / (1.0 + laws[c, ANISOTROPY]),
            (cos * y - sin * x) / (1.0 - laws[c, ANISOTROPY]),
        )
    return math.sqrt(x * x + y * y)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def turn(contacts: Contacts, c: int, u: np.ndarray) -> None:
    """Spinning and rolling friction of one contact, row by row."""
    for row in range(3, rows_of(contacts, c)):
        share = contacts.law[c, SPINNING_FRICTION if row == ROWS - 1 else ROLLING_FRICTION]
        limit, give = share * contacts.impulse[c, NORMAL], contacts.give[c, row]
        if give > 0.0:
            wanted = contacts.impulse[c, row] - slip(contacts, c, row, u) / give
            push(contacts, c, row, min(max(wanted, -limit), limit), u)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def push(contacts: Contacts, c: int, row: int, new: float, u: np.ndarray) -> float:
    """Set one impulse and add what its change does; how much it changed."""
    change = new - contacts.impulse[c, row]
    contacts.impulse[c, row] = new
    add(contacts.response, c, row, change, u)
    return abs(change)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def slip(contacts: Contacts, c: int, row: int, u: np.ndarray) -> float:
    """Velocity along a row over what is touched."""
    return along(contacts.jacobian, c, row, u) - contacts.drift[c, row]


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def along(rows: np.ndarray, c: int, row: int, u: np.ndarray) -> float:
    """One row times velocities; indexed, because a view would cost more than the arithmetic."""
    total = 0.0
    for k in range(len(u)):
        total += rows[c, row, k] * u[k]
    return total


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def add(rows: np.ndarray, c: int, row: int, size: float, u: np.ndarray) -> None:
    """Add so much of one row to the velocities."""
    if size != 0.0:
        for k in range(len(u)):
            u[k] += size * rows[c, row, k]
