"""ANYmal C as MuJoCo sees it, from the same URDF as everywhere else."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's names come from a compiled module without types.
from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from hybridsim.physics.edits import with_inertial
from hybridsim.physics.merge import merge_fixed, place_links
from hybridsim.physics.model import Collision, Link, Pose, RigidModel
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot, load_robot
from hybridsim.standin.draw import BodyDraw
from hybridsim.standin.label import ROBOT

GRAVITY = 9.81
HANGS = 1.2
"""Height of the base's origin on the crane [m]; chosen, because stretched legs then touch nothing."""
SKIN_FRICTION = 0.6
"""Of everything but the feet [1]; chosen, for hard plastic on a hall's floor."""
HALF = {"box": 0.5, "sphere": 1.0}
"""What MuJoCo calls a size is so much of a length."""


@cache
def design() -> Robot:
    """The robot that is stood in for."""
    return load_robot(ROBOT)


@cache
def stated() -> RigidModel:
    """Its rigid bodies as the URDF states them, fixed links merged."""
    return merge_fixed(load_urdf(design().urdf_path()))


@cache
def imu_pose() -> Pose:
    """Where the IMU sits in the base's frame."""
    (imu,) = (sensor.link for sensor in design().sensors if sensor.kind == "imu")
    assert imu is not None
    return place_links(load_urdf(design().urdf_path()))[imu].pose


def feet() -> dict[str, str]:
    """Link of every foot by the name of its contact sensor, in the order of the contact signal."""
    return {one.name: one.link for one in design().sensors if one.kind == "contact" and one.link}


def individual(model: RigidModel, body: BodyDraw) -> RigidModel:
    """The robot with masses of its own; inertias scale with the masses."""
    base = model.link(model.root)
    scale = dict(zip((joint.child for joint in model.joints), body.link_scale, strict=True))
    for name, share in {model.root: body.base_scale, **scale}.items():
        link = model.link(name)
        com = link.com + body.base_offset if link is base else link.com
        model = with_inertial(model, name, share * link.mass, com, share * link.inertia)
    return model


def compile_model(
    model: RigidModel, *, timestep: float, hung: bool, friction: float = 0.8, softness: float = 0.01
) -> mujoco.MjModel:
    """The robot over flat ground.

    Args:
        model: its rigid bodies, fixed links merged.
        timestep: of the simulation [s].
        hung: whether its base hangs in a crane that holds it still, feet in the air.
        friction: of the feet [1].
        softness: time constant of contacts [s].
    """
    root = Element("mujoco", model="SYNTHETIC stand-in for an ANYmal C")
    SubElement(root, "compiler", angle="radian", inertiafromgeom="false")
    # Elliptic cones with stiff friction: feet that carry a load would creep on the default ones.
    settings = {
        "timestep": repr(timestep),
        "cone": "elliptic",
        "impratio": "10",
        "gravity": words([0.0, 0.0, -GRAVITY]),
    }
    SubElement(root, "option", settings)
    touch = {"solref": words([softness, 1.0]), "priority": "1"}
    world = SubElement(root, "worldbody")
    SubElement(world, "geom", name="ground", type="plane", size="0 0 1", contype="0", conaffinity="1")
    for name, element in skeleton(world, model, hung).items():
        fill(element, model.link(name), friction, touch)
    sense(SubElement(root, "sensor"))
    return mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))


def skeleton(world: Element, model: RigidModel, hung: bool) -> dict[str, Element]:
    """Bodies and joints, still without mass and shape; by the name of the link."""
    base = SubElement(world, "body", name=model.root, pos=words([0.0, 0.0, HANGS]))
    if not hung:
        SubElement(base, "freejoint", name="base")
    SubElement(base, "site", {"name": "imu", **placed(imu_pose())})
    SubElement(base, "site", name="base")
    bodies = {model.root: base}
    for joint in model.joints:  # parents come before children, as the URDF lists them
        body = SubElement(bodies[joint.parent], "body", {"name": joint.child, **placed(joint.origin)})
        hinge = {"name": joint.name, "type": "hinge", "axis": words(joint.axis)}
        if joint.lower is not None and joint.upper is not None:
            hinge |= {"limited": "true", "range": words([joint.lower, joint.upper])}
        SubElement(body, "joint", hinge)
        bodies[joint.child] = body
    return bodies


def fill(body: Element, link: Link, friction: float, touch: dict[str, str]) -> None:
    """Give a body its mass, its shapes and, on a foot's sphere, what feels a load."""
    inertia = link.inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    SubElement(body, "inertial", pos=words(link.com), mass=repr(float(link.mass)), fullinertia=words(inertia))
    for shape in link.collisions:
        foot = shape.kind == "sphere" and shape.link in feet().values()
        own = words([friction if foot else SKIN_FRICTION, 0.005, 0.0001])
        # Parts of the robot do not touch each other: contype meets the ground's conaffinity alone.
        solid = {"contype": "1", "conaffinity": "0", "friction": own, **touch}
        form = {"type": shape.kind, "size": sized(shape), **placed(shape.pose)}
        SubElement(body, "geom", form | solid)
        if foot:
            feeler = {"name": shape.link, "size": words([1.5 * shape.size[0]]), **placed(shape.pose)}
            SubElement(body, "site", feeler)


def sense(sensors: Element) -> None:
    """What is read at every step, in the order of `body.Frame`."""
    joints = [joint.urdf_joint for joint in design().joints]
    for kind in ("jointpos", "jointvel"):
        for joint in joints:
            SubElement(sensors, kind, joint=joint)
    SubElement(sensors, "gyro", site="imu")
    SubElement(sensors, "accelerometer", site="imu")
    SubElement(sensors, "framequat", objtype="site", objname="base")
    for foot in feet().values():
        SubElement(sensors, "touch", site=foot)


def sized(shape: Collision) -> str:
    """MuJoCo's half lengths and radii."""
    if shape.kind in HALF:
        return words(HALF[shape.kind] * length for length in shape.size)
    return words([shape.size[0], 0.5 * shape.size[1]])


def placed(pose: Pose) -> dict[str, str]:
    """A pose as attributes; MuJoCo's quaternions have w first."""
    quaternion = Rotation.from_matrix(pose.rotation).as_quat()
    return {"pos": words(pose.position), "quat": words(np.roll(quaternion, 1))}


def words(numbers: Iterable[object]) -> str:
    """Numbers to the last digit, as an XML attribute."""
    return " ".join(repr(float(number)) for number in numbers)  # pyright: ignore[reportArgumentType]
