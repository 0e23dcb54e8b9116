"""Bad and hostile input, typed: one line, an exit code, no traceback, and nothing left behind."""

import json
import shutil
import tomllib

import numpy as np
import pytest
import tomli_w

from hybridsim.calibration import Calibration
from hybridsim.calibration.record import content_id
from hybridsim.cli import main
from hybridsim.networks.store import write_tensors
from hybridsim.resources import find
from tests.tiny import write_recordings


@pytest.fixture
def refused(tmp_path, capsys):
    """Run a command that must fail on one line, and give back that line; {out} is its output folder."""

    def run(*words, code=1):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        assert main.run([str(word).format(out=out) for word in words]) == code
        captured = capsys.readouterr()
        assert captured.out == "" and "Traceback" not in captured.err
        assert list(out.iterdir()) == []
        if code == 1:
            assert captured.err.startswith("hybridsim: ") and captured.err.count("\n") == 1
            assert len(captured.err) < 2500
        return captured.err

    return run


@pytest.fixture
def calibrate(tiny, refused):
    """A `hybridsim calibrate` that must fail."""

    def run(study=None, logs=None, code=1):
        words = ["calibrate", study or tiny.study, "--logs", logs or tiny.logs, "--out", "{out}"]
        return refused(*words, "--engine", "serial", code=code)

    return run


@pytest.fixture
def evaluate(tiny, refused):
    """A `hybridsim evaluate` that must fail."""

    def run(folder=None, logs=None, more=(), code=1):
        words = ["evaluate", folder or tiny.folder, "--logs", logs or tiny.logs, *more]
        return refused(*words, "--json", "{out}/s.json", "--report", "{out}/r.html", code=code)

    return run


STUDIES = {
    "unknown key": ("[identify]", "[identify]\ncolour = 3", ["identify: unknown key 'colour'", "trials"]),
    "inverted bounds": ("high = 0.06", "high = -0.06", ["delay", "low 0, high -0.06 s; expected low < high"]),
    "no such parameter": ('.delay"', '.dealy"', ["'drive.pendulum.dealy' matches nothing", ".delay,"]),
    "no such robot": ('"xl330_pendulum"', '"xl331"', ["unknown robot 'xl331'", "so101", "xl330_pendulum"]),
    "no such log": ("validation_fraction = 0.4", 'validation = ["x"]', ["no log 'x'", "swing 0, swing 1"]),
    "another unit": ('unit = "s"', 'unit = "ms"', ["unit 'ms'; expected 's'"]),
    "too new": ("schema = 1", "schema = 2", ["schema is 2; this hybridsim reads up to 1; update"]),
    "another robot": ('"xl330_pendulum"', '"so101"', ["no log of robot so101", "of robot xl330_pendulum"]),
    "unmeasured signal": (
        'signals = ["joint_position"',
        'signals = ["motor_duty"',
        ["scored_signals: no drive of xl330_pendulum measures motor_duty; available: joint_position"],
    ),
    "too greedy": ("trials = 60", "trials = 10_000_000_000", ["identify.trials"]),
}


@pytest.mark.parametrize(("old", "new", "said"), STUDIES.values(), ids=STUDIES)
def test_a_study_that_asks_for_the_impossible(tiny, calibrate, tmp_path, old, new, said):
    message = calibrate(tiny.edited(tmp_path / "study", (old, new)))
    assert [word for word in said if word not in message] == [], message


GARBAGE = {"binary": bytes(range(256)), "zeros": b"\0" * 99, "cut": b"schema = ", "empty": b""}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_a_study_that_is_none(calibrate, tmp_path, content):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    assert str(path) in calibrate(path)


def test_paths_that_are_not_there_are_wrong_usage(calibrate, evaluate, tmp_path):
    assert f"{tmp_path / 'no.toml'}' does not exist" in calibrate(tmp_path / "no.toml", code=2)
    for run in (calibrate, evaluate):
        assert f"{tmp_path / 'nowhere'}' does not exist" in run(logs=tmp_path / "nowhere", code=2)


def test_a_calibration_that_is_not_there(tiny, tmp_path, capsys):
    assert main.run(["evaluate", str(tmp_path / "nowhere"), "--logs", str(tiny.logs)]) in (1, 2)
    assert str(tmp_path / "nowhere") in capsys.readouterr().err


