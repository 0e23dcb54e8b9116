"""Bags are read by rosbags and by the mcap library, never by our own reader, and hold what the logs hold."""

import json
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from hybridsim.errors import LogError
from hybridsim.export import to_mcap
from hybridsim.ingest.spec import load_spec
from hybridsim.log import Constant, LogHeader, Signal, log_of, read_header
from tests.export.made import (
    XYZ,
    a_draft,
    a_log,
    a_signal,
    arm,
    everything,
    read_back,
    same_bits,
    stamps,
    store,
)
from tests.tiny import disk_with_room_for


def messages(bag, topic):
    with AnyReader([bag]) as reader:
        connections = [one for one in reader.connections if one.topic == topic]
        return [reader.deserialize(raw, c.msgtype) for c, _, raw in reader.messages(connections=connections)]


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_every_signal_comes_back_to_the_bit(tmp_path):
    out = tmp_path / "bags"
    report = to_mcap([store(tmp_path / "logs", a_draft())], out)
    back = read_back(out / "wave.mcap", out / "ingest.toml")
    expected = everything()
    assert set(back) == set(expected)
    assert [name for name in expected if not same_bits(expected[name], back[name])] == []
    (written,) = report.logs
    assert written.path == out / "wave.mcap" and report.specs == (out / "ingest.toml",)
    assert written.count == sum(len(messages(out / "wave.mcap", topic)) for topic in topics(out))


def test_ingest_takes_its_specification(tmp_path):
    to_mcap([a_log()], tmp_path / "bags")
    spec = load_spec(tmp_path / "bags" / "ingest.toml")
    assert {signal.name for signal in spec.signals()} == set(everything())
    assert (spec.robots, spec.serial, spec.one_log_per) == (("arm",), "a1", "bag")


def topics(out):
    return [topic["name"] for topic in tomllib.loads((out / "ingest.toml").read_text())["topic"]]


@settings(max_examples=40)
@given(
    values=hn.arrays(np.float64, (4, 2), elements=st.floats(allow_nan=False, allow_infinity=False)),
    at=st.lists(st.integers(0, 2**31 * 10**9 - 1), min_size=4, max_size=4, unique=True),
)
def test_any_finite_number_and_stamp_comes_back(tmp_path_factory, values, at):
    folder = tmp_path_factory.mktemp("any")
    signal = a_signal("joint_position", ("a", "b"), at=sorted(at), values=values)
    to_mcap([a_log({"joint_position": signal})], folder / "x.mcap")
    assert same_bits(signal, read_back(folder / "x.mcap", folder / "x.ingest.toml")["joint_position"])


