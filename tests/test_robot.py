import importlib.metadata
import tomllib
import xml.etree.ElementTree as ET

import pytest
import tomli_w

from hybridsim.errors import RobotError
from hybridsim.ingest.inspect import inspect_path
from hybridsim.robot import Quantity, load_robot, problems
from hybridsim.robot import load as robot_loading

ROBOTS = ("so101", "anymal_c", "cube", "xl330_pendulum", "sts3250_pendulum")


@pytest.fixture
def pendulum(repository, tmp_path):
    """A copy of a robot to break: its table, and a function that loads it with changes."""
    source = repository / "robots" / "xl330_pendulum"
    table = tomllib.loads((source / "robot.toml").read_text())
    (tmp_path / "xl330_pendulum.urdf").write_text((source / "xl330_pendulum.urdf").read_text())

    def load():
        (tmp_path / "robot.toml").write_text(tomli_w.dumps(table))
        return load_robot(tmp_path)

    return table, load, tmp_path


def urdf(folder, change):
    """Change the copy's URDF in place."""
    path = folder / "xl330_pendulum.urdf"
    tree = ET.parse(path)
    change(tree.getroot())
    tree.write(path)


@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_loads_and_only_anymal_has_problems(name):
    robot = load_robot(name)
    assert robot.name == name
    assert robot.urdf_path().is_file()
    assert [drive.joint for drive in robot.drives] == list(robot.joint_names)
    found = problems(robot)
    # The published ANYmal C gives its cameras and its hatch inertias that no body can have.
    links = {line.split(":")[0] for line in found if not line.startswith("note")}
    cameras = {f"link depth_camera_{side}_camera" for side in ("front", "rear", "left", "right")}
    assert links == (cameras | {"link hatch"} if name == "anymal_c" else set())


def test_so101_says_what_its_jaw_is():
    robot = load_robot("so101")
    assert robot.joint_names == (
        "shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper",
    )  # fmt: skip
    drive = robot.drive("gripper")
    assert (drive.command, drive.measured) == ("gripper_opening_command", "gripper_opening")
    # 1523 encoder counts of 2 pi / 4096 for openings 0 to 1
    assert drive.command_scale.value == pytest.approx(1523 * 2 * 3.14159265 / 4096, rel=1e-6)
    upper = drive.command_scale.value + drive.command_offset.value
    assert robot.joint("gripper").upper.value == pytest.approx(upper, abs=1e-6)


def test_a_drive_takes_what_it_lacks_from_its_model():
    robot = load_robot("so101")
    assert {drive.gear_ratio.value for drive in robot.drives} == {345.0}
    assert all(drive.coupling == "motion" for drive in robot.drives)


def test_a_pendulum_hangs_down_at_zero():
    for name in ("xl330_pendulum", "sts3250_pendulum"):
        robot = load_robot(name)
        joint = ET.parse(robot.urdf_path()).getroot().find("joint")
        assert joint.get("name") == "pendulum" and joint.find("axis").get("xyz") == "0 1 0"
        (payload,) = robot.payloads
        assert payload.axis == (0.0, 0.0, -1.0)
        assert (payload.mass_constant, payload.length_constant) == ("payload_mass", "payload_length")


def test_the_cube_is_one_free_body_with_a_prior_of_its_contacts():
    robot = load_robot("cube")
    assert (robot.joint_names, robot.urdf.base) == ((), "floating")
    assert {key: (value.value, value.unit) for key, value in robot.contact} == {
        "stiffness": (1783.77, "N/m"), "damping": (27.22, "N*s/m"), "friction": (0.179, "1"),
    }  # fmt: skip
    assert 10 * robot.rigid_body.timestep.value == pytest.approx(1 / 148, rel=1e-15)
    link = ET.parse(robot.urdf_path()).getroot().find("link")
    assert [box.get("size") for box in link.iter("box")] == ["0.1048 0.1048 0.1048"] * 2
    inertia = link.find("inertial/inertia")
    assert [float(inertia.get(key)) for key in ("ixx", "iyy", "izz")] == [8.1e-4] * 3
    with pytest.raises(RobotError, match="robot cube: no joint 'elbow'; available: none"):
        robot.joint("elbow")


