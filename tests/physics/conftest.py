"""Real URDFs of example-robot-data, and small robots whose motion is known by hand."""

import sysconfig
from pathlib import Path

import numpy as np
import pytest

from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Joint, Link, Pose, RigidModel
from hybridsim.physics.urdf import load_urdf

ROBOTS = Path(sysconfig.get_path("purelib"), "cmeel.prefix/share/example-robot-data/robots")
URDFS = {
    "so101": "so_arm_description/urdf/so101.urdf",
    "anymal_c": "anymal_c_simple_description/urdf/anymal.urdf",
    "anymal_b": "anymal_b_simple_description/robots/anymal.urdf",
}
ARM = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")


def robot_path(name: str) -> Path:
    path = ROBOTS / URDFS[name]
    if not path.is_file():
        pytest.skip("example-robot-data is not installed: pip install 'hybridsim[robots]'")
    return path


@pytest.fixture(scope="session")
def arm() -> RigidModel:
    """SO-101, merged."""
    return merge_fixed(load_urdf(robot_path("so101")))


@pytest.fixture(scope="session")
def anymal_c() -> RigidModel:
    """ANYmal C, merged."""
    return merge_fixed(load_urdf(robot_path("anymal_c")))


def swinging(length: float = 0.5, mass: float = 1.0, links: int = 1, inertia: float = 1e-6) -> RigidModel:
    """A chain of point masses on massless rods, hinges about y, hanging straight down at zero."""
    bodies, joints, parent = [Link("ground")], [], "ground"
    for n in range(links):
        bodies.append(Link(f"rod{n}", mass, np.array([0.0, 0.0, -length]), inertia * np.eye(3)))
        at = Pose(np.array([0.0, 0.0, -length if n else 0.0]))
        joints.append(Joint(f"hinge{n}", "continuous", parent, f"rod{n}", at, np.array([0.0, 1.0, 0.0])))
        parent = f"rod{n}"
    return RigidModel("pendulum", tuple(bodies), tuple(joints))
