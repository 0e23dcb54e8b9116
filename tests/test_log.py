import io
import json
import os
import resource
import shutil
import signal
import time
from contextlib import contextmanager

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import LogError
from hybridsim.log import Constant, LogDraft, LogStore, Signal, SignalFacts, SourceFile, read_log
from hybridsim.log.codec import decode_header, decode_signal
from hybridsim.log.encode import encode


def a_signal(name="joint_position", samples=100, seed=0, components=("shoulder", "elbow"), unit="rad"):
    random = np.random.default_rng(seed)
    stamps = np.cumsum(random.integers(1, 2_000_000, samples))
    return Signal(name, unit, components, stamps, random.normal(size=(samples, len(components))))


def encoded(draft):
    """The header of a draft, and the content of every file."""
    files = {}

    @contextmanager
    def open_file(name):
        file = io.BytesIO()
        yield file
        files[name] = file.getvalue()

    return encode(draft, open_file), files


def a_draft(**changes):
    made = {
        "robot": "arm",
        "serial": "a1",
        "name": "wave",
        "signals": {
            "joint_position": a_signal(),
            "supply_voltage": a_signal("supply_voltage", 7, 1, ("x",), "V"),
        },
        "constants": {"payload_mass": Constant(value=0.5, unit="kg")},
        "labels": {"motor": "m"},
        "sources": (SourceFile(path="wave.csv", sha256="0" * 64, bytes=3),),
    }
    return LogDraft(**{**made, **changes})


@pytest.fixture
def stored(tmp_path):
    """A store with one log, and the log's folder."""
    store = LogStore(tmp_path / "logs")
    log_id, _ = store.add(a_draft())
    return store, store.root / log_id


def test_a_log_comes_back_to_the_bit(stored):
    store, folder = stored
    draft, log = a_draft(), store.load(folder.name)
    assert (log.log_id, log.robot, log.serial, log.session, log.name) == (
        folder.name,
        "arm",
        "a1",
        None,
        "wave",
    )
    assert log.constants == draft.constants and log.labels == draft.labels
    assert set(log.signals) == set(draft.signals)
    for name, signal_ in draft.signals.items():
        back = log.signal(name)
        assert (back.unit, back.components) == (signal_.unit, signal_.components)
        np.testing.assert_array_equal(back.stamp_ns, signal_.stamp_ns)
        np.testing.assert_array_equal(back.values, signal_.values)


def test_the_files_are_what_the_design_says(stored):
    _, folder = stored
    assert sorted(path.name for path in folder.iterdir()) == [
        "joint_position.parquet", "log.json", "supply_voltage.parquet",
    ]  # fmt: skip
    table = pq.read_table(folder / "joint_position.parquet")
    assert table.column_names == ["stamp_ns", "shoulder[rad]", "elbow[rad]"]
    assert [str(field.type) for field in table.schema] == ["int64", "double", "double"]
    header = json.loads((folder / "log.json").read_text())
    assert header["schema_version"] == 1 and header["sources"][0]["path"] == "wave.csv"


def test_adding_twice_changes_nothing(stored):
    store, folder = stored
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    # Another file name for the same recording is the same log; refusals are no content either.
    again = a_draft(
        name="copy of wave", facts={"joint_position": SignalFacts(rows_read=101)}, session="tuesday"
    )
    assert store.add(again) == (folder.name, False)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert store.ids() == [folder.name]


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": "a2"},
        {"robot": "arm2"},
        {"constants": {"payload_mass": Constant(value=0.6, unit="kg")}},
        {"labels": {}},
        {"signals": {"joint_position": a_signal(seed=3)}},
        {"signals": {"joint_position": a_signal(components=("elbow", "shoulder"))}},
    ],
)
def test_other_content_is_another_log(stored, changes):
    store, folder = stored
    log_id, created = store.add(a_draft(**changes))
    assert created and log_id != folder.name


def test_rate_and_gaps_are_measured(tmp_path):
    # 10 ms apart, but for one pause of 0.5 s after the third sample
    stamps = np.array([0, 10, 20, 520, 530, 540, 550], np.int64) * 1_000_000
    signal_ = Signal("joint_position", "rad", ("a",), stamps, np.zeros((7, 1)))
    header, _ = encoded(a_draft(signals={"joint_position": signal_}))
    entry = header.signals["joint_position"]
    assert entry.rate_hz == pytest.approx(100.0)
    assert entry.gap_threshold_s == pytest.approx(0.03)
    assert [(gap.start_ns, gap.duration_s) for gap in entry.gaps] == [(20_000_000, pytest.approx(0.5))]


