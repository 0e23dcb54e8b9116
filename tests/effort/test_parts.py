"""A log divided by time: no part sees another."""

import numpy as np
import pytest

from hybridsim.effort.motion import Motion
from hybridsim.effort.parts import blocks_of, divided, log_of, scored_part, thinned, whole
from hybridsim.study import SplitRule

RULE = SplitRule(by="time", test_fraction=0.3, validation_fraction=0.25, gap_s=0.5)


@pytest.fixture
def motion():
    time = 0.01 * np.arange(1000)
    ones = np.ones((1000, 2))
    return Motion(log_id="log", name="n", time_s=time, period=0.01, position=ones, velocity=None, effort=ones)


def test_parts_by_hand(motion):
    # 10 s: the test part from 7 s on, validation from 5.25 s to 6.5 s, training up to 4.75 s.
    parts = divided(motion, RULE)
    spans = {side: motion.time_s[part.rows][[0, -1]].tolist() for side, part in parts.items()}
    assert spans == {"train": [0.0, 4.74], "validation": [5.25, 6.49], "test": [7.0, 9.99]}
    assert sum(part.rows.sum() for part in parts.values()) == 475 + 125 + 300
    assert not np.any(np.sum([part.rows for part in parts.values()], axis=0) > 1)


def test_a_part_is_found_again_by_its_name(motion):
    test = divided(motion, RULE)["test"]
    assert test.log_id == "log@7.000-10.000s"
    assert log_of(test.log_id) == "log" and log_of("log") == "log"
    again = scored_part(motion, [test.log_id])
    np.testing.assert_array_equal(again.rows, test.rows)
    assert scored_part(motion, ["other@0.000-1.000s"]).rows.all()


def test_blocks_are_neighbours_and_leave_out_what_is_missing(motion):
    motion.effort[100:120] = np.nan
    block = blocks_of([whole(motion)], 4)[0]
    assert (block[100:120] == -1).all()
    inside = block[block >= 0]
    assert (np.diff(inside) >= 0).all() and np.bincount(inside).tolist() == [245] * 4


def test_many_logs_are_dealt_whole(motion):
    blocks = blocks_of([whole(motion)] * 5, 2)
    assert [int(block[0]) for block in blocks] == [0, 1, 0, 1, 0]
    assert all((block == block[0]).all() for block in blocks)


def test_a_long_log_is_thinned_without_moving_it():
    time = 0.001 * np.arange(20_000)
    wave = np.sin(2 * np.pi * 0.5 * time)[:, None]
    noisy = wave + 0.1 * np.sin(2 * np.pi * 300.0 * time)[:, None]  # would fold down to something slow
    noisy[5000:5100] = np.nan
    fast = Motion(log_id="a", name="a", time_s=time, period=0.001, position=wave, velocity=None, effort=noisy)
    (part,) = thinned([whole(fast)], 4000)
    slow = part.motion
    assert len(slow.time_s) == 4000 == len(part.rows) and slow.period == pytest.approx(0.005)
    expected = np.sin(2 * np.pi * 0.5 * slow.time_s)
    known = np.isfinite(slow.effort[:, 0])
    assert known.sum() == 4000 - 20
    np.testing.assert_allclose(slow.effort[known, 0], expected[known], atol=0.01)
    np.testing.assert_allclose(slow.position[:, 0], expected, atol=1e-3)
    assert thinned([whole(fast)], 10)[0].motion.period == pytest.approx(0.016)  # 60 rows a second at least
    assert thinned([whole(fast)], 20_000)[0].motion is fast
