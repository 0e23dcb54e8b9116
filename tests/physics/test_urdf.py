"""URDFs that are broken or hostile give one line that names the fault; good ones survive a round trip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import RobotError
from hybridsim.physics import xml_source
from hybridsim.physics.inertia import rotation_from_rpy, rpy_from_rotation
from hybridsim.physics.urdf import load_urdf
from hybridsim.physics.writer import to_urdf
from tests.physics.conftest import URDFS, robot_path

INERTIAL = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial>'
HINGE = '<joint name="j" type="revolute"><parent link="a"/><child link="b"/>{}</joint>'
TWO = f'<link name="a">{INERTIAL}</link><link name="b">{INERTIAL}</link>'


def write(folder, body, name="r.urdf"):
    path = folder / name
    path.write_text(body if body.startswith("<?") else f'<robot name="r">{body}</robot>')
    return path


def refusal(path, root=None):
    with pytest.raises(RobotError) as caught:
        load_urdf(path, root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "0 links"),
        ('<link name="a"/><link name="a"/>', "link 'a' occurs twice"),
        ('<link name="a"/><link name="b"/>', "2 root links (a, b)"),
        (TWO + HINGE.format("") * 2, "joint 'j' occurs twice"),
        (TWO + HINGE.format('<axis xyz="0 0 0"/>'), "joint 'j': axis"),
        (TWO + HINGE.format('<axis xyz="0 1"/>'), "has 2 numbers; expected 3"),
        (TWO + HINGE.format('<limit lower="1" upper="-1"/>'), "lower limit 1.0 above upper limit -1.0"),
        (TWO + HINGE.format("").replace("revolute", "ball"), "type 'ball'; known: continuous, fixed"),
        (
            TWO + HINGE.format("").replace('child link="b"', 'child link="c"'),
            "names link 'c'; available: a, b",
        ),
        (TWO + HINGE.format("").replace('<parent link="a"/>', ""), "without <parent>"),
        ('<link name="a"><inertial><mass value="1"/></inertial></link>', "link 'a': <inertial> without"),
        (f'<link name="a">{INERTIAL}</link>'.replace('mass value="1"', 'mass value="-1"'), "mass -1.0 kg"),
        (f'<link name="a">{INERTIAL}</link>'.replace('ixx="1"', 'ixx="nan"'), "'ixx' of <inertia>: 'nan'"),
        (f'<link name="a">{INERTIAL}</link>'.replace('ixx="1"', 'ixx="1e279"'), "'1e279'; expected a finite"),
        (
            '<link name="a"><collision><geometry><cone/></geometry></collision></link>',
            "shape <cone>; known: box",
        ),
        ('<link name="a"><collision/></link>', "<collision> without a shape"),
        ("<link><inertial/></link>", "<link> without 'name'"),
        (
            '<link name="a"><collision><geometry><sphere radius="0"/></geometry></collision></link>',
            "positive",
        ),
    ],
)
def test_a_fault_is_named(tmp_path, body, words):
    assert words in refusal(write(tmp_path, body))


def test_a_cycle_beside_the_root_is_named(tmp_path):
    ring = "".join(f'<link name="{x}"/>' for x in "abc")
    ring += '<joint name="j" type="fixed"><parent link="b"/><child link="c"/></joint>'
    ring += '<joint name="k" type="fixed"><parent link="c"/><child link="b"/></joint>'
    assert "a cycle of joints holds links b, c" in refusal(write(tmp_path, ring))


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><robot name="&b;"/>',
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><robot name="&x;"/>',
        '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><robot/>',
    ],
)
def test_entities_and_doctypes_are_refused(tmp_path, text):
    assert "DOCTYPE and entities are refused" in refusal(write(tmp_path, text))


def test_depth_count_and_size_are_bounded(tmp_path, monkeypatch):
    assert "nest deeper" in refusal(write(tmp_path, "<a>" * 5000 + "</a>" * 5000))
    monkeypatch.setattr(xml_source, "MOST_ELEMENTS", 100)
    assert "more than 100 elements" in refusal(write(tmp_path, "<a/>" * 200))
    monkeypatch.setattr(xml_source, "MOST_BYTES", 100)
    assert "at most 100 bytes" in refusal(write(tmp_path, " " * 200))


def test_absent_folder_and_other_formats_are_named(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "absent.urdf")
    assert "expected a URDF file" in refusal(tmp_path)
    assert "root element <mujoco>" in refusal(write(tmp_path, "<?xml version='1.0'?><mujoco/>"))


MESH = '<link name="a"><{0}><geometry><mesh filename="{1}"/></geometry></{0}></link>'


@pytest.mark.parametrize("kind", ["collision", "visual"])
def test_mesh_paths_stay_inside_the_root(tmp_path, kind):
    inside = tmp_path / "robot"
    (inside / "meshes").mkdir(parents=True)
    (inside / "meshes" / "a.stl").write_bytes(b"solid\nendsolid\n")
    (tmp_path / "secret.stl").write_bytes(b"solid\nendsolid\n")
    (inside / "meshes" / "link.stl").symlink_to(tmp_path / "secret.stl")
    assert load_urdf(write(inside, MESH.format(kind, "meshes/a.stl"))).root == "a"
    assert load_urdf(write(inside, MESH.format(kind, "package://robot/meshes/a.stl"))).root == "a"
    cases = {
        "../secret.stl": "lies outside",
        "package://robot/../secret.stl": "lies outside",
        "package:///meshes/a.stl": "without a package name",
        "package://../secret.stl": "without a package name",
        f"file://{tmp_path}/secret.stl": "lies outside",
        "/etc/passwd": "lies outside",
        "meshes/link.stl": "lies outside",
        "meshes/b.stl": "'meshes/b.stl' is missing",
        "package://other/b.stl": "package 'other' is not around",
        "meshes": "suffix ''",
    }
    for name, words in cases.items():
        assert words in refusal(write(inside, MESH.format(kind, name)))
    assert "lies outside" in refusal(write(inside, MESH.format(kind, "../secret.stl")), inside)
    assert load_urdf(write(inside, MESH.format(kind, "../secret.stl")), tmp_path).root == "a"


@pytest.mark.parametrize("name", URDFS)
def test_round_trip_keeps_every_number(tmp_path, name):
    model = load_urdf(robot_path(name))
    again = load_urdf(write(tmp_path, to_urdf(model)), root="/")
    for old, new in zip(model.links, again.links, strict=True):
        np.testing.assert_allclose(new.inertia, old.inertia, atol=1e-15 + 1e-13 * abs(old.inertia).max())
        np.testing.assert_array_equal(new.com, old.com)
        assert (new.name, new.mass, new.contact) == (old.name, old.mass, old.contact)
        assert [x.size for x in new.collisions] == [x.size for x in old.collisions]
    for old, new in zip(model.joints, again.joints, strict=True):
        np.testing.assert_allclose(new.origin.rotation, old.origin.rotation, atol=1e-14)
        assert (new.name, new.lower, new.upper) == (old.name, old.lower, old.upper)


def test_a_link_without_inertial_weighs_nothing(tmp_path):
    assert load_urdf(write(tmp_path, '<link name="a"/>')).mass == 0.0


@given(st.lists(st.floats(-4, 4), min_size=3, max_size=3), st.sampled_from([1.0, 0.0, 1e-5, 1e-9]))
def test_rpy_round_trip_also_near_a_right_angle(rpy, distance):
    roll, pitch, yaw = rpy
    rotation = rotation_from_rpy([roll, np.pi / 2 - distance * pitch, yaw])
    np.testing.assert_allclose(rotation_from_rpy(rpy_from_rotation(rotation)), rotation, atol=2e-15)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<robot>{text}</robot>".encode()))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("urdf") / "r.urdf"
    path.write_bytes(content)
    assert "\n" not in refusal(path)


TAGS = st.sampled_from(
    ["link", "joint", "inertial", "mass", "origin", "parent", "child", "collision", "mesh"]
)
KEYS = st.sampled_from(["name", "value", "xyz", "link", "type", "filename", "size"])
WORDS = st.sampled_from(["a", "b", "1", "nan", "-1", "0 0 1", "fixed", "../x.stl", "", "é"])
ELEMENTS = st.recursive(
    st.tuples(TAGS, st.dictionaries(KEYS, WORDS, max_size=3)).map(lambda x: (*x, [])),
    lambda inner: st.tuples(TAGS, st.dictionaries(KEYS, WORDS, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=12,
)


def as_text(element):
    tag, attributes, children = element
    words = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{tag}{words}>{''.join(as_text(child) for child in children)}</{tag}>"


@given(st.lists(ELEMENTS, max_size=6))
def test_any_arrangement_of_elements_is_read_or_refused(tmp_path_factory, elements):
    folder = tmp_path_factory.mktemp("urdf")
    path = write(folder, "".join(as_text(element) for element in elements))
    try:
        model = load_urdf(path)
    except RobotError as error:
        assert "\n" not in str(error)
    else:
        assert load_urdf(write(folder, to_urdf(model), "again.urdf")).root == model.root
