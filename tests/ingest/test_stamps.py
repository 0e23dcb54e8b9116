"""Two stamps a message: planted clocks come back, nothing moves silently, and nothing breaks the reader."""

import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hybridsim.ingest.clocks import order_faults
from hybridsim.ingest.faults import Fault
from hybridsim.ingest.order import stamp_faults
from hybridsim.ingest.stamps import read_clock

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def topic(rows=3000, interval_s=0.01, offset_s=0.0, drift_ppm=0.0, delay_s=0.001, seed=0):
    """Stamps of a sender and a recorder: sender = recorder + offset + drift (t - middle), delays exponential.

    Messages do not overtake each other, as on one connection.
    """
    rng = np.random.default_rng(seed)
    true_s = np.arange(rows) * interval_s + rng.uniform(0, 0.2 * interval_s, rows)
    header_s = true_s + offset_s + drift_ppm * 1e-6 * (true_s - true_s.mean())
    receive_s = np.maximum.accumulate(true_s + rng.exponential(delay_s, rows))
    return START + np.rint(header_s * 1e9).astype(np.int64), START + np.rint(receive_s * 1e9).astype(np.int64)


def increasing(reading):
    return bool(np.all(np.diff(reading.stamp_ns[reading.fault == Fault.NONE]) > 0))


def test_sane_stamps_are_left_alone_to_the_bit():
    header_ns, receive_ns = topic(offset_s=0.0)
    reading = read_clock(header_ns, receive_ns)
    np.testing.assert_array_equal(reading.stamp_ns, header_ns)
    assert reading.source == "header" and not reading.fault.any() and not reading.simulated
    assert reading.steps == () and reading.notes == () and reading.empty == 0
    assert reading.rate == pytest.approx(1.0, abs=0.001)


def test_planted_offset_and_drift_lie_in_their_intervals():
    offsets, drifts = [], []
    for seed in range(60):
        reading = read_clock(*topic(rows=4000, offset_s=0.123, drift_ppm=40.0, seed=seed))
        low, high = reading.line.offset_interval_95_s
        slow, fast = reading.line.drift_interval_95_ppm
        offsets.append(low <= 0.123 <= high)
        drifts.append(slow <= 40.0 <= fast)
        assert reading.line.offset_s == pytest.approx(0.123, abs=3e-5)
        assert reading.line.drift_ppm == pytest.approx(40.0, abs=3.0)
        assert high - low < 1e-4 and fast - slow < 10.0
    assert np.mean(offsets) >= 0.9 and np.mean(drifts) >= 0.9


def test_jitter_is_the_delay_beyond_the_shortest():
    # An exponential delay of mean 2 ms: median 2 ln 2 = 1.386 ms, 95 % below 2 ln 20 = 5.991 ms.
    line = read_clock(*topic(rows=20_000, interval_s=0.1, delay_s=0.002)).line
    assert line.jitter_median_s == pytest.approx(0.001386, rel=0.05)
    assert line.jitter_95_s == pytest.approx(0.005991, rel=0.05)


def test_congestion_moves_neither_offset_nor_drift():
    header_ns, receive_ns = topic(rows=4000, offset_s=0.123, drift_ppm=40.0)
    receive_ns[1000:1800] += SECOND // 20  # a fifth of the recording 50 ms later: no message of it is quick
    line = read_clock(header_ns, receive_ns).line
    assert line.offset_s == pytest.approx(0.123, abs=2e-4)
    assert line.drift_ppm == pytest.approx(40.0, abs=10.0)


def test_too_few_messages_give_no_interval():
    line = read_clock(*topic(rows=40, offset_s=0.5)).line
    assert line.offset_s == pytest.approx(0.5, abs=0.001)
    assert line.offset_interval_95_s is None and line.drift_ppm is None


def test_a_short_recording_cannot_tell_drift():
    slow, fast = read_clock(*topic(rows=200, interval_s=0.005)).line.drift_interval_95_ppm
    assert slow < 0.0 < fast and fast - slow > 50.0


def test_copied_stamps_cannot_tell_an_offset():
    header_ns, _ = topic()
    reading = read_clock(header_ns, header_ns.copy())
    assert "cannot be told" in reading.notes[0]


