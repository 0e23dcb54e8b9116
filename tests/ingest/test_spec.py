"""Specifications: what they refuse, and that another arm's tables need no code."""

import json
import tomllib

import numpy as np
import pytest
import tomli_w

from hybridsim.errors import SpecError
from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec, specs_for
from hybridsim.log import LogStore
from hybridsim.resources import find
from hybridsim.robot import load_robot


@pytest.fixture
def spec(tmp_path):
    """servo_pendulum's specification to change, and a function that loads it."""
    table = tomllib.loads((find("data", "servo_pendulum") / "ingest.toml").read_text())

    def load():
        (tmp_path / "ingest.toml").write_text(tomli_w.dumps(table))
        return load_spec(tmp_path / "ingest.toml")

    return table, load


@pytest.mark.parametrize("name", ["so101", "servo_pendulum"])
def test_the_sets_of_this_project_load_and_fit_their_robots(name):
    found = load_spec(name)
    for robot in found.robots:
        found.check(load_robot(robot))
        assert name in [other.set_name for other in specs_for(load_robot(robot))]


def signal_of(table, name):
    return next(entry for entry in table["table"][0]["signal"] if entry["name"] == name)


def without_unit(table):
    del signal_of(table, "joint_position")["unit"]


def changed(signal, **values):
    return lambda table: signal_of(table, signal).update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            without_unit,
            "signal joint_position: the unit of column 'position' is missing; expected rad",
        ),
        (
            changed("joint_position", unit="A"),
            "signal joint_position, column 'position': unit 'A' measures A; expected rad; "
            "available: deg, mrad, rad, turn",
        ),
        (changed("joint_position", name="angle"), "signal 'angle' is unknown; available: "),
        (changed("joint_position", factor=2), "unknown key 'factor'; known keys: name, unit"),
        (changed("joint_velocity", name="joint_position", unit="rad"), "joint_position is given twice"),
        (changed("motor_duty", robots=["arm"]), "robots arm are not among sts3250_pendulum"),
        (lambda t: t.update(session="("), "session: not a regular expression"),
        (lambda t: t["table"].append(t["table"][0]), "one_log_per is 'file' with 2 tables"),
        (lambda t: t["constant"][0].update(value=1.0), "expected either 'field', 'column' or 'value'"),
        (lambda t: t["table"][0].pop("stamp"), "key 'stamp' is missing"),
    ],
)
def test_a_specification_that_contradicts_itself_is_refused(spec, change, message):
    table, load = spec
    change(table)
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        load()


def test_a_component_that_is_no_joint_lists_the_joints(spec):
    table, load = spec
    signal_of(table, "joint_position")["columns"] = {"elbow": "position"}
    with pytest.raises(SpecError, match="'elbow' is not a joint of xl330_pendulum; available: pendulum"):
        load().check(load_robot("xl330_pendulum"))
    with pytest.raises(SpecError, match="robot 'so101' is not served; available: sts3250_pendulum, xl330"):
        load().check(load_robot("so101"))


