"""Stretches of what was left over: kept, and drawn again for motions like theirs."""

import numpy as np
import pytest

from hybridsim.sensing.stretches import AMONG, MOST, remembered, source_of, stretch_rows

PERIOD = 0.0035
ROWS = 12_000


def kept(count=2, seed=0):
    """Logs of noise whose motion is as calm as -1 in even logs and as lively as 1 in odd ones."""
    random = np.random.default_rng(seed)
    white = [random.standard_normal((ROWS, 6)) for _ in range(count)]
    for n, one in enumerate(white):
        one[:, 5] = one[:, 0] if n % 2 else -one[:, 0]
    motion = [
        np.full((ROWS, 1), 2.0 * (n % 2) - 1.0) + 0.01 * random.standard_normal((ROWS, 1))
        for n in range(count)
    ]
    names = [f"log {n}" for n in range(count)]
    return remembered(white, motion, [[(0, ROWS)]] * count, names, PERIOD, seed=0), white


def test_drawn_noise_is_as_strong_as_what_was_kept():
    stretches, _ = kept()
    random = np.random.default_rng(1)
    motion = 1.0 + 0.01 * random.standard_normal((40_000, 1))
    drawn = stretches.drawn(motion, PERIOD, source_of("another"), random)
    assert drawn.std(axis=0) == pytest.approx(np.ones(6), abs=0.03)
    # Not at the seams either, where two stretches fade into each other.
    half = stretch_rows(PERIOD) // 2
    seams = drawn[: len(drawn) // half * half].reshape(-1, half, 6).std(axis=(0, 2))
    assert seams == pytest.approx(np.ones(half), abs=0.2)


def test_what_channels_feel_together_stays_so_in_motions_that_are_alike():
    stretches, _ = kept()
    for motion, sign in ((1.0, 1.0), (-1.0, -1.0)):
        random = np.random.default_rng(2)
        drawn = stretches.drawn(np.full((10_000, 1), motion), PERIOD, source_of("another"), random)
        assert drawn[:, 5] == pytest.approx(sign * drawn[:, 0])


def test_no_log_is_given_its_own_noise():
    stretches, white = kept()
    random = np.random.default_rng(3)
    drawn = stretches.drawn(np.ones((10_000, 1)), PERIOD, source_of("log 1"), random)
    assert drawn[:, 5] == pytest.approx(-drawn[:, 0])  # log 0's, though its motion was another
    assert np.abs(np.corrcoef(drawn[:5000, 1], white[1][:5000, 1])[0, 1]) < 0.1


def test_too_short_a_log_leaves_plain_noise():
    empty = remembered([np.ones((100, 6))], [np.ones((100, 1))], [[(0, 100)]], ["short"], PERIOD, seed=0)
    assert len(empty.pieces) == 0
    drawn = empty.drawn(np.ones((5000, 1)), PERIOD, source_of("another"), np.random.default_rng(4))
    assert drawn.std(axis=0) == pytest.approx(np.ones(6), abs=0.05)


def test_no_more_is_kept_than_fits_beside_a_calibration():
    stretches, _ = kept(count=14)
    assert AMONG < len(stretches.pieces) <= MOST
    assert len(set(stretches.source.tolist())) > 1