def test_a_flipped_byte_is_found(stored):
    _, folder = stored
    path = folder / "joint_position.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogError, match=r"joint_position\.parquet is damaged: its sha256"):
        read_log(folder)


@pytest.mark.parametrize(
    ("old", "new"), [('"value":', '"value": 7, "x":'), ("0.5", "0.25"), ('"arm"', '"leg"'), ("}", "")]
)
def test_a_changed_header_is_found(stored, old, new):
    _, folder = stored
    text = (folder / "log.json").read_text()
    assert old in text
    (folder / "log.json").write_text(text.replace(old, new))
    with pytest.raises(LogError, match=r"log\.json"):
        read_log(folder)


def test_a_newer_schema_asks_for_an_upgrade(stored):
    _, folder = stored
    data = json.loads((folder / "log.json").read_text()) | {"schema_version": 2}
    (folder / "log.json").write_text(json.dumps(data))
    with pytest.raises(LogError, match="has schema 2; this version reads up to 1: upgrade"):
        read_log(folder)


def test_a_missing_signal_file_is_named(stored):
    _, folder = stored
    (folder / "supply_voltage.parquet").unlink()
    with pytest.raises(LogError, match=r"supply_voltage\.parquet: cannot be read: No such file"):
        read_log(folder)


def test_an_unknown_log_lists_the_known_ones(stored):
    store, folder = stored
    with pytest.raises(LogError, match=f"no log 'nope'; available: {folder.name}"):
        store.load("nope")


def test_a_full_disk_leaves_nothing(tmp_path):
    """A real limit of the operating system on the size of files stands in for the full disk."""
    store = LogStore(tmp_path / "logs")
    store.add(a_draft())
    large = a_draft(signals={"joint_position": a_signal(samples=20_000)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        with pytest.raises(LogError, match="log wave was not written: File too large"):
            store.add(large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in store.root.iterdir()] == store.ids() and len(store.ids()) == 1
    assert store.add(large)[1]  # and once there is room, it goes in


def test_what_a_killed_ingestion_left_is_no_log_and_goes_in_the_end(stored):
    store, folder = stored
    left = store.root / ".partial-x"
    shutil.copytree(folder, left)
    assert store.ids() == [folder.name]
    store.add(a_draft(serial="a2"))
    assert left.exists()  # it may belong to a process that still runs
    os.utime(left, (time.time() - 7200,) * 2)
    store.add(a_draft(serial="a3"))
    assert not left.exists()


@pytest.mark.parametrize("stamps", [[0, 0, 1], [0, 2, 1]])
def test_stamps_that_do_not_increase_are_refused(stamps):
    signal_ = Signal("joint_position", "rad", ("a",), np.array(stamps, np.int64), np.zeros((3, 1)))
    with pytest.raises(LogError, match="joint_position: stamps do not increase after sample"):
        encoded(a_draft(signals={"joint_position": signal_}))


def test_nan_is_named_with_joint_and_time():
    values = np.zeros((3, 2))
    values[1, 1] = np.nan
    signal_ = Signal("joint_position", "rad", ("a", "b"), np.array([0, 5, 9], np.int64), values)
    with pytest.raises(LogError, match="joint_position of b is nan at 5 ns"):
        encoded(a_draft(signals={"joint_position": signal_}))


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden"])
def test_names_that_would_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(LogError):
        LogStore(tmp_path / "s").add(a_draft(signals={name: a_signal(name)}))
    assert not (tmp_path / "s").exists() or list((tmp_path / "s").iterdir()) == []


def test_arrays_of_a_log_cannot_be_changed(stored):
    store, folder = stored
    log = store.load(folder.name)
    with pytest.raises(ValueError, match="read-only"):
        log.signal("joint_position").values[0, 0] = 1.0
    with pytest.raises(LogError, match="no component 'wrist'; available: shoulder, elbow"):
        log.signal("joint_position").column("wrist")


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_header_is_read_or_refused(content):
    with pytest.raises(LogError):
        decode_header(content, "here")


@given(st.data())
def test_no_damage_to_a_signal_file_goes_unnoticed(data):
    header, files = encoded(a_draft(signals={"joint_position": a_signal(samples=20)}))
    content = bytearray(files["joint_position.parquet"])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LogError):
        decode_signal("joint_position", bytes(content), header.signals["joint_position"], "here")
