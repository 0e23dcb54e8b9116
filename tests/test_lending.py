"""Lent arrays: compiled code reads and writes the very arrays, in the order in which they were given."""

from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from hybridsim.lending import (
    Lent,
    flags1,
    integers1,
    integers2,
    numbers1,
    numbers2,
    numbers3,
    numbers4,
    singles2,
    singles3,
)


class Pair(NamedTuple):
    one: np.ndarray
    two: np.ndarray


@njit
def doubled(places):
    numbers1(places, 0)[:] *= 2.0
    numbers2(places, 1)[:] *= 2.0
    third, fourth = numbers3(places, 2), numbers4(places, 3)
    third[1, 2, 3] += fourth[0, 1, 0, 1]
    integers1(places, 4)[1] += integers2(places, 5)[1, 0]
    singles2(places, 6)[1, 0] = 2.0 * singles3(places, 7)[0, 1, 0] if flags1(places, 8)[1] else 9.0
    return third.shape, fourth.shape


def test_compiled_code_writes_into_what_was_lent():
    given = [np.ones(2), np.ones((2, 3)), np.zeros((2, 3, 4)), np.arange(8.0).reshape(1, 2, 2, 2)]
    whole = Pair(np.array([1, 2]), np.array([[3, 4], [5, 6]]))
    small, truths = [np.zeros((2, 2), np.float32), np.ones((1, 2, 2), np.float32)], np.array([False, True])
    lent = Lent(given[0], given[1], (given[2], given[3]), whole, *small, truths)
    assert doubled(lent.places) == ((2, 3, 4), (1, 2, 2, 2))
    assert given[0].tolist() == [2.0, 2.0] and given[1].sum() == 12.0
    assert given[2][1, 2, 3] == given[2].sum() == 5.0
    assert whole.one.tolist() == [1, 7] and small[0].tolist() == [[0.0, 0.0], [2.0, 0.0]]


def test_lent_arrays_outlive_whoever_made_them():
    lent = Lent(np.full(100_000, 3.0))
    rubbish = [np.zeros(100_000) for _ in range(10)]
    assert total(lent.places) == 3e5 and len(rubbish) == 10


@njit
def total(places):
    return numbers1(places, 0).sum()


@pytest.mark.parametrize("array", [np.zeros((3, 2)).T, np.zeros(2, np.int32), np.zeros((1,) * 5)])
def test_what_compiled_code_would_misread_is_not_lent(array):
    with pytest.raises(AssertionError):
        Lent(array)