def test_a_robot_without_joints_is_shown_with_its_contact():
    text = str(inspect_path("robots/cube"))
    assert "contact            stiffness 1783.77 N/m, damping 27.22 N*s/m, friction 0.179" in text
    assert "joints:" not in text and text.endswith("nothing found")


def test_a_fixed_robot_without_joints_is_refused(pendulum):
    table, load, _ = pendulum
    table["joint"], table["drive"], table["encoder"], table["sensor"] = [], [], [], []
    with pytest.raises(
        RobotError, match=r"no \[\[joint\]\] and urdf.base is 'fixed': nothing can move; expected"
    ):
        load()
    table["urdf"]["base"] = "floating"
    # its URDF has a joint, and nobody names it
    assert problems(load()) == ["URDF joint pendulum moves but robot.toml does not name it"]
    table["drive"] = [{"joint": "pendulum", "model": "none"}]
    with pytest.raises(RobotError, match=r"drive\[0\]: key 'coupling' is missing"):
        load()


@pytest.mark.parametrize(
    ("key", "value", "unit", "message"),
    [
        ("stiffness", 0.0, "N/m", "stiffness: is 0 N/m, expected above 0"),
        ("damping", -1.0, "N*s/m", "damping: is -1 N\\*s/m, expected 0 or more"),
        ("friction", -0.1, "1", "friction: is -0.1 1, expected 0 or more"),
        ("stiffness", 1.0, "N/mm", "contact.stiffness: unit is 'N/mm', expected 'N/m'"),
    ],
)
def test_a_contact_that_no_ground_has_is_refused(pendulum, key, value, unit, message):
    table, load, _ = pendulum
    table["contact"] = {
        name: {"value": 1.0, "unit": own, "source": "chosen for tests"}
        for name, own in (("stiffness", "N/m"), ("damping", "N*s/m"), ("friction", "1"))
    }
    assert load().contact is not None
    table["contact"][key] |= {"value": value, "unit": unit}
    with pytest.raises(RobotError, match=message):
        load()


def test_an_untouched_copy_has_no_problem(pendulum):
    _, load, _ = pendulum
    assert problems(load()) == []


def test_a_wrong_unit_is_named(pendulum):
    table, load, _ = pendulum
    table["joint"][0]["lower"]["unit"] = "deg"
    with pytest.raises(RobotError, match=r"joint\[0\]\.lower: unit is 'deg', expected 'rad'"):
        load()


def test_an_unknown_key_lists_the_known_ones(pendulum):
    table, load, _ = pendulum
    table["drive"][0]["gear"] = 3
    with pytest.raises(RobotError, match=r"drive\[0\]: unknown key 'gear'; known keys: joint, .*gear_ratio"):
        load()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1.0", True])
def test_a_value_that_is_no_finite_number_is_refused(pendulum, value):
    table, load, _ = pendulum
    table["drive"][0]["armature"]["value"] = value
    with pytest.raises(RobotError, match=r"drive\[0\]\.armature\.value"):
        load()


def test_a_value_without_source_is_refused(pendulum):
    table, load, _ = pendulum
    del table["drive"][0]["armature"]["source"]
    with pytest.raises(RobotError, match=r"drive\[0\]\.armature: key 'source' is missing"):
        load()


def test_a_joint_given_twice_is_refused(pendulum):
    table, load, _ = pendulum
    table["joint"].append(table["joint"][0])
    with pytest.raises(RobotError, match="joint pendulum is given twice"):
        load()


def test_inverted_limits_and_a_missing_drive_are_found(pendulum):
    table, load, _ = pendulum
    joint = table["joint"][0]
    joint["lower"], joint["upper"] = joint["upper"], joint["lower"]
    table["drive"] = []
    assert problems(load()) == [
        "joint pendulum: limits are inverted: lower 3.14159, upper -3.14159 rad",
        "joint pendulum: no drive",
    ]