def test_another_arms_csv_needs_no_code(tmp_path):
    """A column a joint, degrees, a flipped sign, semicolons, comments, dates, constants in another file."""
    folder = tmp_path / "run7"
    folder.mkdir()
    (folder / "meta.json").write_text(json.dumps({"load": {"grams": 250}, "operator": "Ada"}))
    (folder / "joints.csv").write_text(
        "# exported by somebody\r\n"
        "when;pan_deg;lift[deg];current\r\n"
        "2026-01-01T00:00:00Z;90;-45;1500\r\n"
        "2026-01-01T00:00:00.010Z;91;-46;1600\r\n"
        "2026-01-01T00:00:00.020Z;92,5;-47;1700\r\n"
        "2026-01-01T00:00:00.030Z;93;-48;1800"
    )
    (tmp_path / "ingest.toml").write_text("""
        schema = 1
        set = "other"
        robots = ["so101"]
        one_log_per = "folder"
        header = "meta.json"
        [[constant]]
        name = "payload_mass"
        field = "load.grams"
        unit = "g"
        [[constant]]
        name = "bench_tilt"
        value = 180.0
        unit = "deg"
        [[label]]
        name = "operator"
        field = "operator"
        [[table]]
        file = "*.csv"
        format = "csv"
        delimiter = ";"
        stamp = { column = "when", unit = "iso8601" }
        [[table.signal]]
        name = "joint_position"
        unit = "deg"
        columns.shoulder_pan = "pan_deg"
        columns.shoulder_lift = { column = "lift[deg]", sign = -1 }
        [[table.signal]]
        name = "motor_current"
        columns = { shoulder_lift = { column = "current", unit = "mA", scale = 2.0 } }
    """)
    store = LogStore(tmp_path / "store")
    report = ingest([folder], tmp_path / "ingest.toml", "so101", "left", store)
    log = store.load(report.logs[0].log_id)
    assert (log.name, log.serial, log.labels) == ("run7", "left", {"operator": "Ada"})
    assert log.constant("payload_mass") == 0.25
    assert log.constant("bench_tilt") == pytest.approx(np.pi)
    # the row with a decimal comma is refused, for positions only
    np.testing.assert_allclose(
        np.degrees(log.signal("joint_position").values), [[90, 45], [91, 46], [93, 48]], atol=1e-9
    )
    np.testing.assert_allclose(log.signal("motor_current").values[:, 0], [3.0, 3.2, 3.4, 3.6])
    assert np.diff(log.signal("motor_current").stamp_ns).tolist() == [10_000_000] * 3


def test_another_arms_json_lines_need_no_code(tmp_path):
    """Nested objects, lists in declared order, milliseconds; one line is broken."""
    rows = [{"ms": 10 * k, "state": {"q": [0.1 * k, 0.2]}, "cmd": {"pan": k}} for k in range(6)]
    lines = [json.dumps(row) for row in rows]
    lines[2] = lines[2][:20]
    (tmp_path / "night.jsonl").write_text("\n".join(lines))
    (tmp_path / "ingest.toml").write_text("""
        schema = 1
        set = "other"
        robots = ["so101"]
        one_log_per = "file"
        names = { words = ["pan", "lift"] }
        [[table]]
        file = "*.jsonl"
        format = "jsonl"
        stamp = { column = "ms", unit = "ms" }
        [[table.signal]]
        name = "joint_position"
        unit = "rad"
        columns = { shoulder_lift = "state.q[lift]", shoulder_pan = "state.q[pan]" }
        [[table.signal]]
        name = "joint_velocity_command"
        unit = "rpm"
        columns = { shoulder_pan = "cmd.pan" }
    """)
    store = LogStore(tmp_path / "store")
    report = ingest([tmp_path / "night.jsonl"], tmp_path / "ingest.toml", "so101", None, store)
    log = store.load(report.logs[0].log_id)
    position = log.signal("joint_position")
    assert position.components == ("shoulder_lift", "shoulder_pan")
    assert position.stamp_ns.tolist() == [0, 10_000_000, 30_000_000, 40_000_000, 50_000_000]
    np.testing.assert_allclose(position.column("shoulder_pan"), [0, 0.1, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(position.column("shoulder_lift"), 0.2)
    assert log.signal("joint_velocity_command").values[1, 0] == pytest.approx(2 * np.pi / 60)
    assert [r.rows for r in log.header.signals["joint_position"].refused] == [(3,)]


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd"])
def test_a_header_file_may_not_lie_elsewhere(tmp_path, pendulum, name):
    table = tomllib.loads((find("data", "servo_pendulum") / "ingest.toml").read_text()) | {"header": name}
    (tmp_path / "secret.json").write_text(json.dumps(pendulum.document))
    (tmp_path / "ingest.toml").write_text(tomli_w.dumps(table))
    pendulum.path.write_text(json.dumps(pendulum.document))
    report = ingest(
        [pendulum.root], tmp_path / "ingest.toml", "xl330_pendulum", None, LogStore(tmp_path / "s")
    )
    assert [entry.reason for entry in report.refused] == [f"'{name}' leaves the log's folder"]
