"""Bags of a stand-in: read by rosbags and by our own ingestion, and the same samples come out."""

import shutil

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from hybridsim.errors import LogError, SimulationError
from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import specs_for
from hybridsim.log import LogStore, read_log
from hybridsim.robot import load_robot
from hybridsim.standin import record as recording
from hybridsim.standin.label import SYNTHETIC
from hybridsim.standin.record import facts_of, play, record, recorded, script_of

SEED, SECONDS = 2, 4.0
WALK = 3  # number of the recording that walks


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """The bag of a walk, and what was put into it."""
    bag = recorded(SEED, WALK, tmp_path_factory.mktemp("bags"), SECONDS)
    heard, _ = play(script_of("walk", SEED, WALK, SECONDS), SEED, WALK)
    return bag, heard


def test_a_recording_comes_back_as_it_was(walk, tmp_path):
    bag, heard = walk
    store = LogStore(tmp_path / "logs")
    report = ingest([bag.path], "anymal_c_standin", "anymal_c", f"standin-{SEED}", store)
    assert report.lines() == []
    log = read_log(tmp_path / "logs" / report.logs[0].log_id)
    assert (log.robot, log.serial, log.name) == ("anymal_c", "standin-2", "standin-2_03_walk")
    assert log.labels == {"synthetic": "standin", "motion": "walk"}
    assert log.signals.keys() == heard.signals.keys()
    for name, signal in heard.signals.items():
        found = log.signal(name)
        assert (found.unit, found.components, found.frame) == (signal.unit, signal.components, signal.frame)
        assert np.array_equal(found.stamp_ns, signal.stamp_ns), name
        # A battery's voltage has 32 bits in its message; quaternions are made exactly of length 1.
        off = {"supply_voltage": 4e-6, "base_orientation": 1e-15}.get(name, 0.0)
        assert np.abs(found.values - signal.values).max() <= off, name


def test_nobody_reads_a_real_robot_as_a_stand_in(walk, tmp_path):
    assert "anymal_c_standin" not in [spec.set_name for spec in specs_for(load_robot("anymal_c"))]
    real = tmp_path / "field_day"
    shutil.copytree(walk[0].path, real)
    report = ingest([real], "anymal_c_standin", "anymal_c", "unit 7", LogStore(tmp_path / "logs"))
    assert not report.logs
    assert "label synthetic" in report.lines()[0]


def test_a_bag_is_one_of_ros_2_and_says_what_it_is(walk):
    bag, _ = walk
    assert sorted(file.suffix for file in bag.path.iterdir()) == [".mcap", ".yaml"]
    assert SYNTHETIC.split(":")[0] in (bag.path / "metadata.yaml").read_text()
    assert facts_of(bag.path) == {
        "robot": "anymal_c",
        "serial": "standin-2",
        "recording": 3,
        "seconds": 4.0,
        "motion": "walk",
        "fell_at": None,
    }
    with AnyReader([bag.path]) as reader:
        counts = {one.topic: one.msgcount for one in reader.connections}
        times = [time for _, time, _ in reader.messages()]
        connection, _, raw = next(reader.messages([c for c in reader.connections if c.topic == "/battery"]))
        battery = reader.deserialize(raw, connection.msgtype)
    assert counts.pop("/battery") == 200 and set(counts.values()) == {1600}
    assert times == sorted(times)
    assert 40.0 < battery.voltage < 54.0 and np.isnan(battery.current)


def test_clocks_are_those_of_a_real_recorder(walk):
    _, heard = walk
    for topic in heard.topics:
        stamps = topic.stamp_ns * 1e-9
        period = 0.02 if topic.name == "/battery" else 0.0025
        gaps = np.diff(topic.stamp_ns) * 1e-9
        assert abs(gaps.mean() - period) < 1e-5 and 2e-5 < gaps.std() < 2e-4
        way = (heard.received[topic.name] - topic.stamp_ns) * 1e-9
        assert way.min() > 0.0 and 2e-4 < way.mean() < 5e-4 and len(stamps) == len(way)


def test_a_command_is_stamped_before_what_follows_it(walk):
    signals = walk[1].signals
    command, position = signals["joint_position_command"], signals["joint_position"]
    assert 0.001 < (position.stamp_ns[0] - command.stamp_ns[0]) * 1e-9 < 0.004
    held = command.values.reshape(-1, 8, 12)
    assert (held == held[:, :1]).all()


def test_batteries_differ_and_sag(tmp_path):
    volts = []
    for number in (0, 4):
        heard, _ = play(script_of(recording.MOTIONS[number], SEED, number, SECONDS), SEED, number)
        volts.append(heard.signals["supply_voltage"].values)
    assert abs(volts[0].mean() - volts[1].mean()) > 0.5
    assert all(np.ptp(one) > 0.1 for one in volts)


def test_a_bag_that_is_there_stays(walk):
    bag, _ = walk
    before = (bag.path / "metadata.yaml").stat().st_mtime_ns
    again = recorded(SEED, WALK, bag.path.parent, SECONDS)
    assert not again.created and again.path == bag.path
    assert (bag.path / "metadata.yaml").stat().st_mtime_ns == before


def test_another_bag_in_the_way_is_named(walk):
    with pytest.raises(LogError, match="standin-2_03_walk: another bag is there"):
        recorded(SEED, WALK, walk[0].path.parent, 2.0 * SECONDS)


def test_a_fall_ends_a_recording_and_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "FALLEN", 0.0)  # any tilt counts
    bag = recorded(SEED, WALK, tmp_path, SECONDS)
    assert bag.fell_at == 0.02 and facts_of(bag.path)["fell_at"] == 0.02


@pytest.mark.parametrize(("logs", "seconds"), [(0, 10.0), (1, 1.0), (1, float("nan"))])
def test_a_recording_of_nothing_is_refused(tmp_path, logs, seconds):
    with pytest.raises(SimulationError, match="expected at least 1 of at least 4 s"):
        record(SEED, tmp_path / "out", logs, seconds)
    assert not (tmp_path / "out").exists()