def test_a_constant_offset_is_recorded_and_not_applied():
    header_ns, receive_ns = topic(offset_s=-1234.5)
    reading = read_clock(header_ns, receive_ns)
    np.testing.assert_array_equal(reading.stamp_ns, header_ns)
    assert reading.line.offset_s == pytest.approx(-1234.5, abs=1e-3)
    assert reading.notes == ("the sender's clock is 1234.5 s behind the recorder's: recorded, not applied",)


@pytest.mark.parametrize("size_s", [-1.7e9, -1234.5, -0.25, 0.25, 1234.5])
def test_a_sender_that_restarts_is_moved_and_reported(size_s):
    header_ns, receive_ns = topic(offset_s=0.02)
    whole_ns = header_ns.copy()
    header_ns[812:] += round(size_s * 1e9)
    reading = read_clock(header_ns, receive_ns)
    (step,) = reading.steps
    assert (step.row, step.whose, step.receive_ns) == (812, "sender", receive_ns[812])
    assert step.size_ns == pytest.approx(size_s * 1e9, abs=1e6)
    assert step.moved_ns == -step.size_ns
    assert np.abs(reading.stamp_ns - whole_ns).max() < 1e6 and not reading.fault.any()
    assert "after message 812" in reading.notes[0] and "were moved by" in reading.notes[0]
    assert reading.line.offset_s == pytest.approx(0.02, abs=1e-3)


def test_a_restart_with_a_pause_keeps_the_pause():
    header_ns, receive_ns = topic()
    whole_ns = header_ns + np.where(np.arange(3000) < 812, 0, 30 * SECOND)
    receive_ns[812:] += 30 * SECOND
    header_ns[812:] -= header_ns[812] - 5 * SECOND  # counts from its start
    reading = read_clock(header_ns, receive_ns)
    assert [step.row for step in reading.steps] == [812]
    assert np.abs(reading.stamp_ns - whole_ns).max() < 1e6


def test_two_restarts():
    header_ns, receive_ns = topic()
    whole_ns = header_ns.copy()
    header_ns[500:] -= 100 * SECOND
    header_ns[600:] += 40 * SECOND
    reading = read_clock(header_ns, receive_ns)
    assert [step.row for step in reading.steps] == [500, 600]
    assert np.abs(reading.stamp_ns - whole_ns).max() < 2e6 and increasing(reading)


@pytest.mark.parametrize("size_s", [-3600.0, -0.5, 0.5, 3600.0])
def test_a_recorder_that_is_set_moves_no_stamp(size_s):
    header_ns, receive_ns = topic(offset_s=0.02)
    receive_ns[1500:] += round(size_s * 1e9)
    reading = read_clock(header_ns, receive_ns)
    np.testing.assert_array_equal(reading.stamp_ns, header_ns)
    (step,) = reading.steps
    assert (step.row, step.whose, step.moved_ns) == (1500, "recorder", 0)
    assert step.size_ns == pytest.approx(size_s * 1e9, abs=1e6)
    assert "left as they are" in reading.notes[0]
    # The step is taken out before offset and drift are told.
    assert reading.line.offset_s == pytest.approx(0.02, abs=1e-3)
    assert abs(reading.line.drift_ppm) < 50.0


def test_messages_of_a_recorder_set_back_and_sorted_by_its_stamps():
    """A reader that goes by an index interleaves what was recorded before and after the step."""
    header_ns, receive_ns = topic()
    receive_ns[1500:] -= SECOND // 2
    by_index = np.argsort(receive_ns, kind="stable")
    reading = read_clock(header_ns[by_index], receive_ns[by_index])
    kept = reading.fault == Fault.NONE
    np.testing.assert_array_equal(reading.stamp_ns[kept], header_ns[by_index][kept])
    assert increasing(reading) and np.count_nonzero(~kept) <= 60  # the half second twice, at 100 Hz


def test_late_messages_and_queues_are_no_steps():
    header_ns, receive_ns = topic()
    receive_ns[700:1000] = np.maximum(receive_ns[700:1000], receive_ns[999] + np.arange(300))  # 3 s at once
    receive_ns[2000:2020] = np.maximum(receive_ns[2000:2020], receive_ns[2019])
    reading = read_clock(header_ns, receive_ns)
    np.testing.assert_array_equal(reading.stamp_ns, header_ns)
    assert reading.steps == () and not reading.fault.any()


