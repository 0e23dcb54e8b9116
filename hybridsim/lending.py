"""Arrays that compiled code finds by itself, where handing them over costs more than the work on them.

A call from Python checks and unpacks every array it is given, and compiled code counts references to each.
Lent arrays are written down once, by address and shape, and cost neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

MOST = 4
"""Dimensions of a lent array, at most."""
Places = np.ndarray
"""[array 1 + MOST] where each array begins and how long it is in each dimension."""


class Lent:
    """Arrays of doubles, floats, 64-bit integers and truths, kept alive as long as they are lent.

    Compiled code reads them in the order in which they were given, the inside of named tuples in theirs.
    """

    def __init__(self, *given: Any) -> None:
        """Write down where arrays, and those of tuples of arrays, lie; they must lie there for good."""
        self._kept = tuple(leaves(given))
        self.places: Places = np.array([place_of(one) for one in self._kept], np.int64)


def leaves(given: Iterable[Any]) -> Iterator[np.ndarray]:
    """Arrays of tuples of tuples, in order."""
    for one in given:
        if isinstance(one, tuple):
            yield from leaves(one)
        else:
            yield one


def place_of(array: np.ndarray) -> list[int]:
    """Address and shape of one array."""
    assert array.flags.c_contiguous and array.flags.writeable and array.ndim <= MOST
    assert array.dtype in (np.float64, np.float32, np.int64, np.bool_), array.dtype
    return [array.ctypes.data, *array.shape, *[0] * (MOST - array.ndim)]


def pointer_of(kind: types.Type) -> Callable[..., Any]:
    """What makes a number an address of numbers of a kind."""

    def pointer_to(context: Any, address: Any) -> tuple[Any, Callable]:
        del context

        def generate(target: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.inttoptr(given[0], target.get_value_type(signature.return_type))

        return types.CPointer(kind)(address), generate

    return pointer_to


pointer: Any = intrinsic(pointer_of(types.float64))
whole_pointer: Any = intrinsic(pointer_of(types.int64))
single_pointer: Any = intrinsic(pointer_of(types.float32))
flag_pointer: Any = intrinsic(pointer_of(types.bool_))


@njit(cache=True, nogil=True)
def numbers1(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, doubles in one dimension."""
    return carray(pointer(places[k, 0]), (places[k, 1],))


@njit(cache=True, nogil=True)
def numbers2(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, doubles in two dimensions."""
    return carray(pointer(places[k, 0]), (places[k, 1], places[k, 2]))


@njit(cache=True, nogil=True)
def numbers3(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, doubles in three dimensions."""
    return carray(pointer(places[k, 0]), (places[k, 1], places[k, 2], places[k, 3]))


@njit(cache=True, nogil=True)
def numbers4(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, doubles in four dimensions."""
    return carray(pointer(places[k, 0]), (places[k, 1], places[k, 2], places[k, 3], places[k, 4]))


@njit(cache=True, nogil=True)
def integers1(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, integers in one dimension."""
    return carray(whole_pointer(places[k, 0]), (places[k, 1],))


@njit(cache=True, nogil=True)
def integers2(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, integers in two dimensions."""
    return carray(whole_pointer(places[k, 0]), (places[k, 1], places[k, 2]))


@njit(cache=True, nogil=True)
def singles2(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, floats of 32 bits in two dimensions."""
    return carray(single_pointer(places[k, 0]), (places[k, 1], places[k, 2]))


@njit(cache=True, nogil=True)
def singles3(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, floats of 32 bits in three dimensions."""
    return carray(single_pointer(places[k, 0]), (places[k, 1], places[k, 2], places[k, 3]))


@njit(cache=True, nogil=True)
def flags1(places: Places, k: int) -> np.ndarray:
    """The k-th lent array, truths in one dimension."""
    return carray(flag_pointer(places[k, 0]), (places[k, 1],))
