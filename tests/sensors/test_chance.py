"""Random numbers of sensors: the published bits, the normal law, and seeds."""

import math

import numpy as np
import pytest

from hybridsim.sensors.chance import AREA, EDGES, LAYERS, TAIL, begun, drawn, fill

MANY = 4_000_000


def numbers(count, *seed):
    state, found = begun(*seed), np.zeros(count)
    fill(state, found)
    return found


def test_bits_are_those_of_the_published_generator():
    # First outputs of xoshiro256++ from the state 1, 2, 3, 4; rotl(1 + 4, 23) + 1 = 5 * 2^23 + 1 by hand.
    state, found = (1, 2, 3, 4), []
    for _ in range(5):
        bits, state = drawn(tuple(np.array(state, np.uint64)))
        found.append(int(bits))
    assert found == [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205]


def test_layers_have_one_area():
    # Layer k lies between the curve's heights at its own edge and at the next one.
    height = np.exp(-0.5 * EDGES**2)
    assert EDGES[1:-1] * np.diff(height)[1:] == pytest.approx(np.full(LAYERS - 1, AREA), rel=1e-8)
    lowest = TAIL * height[1] + math.sqrt(math.pi / 2) * math.erfc(TAIL / math.sqrt(2))
    assert lowest == pytest.approx(AREA, rel=1e-9)


def test_numbers_are_normal_out_to_the_tail():
    found = numbers(MANY, 0, 0, 0)
    # Of n standard normal numbers the k-th power's mean is 0, 1, 0, 3 with variance 1, 2, 15, 96 over n.
    for power, mean, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)):
        assert (found**power).mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / MANY))
    for edge in (0.1, 0.5, 1.0, 2.0, 3.0, 3.4, 3.5, 4.0):
        share = math.erfc(edge / math.sqrt(2)) / 2
        for beyond in (found > edge, found < -edge):
            assert beyond.mean() == pytest.approx(share, abs=4.5 * math.sqrt(share / MANY))
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 4 / math.sqrt(MANY)


def test_seed_world_and_episode_each_give_other_numbers_and_stores_go_on():
    seeds = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert len({numbers(1, *seed)[0] for seed in seeds}) == 4
    state, first, second = begun(0, 0, 0), np.zeros(10), np.zeros(10)
    fill(state, first)
    fill(state, second)
    assert np.array_equal(np.concatenate([first, second]), numbers(20, 0, 0, 0))