def test_single_misplaced_stamps_are_refused_not_followed():
    header_ns, receive_ns = topic()
    wrong = header_ns.copy()
    wrong[500:502] -= SECOND
    wrong[900] += SECOND
    wrong[1200] = 5
    wrong[1500] = np.iinfo(np.int64).max
    wrong[2998] += 2 * SECOND
    wrong[-1] += 4 * SECOND  # in order, but ahead of what its neighbours allow
    reading = read_clock(wrong, receive_ns)
    refused = np.flatnonzero(reading.fault)
    assert refused.tolist() == [500, 501, 900, 1200, 1500, 2998, 2999]
    assert reading.fault[1500] == Fault.STAMP_ABSURD and reading.fault[500] == Fault.BACKWARD
    assert reading.steps == () and increasing(reading)


def test_duplicates_are_refused_as_such():
    header_ns, receive_ns = topic()
    reading = read_clock(np.repeat(header_ns, 2), np.repeat(receive_ns, 2))
    assert np.count_nonzero(reading.fault == Fault.DUPLICATE) == len(header_ns)
    assert increasing(reading) and not reading.simulated


@pytest.mark.parametrize("value", [0, -1])
def test_no_header_stamps_at_all_go_by_the_recorder(value):
    _, receive_ns = topic()
    reading = read_clock(np.full_like(receive_ns, value), receive_ns)
    kept = reading.fault == Fault.NONE
    np.testing.assert_array_equal(reading.stamp_ns[kept], receive_ns[kept])
    assert reading.source == "receive" and reading.empty == len(receive_ns) and reading.line is None
    assert "recorder's stamps are used" in reading.notes[0]


def test_a_few_empty_stamps_are_refused():
    header_ns, receive_ns = topic(offset_s=0.05)
    wrong = header_ns.copy()
    wrong[[0, 7, 8, 1000]] = 0
    reading = read_clock(wrong, receive_ns)
    assert np.flatnonzero(reading.fault).tolist() == [0, 7, 8, 1000] and reading.empty == 4
    assert set(reading.fault[[0, 7, 8, 1000]]) == {Fault.STAMP_UNREADABLE}
    assert "4 of 3000 header stamps are empty" in reading.notes[0]
    assert reading.line.offset_s == pytest.approx(0.05, abs=1e-3)


def test_mostly_empty_stamps_go_by_the_recorder():
    header_ns, receive_ns = topic()
    header_ns[::5] = 0
    assert read_clock(header_ns, receive_ns).source == "header"
    header_ns[:2000] = 0
    assert read_clock(header_ns, receive_ns).source == "receive"


def test_a_restart_after_empty_stamps_is_found_at_its_message():
    header_ns, receive_ns = topic()
    header_ns[1000:] -= 50 * SECOND
    header_ns[:100] = 0
    reading = read_clock(header_ns, receive_ns)
    assert [step.row for step in reading.steps] == [1000]
    assert set(reading.stamp_ns[:100]) == {0}


@pytest.mark.parametrize("speed", [0.2, 0.9, 1.5])
def test_simulated_time_is_kept_and_flagged(speed):
    _, receive_ns = topic()
    header_ns = 10 * SECOND + np.rint((receive_ns - START) * speed).astype(np.int64)
    reading = read_clock(header_ns, receive_ns)
    assert reading.simulated and reading.rate == pytest.approx(speed, rel=0.01) and reading.line is None
    kept = reading.fault == Fault.NONE
    np.testing.assert_array_equal(reading.stamp_ns[kept], header_ns[kept])
    assert "simulated" in reading.notes[0]


def test_simulated_time_at_a_changing_rate():
    _, receive_ns = topic()
    speed = np.random.default_rng(1).uniform(0.3, 0.9, 30).repeat(100)
    header_ns = SECOND + np.cumsum(speed * 0.01 * SECOND).astype(np.int64)
    reading = read_clock(header_ns, receive_ns)
    assert reading.simulated and not reading.fault.any() and reading.steps == ()


