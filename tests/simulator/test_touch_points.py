"""Which links touch: feet that became part of shanks, and names that are wrong."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import RobotError
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Collision, Contact, Joint, Link, Pose, RigidModel
from hybridsim.physics.tree import tree_bodies
from hybridsim.robot import Touching, load_robot, problems
from hybridsim.simulator.body import bare_body
from hybridsim.simulator.touch_points import owners_of, points_of

FEET = ("LF_FOOT", "RF_FOOT", "LH_FOOT", "RH_FOOT")


def touching(*links, shapes=None):
    return Touching(links=links, shapes=shapes, source="a test")


def test_anymal_touches_with_a_sphere_a_foot(robot_data):
    robot = load_robot("anymal_c")
    model = bare_body(robot)
    points, owners = points_of(model, {}, robot.touch), owners_of(model, robot.touch)
    assert sorted(owners) == sorted(FEET)
    bodies = tree_bodies(model)
    assert [bodies[b] for b in points.body] == [owner.replace("FOOT", "SHANK") for owner in owners]
    assert points.radius.tolist() == [0.03] * 4
    # URDF: foot at (0.08795, 0.01305, -0.33797) in a frame turned by -90 degrees about z from the shank's,
    # its sphere 0.0225 above the foot's origin
    front_left = points.position[owners.index("LF_FOOT")]
    assert front_left == pytest.approx([0.01305, -0.08795, -0.33797 + 0.0225], abs=1e-6)


def test_all_shapes_of_anymal_are_too_many_and_the_remedy_is_named(robot_data):
    with pytest.raises(RobotError, match=r"contact points; expected at most 200.*fewer links in .*\[touch\]"):
        points_of(bare_body(load_robot("anymal_c")), {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (touching("LF_PAW"), r"\[touch\] link 'LF_PAW' has no collision shape; links with one: .*LF_FOOT"),
        (
            touching("LF_THIGH", shapes=("sphere",)),
            "link 'LF_THIGH' has no collision shape of kind sphere; links with one: LF_FOOT, LH_FOOT,",
        ),
    ],
)
def test_a_link_that_cannot_touch_is_refused_with_those_that_can(robot_data, given, message):
    with pytest.raises(RobotError, match=message):
        points_of(bare_body(load_robot("anymal_c")), {}, given)


def test_inspect_names_a_link_that_the_urdf_does_not_have():
    robot = load_robot("cube").model_copy(update={"touch": touching("cube", "corner")})
    assert [line for line in problems(robot) if line.startswith("touch")] == [
        "touch: link 'corner' is not in the URDF; it has cube"
    ]


def test_a_link_given_twice_is_refused():
    with pytest.raises(ValueError, match="links: a is given twice"):
        touching("a", "b", "a")


@pytest.mark.parametrize("friction", [0.5, 0.9])
def test_a_foot_is_found_whether_or_not_a_merge_keeps_it_apart(friction):
    """A foot with friction of its own stays a massless link beside its shank; its points are the shank's."""
    ball = (Collision("sphere", (0.02,), Pose(np.array([0.0, 0.0, -0.05]))),)
    links = (
        Link("trunk", 2.0, np.zeros(3), np.eye(3) * 0.01, (Collision("box", (0.2, 0.2, 0.2)),)),
        Link("shank", 0.5, np.zeros(3), np.eye(3) * 0.01, (Collision("sphere", (0.01,)),)),
        Link("foot", 0.1, np.zeros(3), np.eye(3) * 0.001, ball, Contact(lateral_friction=friction)),
    )
    knee = Joint("knee", "revolute", "trunk", "shank", Pose(np.array([0.3, 0.0, 0.0])))
    ankle = Joint("ankle", "fixed", "shank", "foot", Pose(np.array([0.0, 0.1, -0.4])))
    model = merge_fixed(RigidModel("hopper", links, (knee, ankle)))
    assert len(model.links) == (2 if friction == 0.5 else 3)
    points = points_of(model, {}, touching("foot"))
    assert points.body.tolist() == [1] and points.radius.tolist() == [0.02]
    assert points.position[0] == pytest.approx([0.0, 0.1, -0.45])
    assert owners_of(model) == (*["trunk"] * 8, "shank", "foot")
    assert owners_of(replace(model), touching("foot", "shank")) == ("shank", "foot")