def test_the_mcap_library_reads_times_schemas_and_the_whole_header(tmp_path):
    root = store(tmp_path / "logs", a_draft())
    to_mcap([root], tmp_path / "bags")
    (folder,) = root.iterdir()
    with (tmp_path / "bags" / "wave.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == "ros2"
        (record,) = reader.iter_metadata()
        found = list(reader.iter_messages())
    assert record.name == "hybridsim.log"
    assert LogHeader.model_validate_json(record.metadata["log.json"]) == read_header(folder)
    times = [message.log_time for _, _, message in found]
    assert times == sorted(times) and [message.publish_time for _, _, message in found] == times
    assert {(schema.encoding, channel.message_encoding) for schema, channel, _ in found} == {
        ("ros2msg", "cdr")
    }
    positions = [message.log_time for _, channel, message in found if channel.topic == "/joint_states"]
    assert positions == everything()["joint_position"].stamp_ns.tolist()
    said = {channel.topic: json.loads(channel.metadata["hybridsim"]) for _, channel, _ in found}
    assert said["/temperature"]["value"]["unit"] == "degC"


def test_signals_that_share_stamps_share_a_message_and_the_others_do_not(tmp_path):
    to_mcap([a_log()], tmp_path / "bags")
    bag = tmp_path / "bags" / "wave.mcap"
    state = messages(bag, "/joint_states")[0]
    assert list(state.name) == ["shoulder", "elbow-2", "wrist.roll"]
    assert len(state.position) == len(state.velocity) == 3 and len(state.effort) == 0
    effort = messages(bag, "/joint_effort")[0]
    assert len(effort.position) == 0 and len(effort.effort) == 3
    imu = messages(bag, "/imu")[0]
    assert imu.header.frame_id == "imu_link"
    # sensor_msgs/Imu: -1 says that a quantity is not measured, zeros that its covariance is unknown
    assert imu.orientation_covariance[0] == -1 and imu.angular_velocity_covariance[0] == 0
    assert messages(bag, "/base_pose")[0].__msgtype__ == "geometry_msgs/msg/PoseStamped"
    assert np.isnan(messages(bag, "/wrench")[0].wrench.torque.x)
    assert np.isfinite(messages(bag, "/wrench/left")[0].wrench.torque.x)


def test_half_a_pose_is_no_pose(tmp_path):
    signals = everything()
    del signals["base_orientation"]
    to_mcap([a_log(signals)], tmp_path / "bags")
    (first, *_) = messages(tmp_path / "bags" / "wave.mcap", "/base_position")
    assert first.__msgtype__ == "geometry_msgs/msg/PointStamped"
    back = read_back(tmp_path / "bags" / "wave.mcap", tmp_path / "bags" / "ingest.toml")
    assert same_bits(signals["base_position"], back["base_position"])


def test_logs_of_one_export_agree_on_their_topics(tmp_path):
    """One log's velocities share the positions' stamps, the other's do not: one ingest.toml has to do."""
    shared = arm(joint_velocity=a_signal("joint_velocity", unit="rad/s"))
    apart = arm(joint_velocity=a_signal("joint_velocity", unit="rad/s", at=stamps(20, 11_000_000)))
    root = store(tmp_path / "logs", a_draft(shared, name="one"), a_draft(apart, name="two"))
    out = tmp_path / "bags"
    to_mcap([root], out)
    for name, signals in (("one", shared), ("two", apart)):
        back = read_back(out / f"{name}.mcap", out / "ingest.toml")
        assert all(same_bits(signal, back[signal.name]) for signal in signals.values())


def test_a_quantity_that_one_log_lacks_is_not_read_back_as_zeros(tmp_path):
    """An Imu has fields for all three quantities, and fills what was not measured with zeros."""
    gyro = a_signal("imu_angular_velocity", XYZ, "rad/s", seed=1)
    force = a_signal("imu_linear_acceleration", XYZ, "m/s^2", seed=2)
    both, one = {gyro.name: gyro, force.name: force}, {gyro.name: gyro}
    out = tmp_path / "bags"
    to_mcap([a_log(both, name="both"), a_log(one, name="one")], out)
    assert same_bits(force, read_back(out / "both.mcap", out / "ingest.toml")[force.name])
    back = read_back(out / "one.mcap", out / "ingest.toml")
    assert same_bits(gyro, back[gyro.name]) and len(back[force.name].stamp_ns) == 0


def test_a_pose_that_one_log_has_half_of(tmp_path):
    whole = {name: everything()[name] for name in ("base_position", "base_orientation")}
    half = {"base_position": whole["base_position"]}
    out = tmp_path / "bags"
    to_mcap([a_log(whole, name="whole"), a_log(half, name="half")], out)
    for name, signals in (("whole", whole), ("half", half)):
        back = read_back(out / f"{name}.mcap", out / "ingest.toml")
        assert all(same_bits(signal, back[signal.name]) for signal in signals.values())


def test_a_single_log_can_be_a_single_file(tmp_path):
    report = to_mcap([a_log()], tmp_path / "new" / "wave.mcap")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["wave.ingest.toml", "wave.mcap"]
    assert report.logs[0].path == tmp_path / "new" / "wave.mcap"
    with pytest.raises(LogError, match=r"more\.mcap: one file for 2 logs; expected a folder, such as .*more"):
        to_mcap([a_log(), a_log(serial="a2")], tmp_path / "more.mcap")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Über/../etc passwd", "Über_.._etc_passwd"),
        ("../../up", "up"),
        ("走る", "走る"),
        ("a" * 300, "a" * 60),
    ],
)
def test_names_of_logs_become_safe_names_of_files(tmp_path, name, stem):
    out = tmp_path / "out"
    to_mcap([a_log(arm(), name=name)], out)
    assert sorted(path.name for path in out.iterdir()) == sorted(["ingest.toml", f"{stem}.mcap"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with (out / f"{stem}.mcap").open("rb") as file:
        (record,) = make_reader(file).iter_metadata()
    assert json.loads(record.metadata["log.json"])["name"] == name


@pytest.mark.parametrize("names", [("wave", "Wave"), ("a b", "a/b"), ("", "..")])
def test_logs_of_like_names_get_their_ids_too(tmp_path, names):
    logs = [
        a_log(arm(), name=name, constants={"n": Constant(value=n, unit="1")}) for n, name in enumerate(names)
    ]
    report = to_mcap(logs, tmp_path / "out")
    stems = [entry.path.stem for entry in report.logs]
    assert len({stem.casefold() for stem in stems}) == 2
    assert all(log.log_id in stem for log, stem in zip(logs, stems, strict=True))


def test_odd_names_of_signals_and_components_keep_apart(tmp_path):
    signals = {
        name: a_signal(name, ("1", "-".join("ab"), "x.y"), "V", seed=n)
        for n, name in enumerate(["a.b", "a-b", "a_b", "9", "imu", "wrench.a-b", "wrench.a_b"])
    }
    to_mcap([a_log(signals)], tmp_path / "x.mcap")
    with AnyReader([tmp_path / "x.mcap"]) as reader:
        counts = {one.topic: one.msgcount for one in reader.connections}
    assert len(counts) == 7 and set(counts.values()) == {50}
    assert all(not part[:1].isdigit() for topic in counts for part in topic.split("/"))


def test_individuals_get_a_folder_each(tmp_path):
    logs = [
        a_log(arm(), robot=robot, serial=serial) for robot, serial in [("a", "1"), ("a", "2/x"), ("b", "1")]
    ]
    report = to_mcap(logs, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_1", "a_2_x", "b_1"]
    for log, entry in zip(logs, report.logs, strict=True):
        table = tomllib.loads((entry.path.parent / "ingest.toml").read_text())
        assert (table["robots"], table["serial"]) == ([log.robot], log.serial)


def test_logs_that_disagree_on_components_get_a_folder_each(tmp_path):
    other = arm(joint_position=a_signal("joint_position", ("hip",)))
    report = to_mcap([a_log(arm(), name="one"), a_log(other, name="two")], tmp_path / "out")
    assert [entry.path.parent.name for entry in report.logs] == ["arm_a1_1", "arm_a1_2"]
    back = read_back(report.logs[1].path, report.specs[1])
    assert same_bits(other["joint_position"], back["joint_position"])


def test_what_ingest_toml_cannot_say_is_said(tmp_path):
    logs = [
        a_log(
            arm(),
            constants={"payload_mass": Constant(value=m, unit="kg"), "gain": Constant(value=2, unit="1")},
        )
        for m in (0.1, 0.2)
    ]
    report = to_mcap(logs, tmp_path / "out")
    assert report.notes == ("operator, payload_mass: in each bag's metadata, not in ingest.toml",)
    table = tomllib.loads((tmp_path / "out" / "ingest.toml").read_text())
    assert table["constant"] == [{"name": "gain", "value": 2.0, "unit": "1"}]


def test_signals_without_samples_or_with_one(tmp_path):
    none = a_signal("joint_position", at=[], values=np.zeros((0, 3)))
    one = a_signal("temperature", ("motor",), "degC", at=[5], values=[[21.5]])
    to_mcap([a_log({"joint_position": none, "temperature": one})], tmp_path / "x.mcap")
    back = read_back(tmp_path / "x.mcap", tmp_path / "x.ingest.toml")
    assert same_bits(none, back["joint_position"]) and same_bits(one, back["temperature"])
    table = tomllib.loads((tmp_path / "x.ingest.toml").read_text())
    assert [signal["required"] for topic in table["topic"] for signal in topic["signal"]] == [False, False]


def test_a_log_without_any_sample_still_keeps_its_header(tmp_path):
    log = a_log({"joint_position": a_signal("joint_position", at=[], values=np.zeros((0, 3)))})
    assert to_mcap([log], tmp_path / "x.mcap").logs[0].count == 0
    with (tmp_path / "x.mcap").open("rb") as file:
        assert [record.name for record in make_reader(file).iter_metadata()] == ["hybridsim.log"]


def test_stamps_before_zero_stay_in_the_header(tmp_path):
    signal = a_signal("joint_position", at=[-1_500_000_000, -1, 7], values=np.ones((3, 3)))
    report = to_mcap([a_log({"joint_position": signal})], tmp_path / "x.mcap")
    assert "wave: stamps before 0: the bag's log times are 0 there, header stamps exact" in report.notes
    assert same_bits(signal, read_back(tmp_path / "x.mcap", tmp_path / "x.ingest.toml")["joint_position"])
    with (tmp_path / "x.mcap").open("rb") as file:
        assert [m.log_time for _, _, m in make_reader(file).iter_messages()] == [0, 0, 7]


def test_stamps_that_no_ros_message_holds_are_refused_and_the_other_logs_are_not(tmp_path):
    late = {"joint_position": a_signal("joint_position", at=[0, 2**31 * 10**9], values=np.ones((2, 3)))}
    report = to_mcap([a_log(late, name="late"), a_log(arm())], tmp_path / "out")
    (refused,) = report.refused
    assert str(refused).startswith(
        "late: refused: joint_position: stamps go from 0 to 2147483648000000000 ns;"
    )
    assert [entry.name for entry in report.logs] == ["wave"]


def test_a_damaged_log_is_refused_and_the_others_are_written(tmp_path):
    root = store(tmp_path / "logs", a_draft(arm(), name="good"), a_draft(arm(), name="bad", serial="a2"))
    bad = next(folder for folder in root.iterdir() if read_header(folder).name == "bad")
    (bad / "temperature.parquet").write_bytes(b"nothing")
    report = to_mcap([root], tmp_path / "out")
    assert [entry.name for entry in report.logs] == ["good"]
    assert [refused.log for refused in report.refused] == ["bad"]
    (bad / "log.json").write_text("{")
    report = to_mcap([root], tmp_path / "again")
    assert [refused.log for refused in report.refused] == [str(bad)]
    with pytest.raises(
        LogError, match="export to mcap: none of 1 logs can be written: .*log.json is not valid"
    ):
        to_mcap([bad], tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_the_same_log_twice_is_one_log(tmp_path):
    root = store(tmp_path / "logs", a_draft(arm()))
    (folder,) = root.iterdir()
    assert len(to_mcap([root, folder, folder / "log.json"], tmp_path / "out").logs) == 1


def test_no_log_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="empty: no log here; expected a log's folder"):
        to_mcap([tmp_path / "empty"], tmp_path / "out")
    with pytest.raises(LogError, match="export to mcap: no log; expected at least one"):
        to_mcap([], tmp_path / "out")


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    (tmp_path / "x.ingest.toml").write_text("keep")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("full", "x.mcap", "dangling"):
        with pytest.raises(LogError, match="exists already; expected a new file or folder"):
            to_mcap([a_log(arm())], tmp_path / name)
    assert (tmp_path / "full" / "mine").read_text() == (tmp_path / "x.ingest.toml").read_text() == "keep"
    assert not (tmp_path / "x.mcap").exists() and leftovers(tmp_path) == []
    (tmp_path / "empty").mkdir()
    assert to_mcap([a_log(arm())], tmp_path / "empty").logs


@pytest.mark.parametrize("out", ["bags", "x.mcap"])
@pytest.mark.parametrize("room", [0, 1000, 40_000])
def test_a_full_disk_leaves_nothing(tmp_path, out, room):
    large = {"joint_position": a_signal("joint_position", at=stamps(20_000, 1_000_000))}
    log = log_of(a_draft(large))
    with disk_with_room_for(room), pytest.raises(LogError, match=f"{out}: not written: File too large"):
        to_mcap([log], tmp_path / out)
    assert list(tmp_path.iterdir()) == []
    assert to_mcap([log], tmp_path / out).logs  # and once there is room, it is written


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_interrupted_export_leaves_nothing(tmp_path, after):
    calls = []

    def interrupt(*_):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_mcap([a_log(arm()), a_log(arm(), serial="a2")], tmp_path / "bags", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_progress_grows_to_its_end(tmp_path):
    told = []
    logs = [a_log(arm(), name="one"), a_log(arm(), name="two", serial="a2")]
    to_mcap(logs, tmp_path / "bags", progress=lambda *words: told.append(words))
    done = [one for one, _, _ in told]
    assert done == sorted(done) and told[-1][:2] == (212, 212)  # two logs of 50 + 50 + 6 samples


def test_files_can_be_read_by_others(tmp_path):
    to_mcap([a_log(arm())], tmp_path / "bags")
    assert (tmp_path / "bags").stat().st_mode & 0o777 == 0o755


def test_values_are_read_only_views_of_any_layout(tmp_path):
    """A log's arrays may be slices of larger ones."""
    values = np.asfortranarray(np.random.default_rng(0).normal(size=(50, 6)))[:, ::2]
    signal = Signal("joint_position", "rad", ("a", "b", "c"), stamps(100)[::2], values)
    to_mcap([a_log({"joint_position": signal})], tmp_path / "x.mcap")
    assert same_bits(signal, read_back(tmp_path / "x.mcap", tmp_path / "x.ingest.toml")["joint_position"])