def test_a_joint_that_the_urdf_lacks_lists_those_it_has(pendulum):
    table, load, _ = pendulum
    table["joint"][0]["urdf_joint"] = "swing"
    assert problems(load()) == [
        "joint 'swing' is not a moving joint of the URDF; it has pendulum",
        "URDF joint pendulum moves but robot.toml does not name it",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # 1 + 1 < 3: the moments of no body
        ({"inertia": ("1e-6", "1e-6", "3e-6")}, "link arm: impossible inertia"),
        ({"inertia": ("1e-6", "1e-6", "-1e-6")}, "link arm: inertia is not positive definite"),
        ({"inertia": ("1e-6", "1e-6", "nan")}, "link arm: mass or inertia is not finite"),
        ({"inertia": ("1e-6", "1e-6", "x")}, "link arm: mass or inertia is missing or not a number"),
        ({"mass": "-0.1"}, "link arm: mass is -0.1 kg"),
        ({"mass": "0", "inertia": ("0", "0", "0")}, "link arm: moves and has no mass"),
        # 1 + 1 = 2: a flat plate, the limit of what is possible
        ({"inertia": ("1e-6", "1e-6", "2e-6")}, None),
    ],
)
def test_impossible_inertias_are_found(pendulum, changes, expected):
    _, load, folder = pendulum

    def change(root):
        inertial = root.find("link[@name='arm']/inertial")
        for key, value in zip(("ixx", "iyy", "izz"), changes.get("inertia", ()), strict=False):
            inertial.find("inertia").set(key, value)
        if "mass" in changes:
            inertial.find("mass").set("value", changes["mass"])

    urdf(folder, change)
    found = problems(load())
    assert len(found) == (expected is not None)
    assert expected is None or found[0].startswith(expected)


def test_a_missing_mesh_is_a_note(pendulum):
    _, load, folder = pendulum

    def change(root):
        visual = ET.SubElement(ET.SubElement(root.find("link"), "visual"), "geometry")
        ET.SubElement(visual, "mesh", filename="gone.stl")

    urdf(folder, change)
    assert problems(load()) == ["note: 1 of 1 meshes are missing: gone.stl"]


def test_an_xml_bomb_is_a_problem_and_does_not_explode(pendulum):
    _, load, folder = pendulum
    entities = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 12))
    (folder / "xl330_pendulum.urdf").write_text(
        f'<!DOCTYPE robot [<!ENTITY e0 "boom">{entities}]><robot name="a">&e11;</robot>'
    )
    (line,) = problems(load())
    assert "not a safe URDF" in line


def test_a_urdf_outside_the_robots_folder_is_refused(pendulum):
    table, load, folder = pendulum
    (folder.parent / "other.urdf").write_text("<robot/>")
    table["urdf"]["path"] = "../other.urdf"
    with pytest.raises(RobotError, match="leaves its folder"):
        load().urdf_path()


def test_the_missing_package_comes_with_its_remedy(monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    robot_loading._package_robots.cache_clear()  # where it was found before
    monkeypatch.setattr(importlib.metadata, "files", none)
    with pytest.raises(
        RobotError, match=r"example-robot-data, not installed; .*pip install 'hybridsim\[robots\]'"
    ):
        load_robot("so101").urdf_path()


def test_names_that_are_not_there_list_those_that_are():
    robot = load_robot("xl330_pendulum")
    with pytest.raises(RobotError, match="no joint 'elbow'; available: pendulum"):
        robot.joint("elbow")
    with pytest.raises(RobotError, match="joint 'elbow' has no drive; joints with one: pendulum"):
        robot.drive("elbow")


def test_a_robot_cannot_be_changed():
    robot = load_robot("xl330_pendulum")
    with pytest.raises(ValueError, match="frozen"):
        robot.name = "other"
    assert float(Quantity(value=2.0, unit="V", source="test")) == 2.0


@pytest.mark.parametrize("text", ["schema = ", "schema = 2\n", "\x00", "[" * 5000])
def test_a_file_that_is_no_robot_is_one_clear_line(tmp_path, text):
    (tmp_path / "robot.toml").write_text(text)
    with pytest.raises(RobotError, match=r"robots/"):
        load_robot(tmp_path)
