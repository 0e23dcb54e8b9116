"""The identified ground as a function with an address, which compiled loops call as they call PyBullet's.

Loops over worlds without such ground then compile without it, and those with it compile no second time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cfunc, njit, types
from numba.np.numpy_support import carray

from hybridsim.contacts.points import Patches, Points, Touch
from hybridsim.contacts.residual import Residual
from hybridsim.contacts.solve import Contacts
from hybridsim.counting import ZERO
from hybridsim.lending import (
    MOST,
    Places,
    flags1,
    integers1,
    integers2,
    numbers1,
    numbers2,
    numbers3,
    numbers4,
    singles2,
    singles3,
    whole_pointer,
)
from hybridsim.physics.tree import Tree, TreeWork
from hybridsim.simulator.ground_loop import Meeting, Pushed, impulses, push
from hybridsim.simulator.stacked import Stacked

Called = tuple[int, int]
"""Addresses of the function and of the places that it is to be called with."""
NOBODY: Called = (0, 0)
SETTLED = 1
"""What the functions return; anything else is an error inside them."""
TREE, POINTS, PATCHES = len(Tree._fields), len(Points._fields), len(Patches._fields)
STACKED = len(Stacked._fields) - 3 + TREE + POINTS + PATCHES
TOUCH, CONTACTS, PUSHED = len(Touch._fields), len(Contacts._fields), len(Pushed._fields)
RESIDUAL = len(Residual._fields)
MEETING = len(Meeting._fields) - 4 + STACKED + TOUCH + CONTACTS + len(TreeWork._fields)
"""Arrays of each."""


@cache
def address_of(learned: bool) -> int:
    """Of what pushes some worlds: (places' address, first world, the one after the last) -> `SETTLED`.

    Args:
        learned: whether places of a `Residual` follow those of `Meeting` and `Pushed`.
    """
    count = types.int64(*[types.int64] * 3)
    compiled: Any = cfunc(count, cache=True)(push_learned if learned else push_plain)
    return compiled.address


def push_plain(at: int, first: int, last: int) -> int:
    """The law alone."""
    places = carray(whole_pointer(at), (MEETING + PUSHED, 1 + MOST))
    meeting = meeting_at(places, ZERO)
    impulses(meeting, None, first, last)
    push(meeting, pushed_at(places, ZERO + MEETING), first, last)
    return SETTLED


def push_learned(at: int, first: int, last: int) -> int:
    """The law with a network."""
    places = carray(whole_pointer(at), (MEETING + PUSHED + RESIDUAL, 1 + MOST))
    meeting = meeting_at(places, ZERO)
    impulses(meeting, residual_at(places, ZERO + MEETING + PUSHED), first, last)
    push(meeting, pushed_at(places, ZERO + MEETING), first, last)
    return SETTLED


@njit(cache=True, nogil=True)
def tree_at(places: Places, k: int) -> Tree:
    """What was lent from the k-th array on."""
    return Tree(
        integers1(places, k),
        integers1(places, k + 1),
        flags1(places, k + 2),
        numbers2(places, k + 3),
        numbers2(places, k + 4),
        numbers3(places, k + 5),
        numbers1(places, k + 6),
        numbers2(places, k + 7),
        numbers3(places, k + 8),
    )


@njit(cache=True, nogil=True)
def work_at(places: Places, k: int) -> TreeWork:
    """What was lent from the k-th array on."""
    return TreeWork(
        numbers3(places, k),
        numbers2(places, k + 1),
        numbers2(places, k + 2),
        numbers2(places, k + 3),
        numbers2(places, k + 4),
        numbers3(places, k + 5),
        numbers1(places, k + 6),
        numbers2(places, k + 7),
        numbers3(places, k + 8),
        numbers2(places, k + 9),
        numbers2(places, k + 10),
        numbers2(places, k + 11),
        numbers2(places, k + 12),
        numbers2(places, k + 13),
        numbers2(places, k + 14),
        numbers2(places, k + 15),
        numbers1(places, k + 16),
    )


@njit(cache=True, nogil=True)
def contacts_at(places: Places, k: int) -> Contacts:
    """What was lent from the k-th array on."""
    return Contacts(
        integers2(places, k),
        integers2(places, k + 1),
        integers2(places, k + 2),
        integers2(places, k + 3),
        integers2(places, k + 4),
        numbers3(places, k + 5),
        numbers2(places, k + 6),
        numbers2(places, k + 7),
        numbers3(places, k + 8),
        numbers3(places, k + 9),
        numbers4(places, k + 10),
        numbers3(places, k + 11),
        numbers2(places, k + 12),
        numbers2(places, k + 13),
        numbers4(places, k + 14),
        numbers4(places, k + 15),
        numbers3(places, k + 16),
        numbers3(places, k + 17),
        numbers3(places, k + 18),
        numbers2(places, k + 19),
    )


@njit(cache=True, nogil=True)
def stacked_at(places: Places, k: int) -> Stacked:
    """What was lent from the k-th array on."""
    shape, k = tree_at(places, k), k + TREE
    mass, com, inertia = numbers2(places, k), numbers3(places, k + 1), numbers4(places, k + 2)
    points, k = points_at(places, k + 3), k + 3 + POINTS
    position, radius = numbers3(places, k), numbers2(places, k + 1)
    patches, k = patches_at(places, k + 2), k + 2 + PATCHES
    height, law = numbers2(places, k), numbers3(places, k + 1)
    return Stacked(shape, mass, com, inertia, points, position, radius, patches, height, law)


@njit(cache=True, nogil=True)
def points_at(places: Places, k: int) -> Points:
    """What was lent from the k-th array on."""
    return Points(
        integers1(places, k),
        numbers2(places, k + 1),
        numbers1(places, k + 2),
        numbers2(places, k + 3),
        numbers1(places, k + 4),
    )


@njit(cache=True, nogil=True)
def patches_at(places: Places, k: int) -> Patches:
    """What was lent from the k-th array on."""
    return Patches(
        numbers2(places, k),
        numbers1(places, k + 1),
        numbers2(places, k + 2),
        numbers2(places, k + 3),
    )


@njit(cache=True, nogil=True)
def meeting_at(places: Places, k: int) -> Meeting:
    """What was lent from the k-th array on."""
    stacked, k = stacked_at(places, k), k + STACKED
    touch, k = Touch(numbers2(places, k), numbers2(places, k + 1), numbers3(places, k + 2)), k + TOUCH
    contacts, k = contacts_at(places, k), k + CONTACTS
    return Meeting(
        stacked,
        touch,
        contacts,
        numbers2(places, k),
        numbers2(places, k + 1),
        numbers3(places, k + 2),
        numbers2(places, k + 3),
        numbers2(places, k + 4),
        numbers2(places, k + 5),
        numbers1(places, k + 6),
        numbers1(places, k + 7),
        numbers2(places, k + 8),
        numbers1(places, k + 9),
        work_at(places, k + 10),
    )


@njit(cache=True, nogil=True)
def pushed_at(places: Places, k: int) -> Pushed:
    """What was lent from the k-th array on."""
    return Pushed(
        integers1(places, k),
        integers1(places, k + 1),
        integers1(places, k + 2),
        integers1(places, k + 3),
    )


@njit(cache=True, nogil=True)
def residual_at(places: Places, k: int) -> Residual:
    """What was lent from the k-th array on."""
    return Residual(
        singles3(places, k),
        integers1(places, k + 1),
        singles3(places, k + 2),
        singles2(places, k + 3),
        singles3(places, k + 4),
        singles2(places, k + 5),
        singles2(places, k + 6),
    )
