"""Property tests: whatever the bytes, a row is read right, refused and counted, or the file is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.errors import LogError
from hybridsim.ingest.assemble import decode, place_of, signals_of
from hybridsim.ingest.cells import lists, number, numbers
from hybridsim.ingest.clocks import order_faults, parse_stamps
from hybridsim.ingest.faults import Fault
from hybridsim.ingest.spec import TableSpec
from hybridsim.ingest.tables import read_rows
from hybridsim.robot import load_robot

FINITE = st.floats(allow_nan=False, allow_infinity=False)
CSV = TableSpec.model_validate(
    {
        "file": "a.csv",
        "format": "csv",
        "stamp": {"column": "t", "unit": "s"},
        "signal": [
            {"name": "joint_position", "unit": "rad", "columns": {"pendulum": "q[0]"}},
            {"name": "joint_velocity", "unit": "rad/s", "columns": {"pendulum": "v"}, "required": False},
        ],
    }
)
JSON = CSV.model_copy(update={"format": "json", "rows": "rows"})
LINES = CSV.model_copy(update={"format": "jsonl"})
PENDULUM = load_robot("xl330_pendulum")


@given(st.lists(FINITE | st.booleans()))
def test_numbers_come_back_to_the_bit(values):
    for cells in (values, [repr(float(value)) for value in values]):
        parsed = numbers(cells)
        assert not parsed.fault.any()
        np.testing.assert_array_equal(parsed.values[:, 0], np.array(values, np.float64))


@given(st.lists(st.none() | st.text() | st.floats() | st.integers() | st.lists(st.integers()), min_size=1))
def test_any_cells_become_finite_numbers_or_faults(cells):
    parsed = numbers(cells)
    assert parsed.values.shape == (len(cells), 1)
    np.testing.assert_array_equal(np.isfinite(parsed.values[:, 0]), parsed.fault == Fault.NONE)
    # One bad cell changes nothing for its neighbours: each alone gives the same.
    for cell, value, fault in zip(cells, parsed.values[:, 0], parsed.fault, strict=True):
        alone, reason = number(cell)
        assert reason == fault and (alone == value or math.isnan(value))


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(FINITE, min_size=n, max_size=n), min_size=1)))
def test_lists_in_cells_come_back_to_the_bit(rows):
    for cells in (rows, [json.dumps(row) for row in rows], [str(row) for row in rows]):
        parsed = lists(cells, None)
        assert not parsed.fault.any()
        np.testing.assert_array_equal(parsed.values, np.array(rows))


CELL = st.lists(FINITE | st.just(math.nan), max_size=4).map(json.dumps) | st.text(
    alphabet='[],.1-" \ufffdn', max_size=12
)


@given(st.lists(CELL, min_size=1), st.none() | st.integers(1, 3))
def test_a_broken_list_never_moves_its_neighbours(cells, length):
    """Brackets split over two cells must not shift the rows between them."""
    parsed = lists(cells, length)
    width = parsed.values.shape[1]
    for cell, values, fault in zip(cells, parsed.values, parsed.fault, strict=True):
        if fault != Fault.NONE:
            assert np.isnan(values).all()
        else:
            assert values.tolist() == [float(word) for word in cell.strip()[1:-1].split(",")]
            assert len(values) == width and np.isfinite(values).all()


def test_two_cells_cannot_trade_numbers():
    parsed = lists(["[1, 2]", "[3, 4], [5, 6]", "", "[7, 8]"], 2)
    assert parsed.fault.tolist() == [Fault.NONE, Fault.NOT_A_NUMBER, Fault.MISSING, Fault.NONE]
    assert parsed.values[[0, 3]].tolist() == [[1, 2], [7, 8]]
    assert lists(["[1, 2]", "[3", "4]"], 2).fault.tolist() == [0, Fault.NOT_A_NUMBER, Fault.NOT_A_NUMBER]


@given(st.lists(st.integers(-50, 50) | st.integers(-(2**62), 2**62)))
def test_kept_stamps_strictly_increase_and_an_ordered_clock_loses_nothing(stamps):
    stamps = np.array(stamps, np.int64)
    kept = stamps[order_faults(stamps) == Fault.NONE]
    assert np.all(np.diff(kept) > 0)
    assert len(kept) or not len(stamps)
    ordered = np.unique(stamps % 1000)
    assert not order_faults(ordered).any()


@given(st.lists(st.integers(0, 99), unique=True, max_size=5), st.integers(-(10**6), 10**6))
def test_misplaced_rows_cost_only_themselves(places, shift):
    """Of 100 rows, up to 5 get a wrong stamp: no more rows than that are lost."""
    stamps = np.arange(100, dtype=np.int64) * 1_000_000
    wrong = stamps.copy()
    wrong[places] += shift * 1_000_003
    fault = order_faults(wrong)
    assert (fault != Fault.NONE).sum() <= len(places)


@pytest.mark.parametrize(
    ("cells", "unit", "expected"),
    [
        (["1.5", "2"], "s", [1_500_000_000, 2_000_000_000]),
        (["7.100985385477543"], "us", [7101]),
        (["1700000000123456789"], "ns", [1700000000123456789]),  # a float would round this by 100 ns
        ([1700000000123456789, 1700000000123456790], "ns", [1700000000123456789, 1700000000123456790]),
        (["1700000000123457", 1700000000123458], "us", [1700000000123457000, 1700000000123458000]),
        (["1700000000.5", "-1.25"], "s", [1700000000500000000, -1250000000]),
        (
            ["1970-01-01T00:00:01.000001Z", "1970-01-01T01:00:01+01:00"],
            "iso8601",
            [1_000_001_000, 1_000_000_000],
        ),
    ],
)
def test_stamps_become_nanoseconds(cells, unit, expected):
    stamps, fault = parse_stamps(cells, unit)
    assert stamps.tolist() == expected and not fault.any()


@given(
    st.lists(st.none() | st.text() | st.floats() | st.integers()),
    st.sampled_from(["s", "ms", "us", "ns", "iso8601"]),
)
def test_any_stamps_are_read_or_refused(cells, unit):
    stamps, fault = parse_stamps(cells, unit)
    assert len(stamps) == len(fault) == len(cells)
    assert set(fault.tolist()) <= {Fault.NONE, Fault.STAMP_UNREADABLE, Fault.STAMP_ABSURD}
    assert np.all(np.abs(stamps) <= 4.6e18)


def read(content, table):
    """Signals of a file, or None where it is refused; never anything else."""
    try:
        rows = read_rows(content, "a.csv", table)
        return signals_of(rows, table, PENDULUM, None)
    except LogError:
        return None


@given(st.binary(max_size=300), st.sampled_from([CSV, JSON, LINES]))
def test_any_bytes_are_read_or_refused(content, table):
    read(content, table)
    read(b't,q,v\n0,"[1]",2\n1,"[1]",2\n' + content, CSV)
    read(b'{"a": 1, "rows": [{"t": 0, "q": [1]}, {"t": 1, "q": [1]}' + content, JSON)


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_byte_costs_at_most_two_rows(data):
    """Any byte of the body may change: at worst it joins two rows."""
    lines = [f'{k}.0,"[0.{k:02d}]",{k}.5' for k in range(10, 30)]
    content = bytearray("\n".join(["t,q,v", *lines, ""]).encode())
    place = data.draw(st.integers(6, len(content) - 2))
    new = data.draw(st.integers(0, 255))
    split = chr(new) in "\r\n#" or chr(content[place]) == "\n"
    content[place] = new
    found = read(bytes(content), CSV)
    assert found is not None
    signal, facts = found["joint_position"]
    assert len(signal.stamp_ns) >= 18
    refused = sum(refusal.count for refusal in facts.refused)
    assert len(signal.stamp_ns) + refused + facts.duplicates_dropped == facts.rows_read
    assert facts.rows_read == 20 or split


@given(st.integers(-(2**15), 2**15 - 1))
def test_twos_complement_is_undone(value):
    raw = np.array([float(value % 2**16)])
    decoded, strange = decode(raw, "twos_complement_16")
    assert decoded[0] == value and not strange[0]


def test_a_column_with_brackets_in_its_name_is_that_column():
    place = place_of("q[rad]", ("t", "q[rad]"), None, "a.csv")
    assert (place.base, place.index) == ("q[rad]", None)
    with pytest.raises(LogError, match="no joint 'rad' for column 'q\\[rad\\]'; available: a, b"):
        place_of("q[rad]", ("t", "q"), ("a", "b"), "a.csv")


def test_a_few_stamps_far_from_all_others_go_wherever_they_stand():
    stamps = np.arange(50, dtype=np.int64) * 10_000_000 + 1_700_000_000_000_000_000
    stamps[0] = 0  # the clock was not set yet
    stamps[30:32] += 10**15
    fault = order_faults(stamps)
    assert np.flatnonzero(fault).tolist() == [0, 30, 31]
    assert set(fault[[0, 30, 31]].tolist()) == {Fault.STAMP_FAR}