def test_simulated_time_that_loops_is_a_restart():
    _, receive_ns = topic()
    header_ns = SECOND + 5_000_000 * (np.arange(3000, dtype=np.int64) % 1100)
    reading = read_clock(header_ns, receive_ns)
    assert reading.simulated and [step.row for step in reading.steps] == [1100, 2200]
    np.testing.assert_array_equal(reading.stamp_ns, SECOND + 5_000_000 * np.arange(3000))


def test_a_clock_that_stands_still_goes_by_the_recorder():
    _, receive_ns = topic()
    reading = read_clock(np.full_like(receive_ns, START), receive_ns)
    assert reading.simulated and reading.source == "receive"


def test_delays_that_jitter_more_than_messages_are_apart_are_not_simulated():
    """As tilt_laser.bag: two messages a stamp, delays of tenths of a second."""
    header_ns, receive_ns = topic(rows=350, interval_s=0.05)
    rng = np.random.default_rng(3)
    receive_ns = np.maximum.accumulate(header_ns + (rng.exponential(0.1, 350) * 1e9).astype(np.int64))
    reading = read_clock(header_ns.repeat(2), receive_ns.repeat(2))
    assert not reading.simulated and reading.steps == ()


def test_two_senders_are_named_as_the_likely_cause():
    header_ns, receive_ns = topic()
    mixed = header_ns.copy()
    mixed[::2] -= SECOND // 50
    notes = read_clock(mixed, receive_ns).notes
    assert any("two senders" in note for note in notes)


STAMP = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(-1, 3)
    | st.integers(START, START + 100)
    | st.integers(0, 40).map(lambda k: START + k * SECOND // 4)
)


@st.composite
def pairs_of_stamps(draw):
    rows = draw(st.integers(0, 60))
    header, receive = (draw(hnp.arrays(np.int64, rows, elements=STAMP)) for _ in range(2))
    if draw(st.booleans()):
        receive = START + np.arange(rows, dtype=np.int64) * draw(st.integers(0, 10**9))
    if draw(st.booleans()):
        level = np.array(draw(st.lists(STAMP, min_size=1, max_size=5)), np.int64)
        header = level[np.arange(rows) * len(level) // max(rows, 1)] + np.arange(rows, dtype=np.int64) * 10**7
    return header, receive


@given(pairs_of_stamps())
@example((np.zeros(0, np.int64), np.zeros(0, np.int64)))
@example((np.full(9, 2**62, np.int64), np.full(9, -(2**63), np.int64)))
def test_any_stamps_give_increasing_ones_or_faults(stamps):
    header_ns, receive_ns = stamps
    before = header_ns.copy(), receive_ns.copy()
    reading = read_clock(header_ns, receive_ns)
    assert reading.stamp_ns.shape == reading.fault.shape == header_ns.shape
    assert reading.stamp_ns.dtype == np.int64 and increasing(reading)
    np.testing.assert_array_equal((header_ns, receive_ns), before)
    kept = reading.fault == Fault.NONE
    if reading.source == "receive" or not reading.steps:
        origin = receive_ns if reading.source == "receive" else header_ns
        np.testing.assert_array_equal(reading.stamp_ns[kept], origin[kept])
    for number in (reading.rate, *(vars(reading.line).values() if reading.line else ())):
        assert number is None or np.all(np.isfinite(number))


@given(st.lists(st.tuples(st.integers(0, 399), st.integers(-(10**12), 10**12)), max_size=12))
def test_looking_around_misplaced_rows_refuses_no_more_than_looking_at_all(moves):
    stamp_ns = START + np.arange(400, dtype=np.int64) * SECOND // 100
    for row, shift in moves:
        stamp_ns[row] = stamp_ns[row] + shift
    quick, whole = stamp_faults(stamp_ns), order_faults(stamp_ns)
    assert np.all(np.diff(stamp_ns[quick == Fault.NONE]) > 0)
    assert np.count_nonzero(quick) == np.count_nonzero(whole)


def test_five_million_messages():
    header_ns, receive_ns = topic(rows=5_000_000, interval_s=0.001, delay_s=0.0005)
    header_ns[[1000, 2_000_000]] -= 10 * SECOND
    started = time.perf_counter()
    reading = read_clock(header_ns, receive_ns)
    assert time.perf_counter() - started < 4.0  # 0.5 s on an idle core
    assert np.flatnonzero(reading.fault).tolist() == [1000, 2_000_000]
