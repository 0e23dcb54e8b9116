"""Parquet tables: only the columns asked for, kinds of cells, and whatever bytes refused in one line."""

import datetime
import decimal
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.errors import LogError
from hybridsim.ingest import parquet
from hybridsim.ingest.cells import numbers
from hybridsim.ingest.clocks import parse_stamps
from hybridsim.ingest.faults import Fault
from hybridsim.ingest.parquet import read_columns


def written(columns, **options):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


WHOLE = written({"t": np.arange(50) * 0.01, "q": [[0.1 * k, 0.2] for k in range(50)], "word": ["a"] * 50})


def test_only_the_columns_that_are_asked_for_are_read():
    columns, names = read_columns(WHOLE, "a.parquet", {"q[1]", "nothing"})
    assert list(columns) == ["q"] and names == ["t", "q", "word"]
    assert columns["q"][3] == [pytest.approx(0.3), 0.2]


def test_a_column_with_a_dot_in_its_name_is_that_column():
    content = written({"state.q": [1.0, 2.0], "state": [{"v": 3.0}, {"v": 4.0}], "statement": [5, 6]})
    columns, _ = read_columns(content, "a.parquet", {"state.q", "state.v"})
    assert sorted(columns) == ["state", "state.q"]
    assert columns["state"] == [{"v": 3.0}, {"v": 4.0}] and columns["state.q"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("cells", "expected", "faults"),
    [
        (pa.array([1, 2, 3], pa.int8()), [1, 2, 3], []),
        (pa.array([1, 2, 2**63], pa.uint64()), [1, 2, 2.0**63], []),
        (pa.array(np.array([0.5, 1, 2], np.float16)), [0.5, 1, 2], []),
        (pa.array([0.1, 1, 2], pa.float32()), [np.float32(0.1), 1, 2], []),
        (pa.array([True, False, True]), [1, 0, 1], []),
        (pa.array([decimal.Decimal("1.25"), decimal.Decimal(2), decimal.Decimal(3)]), [1.25, 2, 3], []),
        (pa.array(["1.5", "2", "x"]), [1.5, 2, np.nan], [(2, Fault.NOT_A_NUMBER)]),
        (pa.array(["1.5", "2", "2"]).dictionary_encode(), [1.5, 2, 2], []),
        (pa.array([1.0, None, 3.0]), [1, np.nan, 3], [(1, Fault.MISSING)]),
        (pa.array([1, None, 3]), [1, np.nan, 3], [(1, Fault.MISSING)]),
        (
            pa.array([1.0, np.nan, np.inf]),
            [1, np.nan, np.nan],
            [(1, Fault.NOT_FINITE), (2, Fault.NOT_FINITE)],
        ),
        (pa.array([b"1", b"2", b"3\xff"]), [1, 2, np.nan], [(2, Fault.NOT_UTF8)]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_kinds_of_cells_become_numbers_or_faults(cells, expected, faults):
    columns, _ = read_columns(written({"x": cells}), "a.parquet", {"x"})
    found = numbers(columns["x"])
    np.testing.assert_array_equal(found.values[:, 0], expected)
    assert [(int(row), Fault(found.fault[row])) for row in np.flatnonzero(found.fault)] == faults


def test_stamps_keep_all_their_digits():
    ns = 1_700_000_000_123_456_789
    columns, _ = read_columns(written({"n": [ns, ns + 1]}), "a.parquet", {"n"})
    assert parse_stamps(columns["n"], "ns")[0].tolist() == [ns, ns + 1]
    us = [1_700_000_000_123_457, 2**62]
    columns, _ = read_columns(written({"n": us}), "a.parquet", {"n"})
    stamps, fault = parse_stamps(columns["n"], "us")
    assert stamps.tolist() == [us[0] * 1000, 0] and fault.tolist() == [0, Fault.STAMP_ABSURD]


def test_dates_and_durations_are_nanoseconds():
    second = datetime.datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=datetime.UTC)
    table = {"at": pa.array([second], pa.timestamp("us", "UTC")), "for": pa.array([1500], pa.duration("ms"))}
    columns, _ = read_columns(written(table), "a.parquet", {"at", "for"})
    assert {name: cells.tolist() for name, cells in columns.items()} == {
        "at": [1_500_000_000], "for": [1_500_000_000],
    }  # fmt: skip


def test_a_text_that_repeats_stays_one_text():
    """A few kilobytes of file may stand for gigabytes of texts."""
    words = pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["w" * 100_000])
    content = written({"word": words}, store_schema=False)
    assert len(content) < 200_000
    columns, _ = read_columns(content, "a.parquet", {"word"})
    assert len(columns["word"]) == 100_000 and len({id(word) for word in columns["word"]}) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"t,x\n0,1\n", "not a Parquet file: it begins with b't,x"),
        (b"PAR1", "cut short"),
        (WHOLE[:-1], "cut short: it does not end with b'PAR1'"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE[:40] + b"PAR1", "damaged: "),
        (WHOLE[:-8] + b"\xff\xff\xff\x7fPAR1", "damaged: "),
        (b"PAR1" + bytes(len(WHOLE) - 16) + WHOLE[-12:], "damaged: "),
    ],
)
def test_what_is_no_parquet_is_refused_in_one_line(content, message):
    with pytest.raises(LogError, match=f"^a.parquet: .*{message}") as caught:
        read_columns(content, "a.parquet", {"t"})
    assert "\n" not in str(caught.value)


def test_a_column_that_is_there_twice_is_refused():
    table = pa.table([pa.array([1]), pa.array([2])], names=["t", "t"])
    file = io.BytesIO()
    pq.write_table(table, file)
    with pytest.raises(LogError, match="a.parquet: column t is there twice; it has t, t"):
        read_columns(file.getvalue(), "a.parquet", {"t"})


def test_more_than_memory_should_hold_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(parquet, "MAX_ROWS", 49)
    with pytest.raises(LogError, match="50 rows; expected at most 49"):
        read_columns(WHOLE, "a.parquet", {"t"})
    monkeypatch.setattr(parquet, "MAX_ROWS", 50)
    monkeypatch.setattr(parquet, "MAX_BYTES", 300)
    assert read_columns(WHOLE, "a.parquet", {"word"})[0]["word"] == ["a"] * 50
    with pytest.raises(LogError, match=r"\d+ bytes in the columns asked for; expected at most 300"):
        read_columns(WHOLE, "a.parquet", {"t", "word"})


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_byte_is_read_or_refused(place, byte, cut):
    content = WHOLE[:place] + bytes([byte]) + (b"" if cut else WHOLE[place + 1 :])
    try:
        columns, _ = read_columns(content, "a.parquet", {"t", "q", "word"})
    except LogError:
        return
    assert all(len(cells) <= 50 for cells in columns.values())