def test_logs_that_are_none(tiny, calibrate, evaluate, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(bytes(range(256)))
    for run in (calibrate, evaluate):
        for name in ("empty", "file"):
            assert f"{tmp_path / name}: no log of" in run(logs=tmp_path / name)


def test_no_logs_at_all(refused, tiny):
    message = refused("calibrate", tiny.study, "--out", "{out}")
    assert "no logs given; expected log stores or recordings of robot xl330_pendulum" in message
    assert "--logs" in message


def test_logs_of_another_robot(evaluate):
    message = evaluate(more=["--robot", "so101"])
    assert "no log of robot so101 to use" in message and "is of robot xl330_pendulum" in message


def test_recordings_that_are_all_broken_are_named(calibrate, evaluate, tmp_path):
    recordings = write_recordings(tmp_path / "raw", count=1, damage=lambda rows: rows.clear())
    for run in (calibrate, evaluate):
        assert "swing_0.json: no rows" in run(logs=recordings)


def test_a_seed_that_no_lineage_holds(refused, tiny):
    words = ["calibrate", tiny.study, "--logs", tiny.logs, "--out", "{out}", "--engine", "serial"]
    assert "seed" in refused(*words, "--quick", "--seed", 2**63, code=2)


@pytest.fixture
def copy(tiny, tmp_path):
    """A calibration to damage."""
    return shutil.copytree(tiny.folder, tmp_path / tiny.folder.name)


@pytest.mark.parametrize("kind", ["calibration.json", "drive_residual.safetensors", "blackbox.safetensors"])
def test_a_flipped_byte(evaluate, copy, kind):
    content = bytearray((copy / kind).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / kind).write_bytes(content)
    message = evaluate(copy)
    assert f"/{kind}: " in message and "copy the calibration again" in message


def resealed(folder, change):
    """Change calibration.json as somebody would who knows how its id is made."""
    path = folder / "calibration.json"
    data = json.loads(path.read_text())
    change(data)
    data["id"] = content_id(data)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    return folder.rename(folder.with_name("anywhere"))


RECORDS = {
    "too new": (lambda data: data.update(schema=2), ["schema is 2", "update hybridsim"]),
    "unknown robot": (lambda data: data.update(robot="xl331"), ["no 'xl331'", "xl330_pendulum"]),
    "without a parameter": (lambda data: data["parameters"].pop("drive.pendulum.delay"), [".delay missing"]),
}


@pytest.mark.parametrize(("change", "said"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_does_not_fit(evaluate, copy, change, said):
    message = evaluate(resealed(copy, change))
    assert [word for word in said if word not in message] == [], message


def poison(tensors):
    tensors["weight_0"][0, 0, 0, 0] = np.nan


def shorten(tensors):
    tensors["bias_0"] = np.ascontiguousarray(tensors["bias_0"][..., :-1])


@pytest.mark.parametrize(("spoil", "said"), [(poison, "NaN or infinity"), (shorten, "expected (1, 2, 16)")])
def test_weights_that_no_network_has(evaluate, copy, spoil, said):
    (networks,) = Calibration.load(copy).networks
    tensors = {name: np.array(tensor) for name, tensor in networks.tensors().items()}
    spoil(tensors)
    sha256 = write_tensors(copy / networks.contract.weights, tensors)
    message = evaluate(resealed(copy, lambda data: data["networks"][0].update(sha256=sha256)))
    assert "/drive_residual.safetensors: " in message and said in message


def test_a_folder_without_a_calibration_lists_the_published_ones(evaluate, tmp_path):
    (tmp_path / "empty").mkdir()
    message = evaluate(tmp_path / "empty")
    assert "no calibration there" in message and "xl330_pendulum/" in message


@pytest.mark.parametrize("name", ["xl330_pendulum", "{folder}/calibration.json"])
def test_what_names_a_calibration_is_not_wrong_usage(tiny, tmp_path, name):
    (tmp_path / "empty").mkdir()
    words = ["evaluate", name.format(folder=tiny.folder), "--logs", str(tmp_path / "empty")]
    assert main.run(words) == 1  # for its logs


ENTITIES = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 12))
MESH = '<collision><geometry><mesh filename="{}"/></geometry></collision>'
URDFS = {
    "bomb": (None, f'<!DOCTYPE robot [<!ENTITY e0 "x">{ENTITIES}]><robot name="a">&e11;</robot>', "DOCTYPE"),
    "garbage": (None, "\x01\x02", "not well-formed XML"),
    "missing mesh": ("</link>", MESH.format("gone.stl") + "</link>", "mesh 'gone.stl' is missing"),
    "mesh outside": ("</link>", MESH.format("../a.stl") + "</link>", "mesh '../a.stl' lies outside"),
    "mesh elsewhere": ("</link>", MESH.format("/etc/passwd") + "</link>", "mesh '/etc/passwd' lies outside"),
    "negative mass": ('mass value="', 'mass value="-', "expected zero or more"),
    "no number": ('mass value="', 'mass value="x', "expected a finite number"),
}


@pytest.fixture
def own(tiny, tmp_path):
    """A robot of the user's own, and a study of it."""
    robot = shutil.copytree(find("robots", "xl330_pendulum"), tmp_path / "robot")
    return robot, tiny.edited(tmp_path, ('robot = "xl330_pendulum"', 'robot = "robot"'))


def broken(robot, old, new):
    path = robot / "xl330_pendulum.urdf"
    path.write_text(path.read_text().replace(old, new, 1) if old else new)


@pytest.mark.parametrize(("old", "new", "said"), URDFS.values(), ids=URDFS)
def test_a_urdf_that_is_broken_or_hostile(calibrate, own, old, new, said):
    robot, study = own
    broken(robot, old, new)
    message = calibrate(study)
    assert said in message and "xl330_pendulum.urdf" in message


@pytest.mark.parametrize("kind", URDFS)
def test_inspect_says_what_is_wrong_with_such_a_urdf(own, capsys, kind):
    robot, _ = own
    broken(robot, *URDFS[kind][:2])
    assert main.run(["inspect", str(robot)]) == 0
    captured = capsys.readouterr()
    found = captured.out.split("what looks wrong:\n")[1].splitlines()
    assert captured.err == "" and len(found) == 1 and "nothing found" not in found[0]


@pytest.mark.parametrize("path", ["../other.urdf", "/etc/passwd", "gone.urdf"])
def test_a_urdf_outside_its_folder_or_not_there(calibrate, own, path):
    robot, study = own
    (robot.parent / "other.urdf").write_text("<robot/>")
    table = tomllib.loads((robot / "robot.toml").read_text())
    table["urdf"]["path"] = path
    (robot / "robot.toml").write_text(tomli_w.dumps(table))
    assert path in calibrate(study)


def test_a_timestep_that_takes_for_ever(calibrate, own):
    robot, study = own
    table = tomllib.loads((robot / "robot.toml").read_text())
    table["rigid_body"]["timestep"]["value"] = 1e-9
    (robot / "robot.toml").write_text(tomli_w.dumps(table))
    assert "timestep: is 1e-09 s, expected 1e-06 to 0.1 s" in calibrate(study)


ROBOTS = {"binary": bytes(range(256)), "too new": b"schema = 99", "too large": b"a" * 5_000_000}


@pytest.mark.parametrize("content", ROBOTS.values(), ids=ROBOTS)
def test_a_robot_that_is_none(refused, calibrate, own, content):
    robot, study = own
    (robot / "robot.toml").write_bytes(content)
    assert "robots/robot: " in calibrate(study)
    assert "robots/robot: " in refused("inspect", robot)


SPECS = {
    "no unit": ('unit = "rad"\ncolumns = { pendulum = "position" }', "columns", "unit of column 'position'"),
    "no joint": ('{ pendulum = "position" }', '{ elbow = "position" }', "'elbow' is not a joint"),
}


@pytest.mark.parametrize(("old", "new", "said"), SPECS.values(), ids=SPECS)
def test_a_specification_that_does_not_fit(refused, tmp_path, old, new, said):
    text = (find("data", "servo_pendulum") / "ingest.toml").read_text()
    new = 'columns = { pendulum = "position" }' if new == "columns" else new
    assert old in text
    (tmp_path / "ingest.toml").write_text(text.replace(old, new))
    recordings = write_recordings(tmp_path / "raw", count=1)
    words = ["ingest", recordings, "--robot", "xl330_pendulum", "--spec", tmp_path / "ingest.toml"]
    assert said in refused(*words, "--store", "{out}")
