"""A rigid robot as plain values, after its URDF is read and before a simulator loads it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from hybridsim.errors import RobotError, listed
from hybridsim.physics.inertia import Matrix, Vector

JointType = Literal["fixed", "revolute", "continuous", "prismatic"]
ShapeKind = Literal["box", "cylinder", "sphere", "capsule", "mesh"]


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a child frame is in its parent frame."""

    position: Vector = field(default_factory=lambda: np.zeros(3))
    """Origin of the child in the parent's axes [m]."""
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    """rotation_parent_from_child."""

    def __post_init__(self) -> None:
        self.position.setflags(write=False)
        self.rotation.setflags(write=False)

    def __matmul__(self, child: Pose) -> Pose:
        """pose_parent_from_grandchild = pose_parent_from_child @ pose_child_from_grandchild."""
        return Pose(self.position + self.rotation @ child.position, self.rotation @ child.rotation)


@dataclass(frozen=True)
class Contact:
    """Contact parameters of a link; the defaults are Bullet's own."""

    lateral_friction: float = 0.5
    rolling_friction: float = 0.0
    spinning_friction: float = 0.0
    restitution: float = 0.0
    stiffness: float | None = None
    """Normal spring [N/m]; None is a rigid contact."""
    damping: float | None = None
    """Normal damper [N·s/m]; used together with stiffness."""


@dataclass(frozen=True, eq=False)
class Collision:
    """One collision shape, placed in its link's frame."""

    kind: ShapeKind
    size: tuple[float, ...]
    """box: full lengths x, y, z; cylinder, capsule: radius, length; sphere: radius; mesh: scale x, y, z."""
    pose: Pose = field(default_factory=Pose)
    mesh: Path | None = None
    link: str = ""
    """The link that the URDF draws it on, which a merge makes part of another; empty before any merge."""


@dataclass(frozen=True, eq=False)
class Link:
    """One rigid part. Without `<inertial>` it weighs nothing; PyBullet would give it 1 kg and 1 kg·m²."""

    name: str
    mass: float = 0.0
    com: Vector = field(default_factory=lambda: np.zeros(3))
    """Centre of mass in the link's frame [m]."""
    inertia: Matrix = field(default_factory=lambda: np.zeros((3, 3)))
    """About the centre of mass, axes of the link's frame [kg·m²]."""
    collisions: tuple[Collision, ...] = ()
    contact: Contact = field(default_factory=Contact)
    only_drawn: tuple[Collision, ...] = ()
    """Shapes of pictures that nothing can touch, see `hidden`."""

    def __post_init__(self) -> None:
        self.com.setflags(write=False)
        self.inertia.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Joint:
    """What holds a child link to its parent link. The child's frame is the joint's frame."""

    name: str
    kind: JointType
    parent: str
    child: str
    origin: Pose = field(default_factory=Pose)
    axis: Vector = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))
    """Unit vector in the joint's frame."""
    lower: float | None = None
    """Lowest position [rad or m]; None for no limit."""
    upper: float | None = None
    effort_limit: float | None = None
    """As the URDF states it [N·m or N]; remembered, not enforced."""
    velocity_limit: float | None = None
    """As the URDF states it [rad/s or m/s]; remembered, not enforced."""
    urdf_damping: float = 0.0
    """As the URDF states it [N·m·s/rad]; remembered, and zero in the simulation: drives own friction here."""
    urdf_friction: float = 0.0
    """As the URDF states it [N·m]; remembered, and zero in the simulation."""

    def __post_init__(self) -> None:
        self.axis.setflags(write=False)

    @property
    def moves(self) -> bool:
        """Whether the joint has a degree of freedom."""
        return self.kind != "fixed"


@dataclass(frozen=True, eq=False)
class RigidModel:
    """A tree of links. Edits return a new model; nothing here knows a simulator."""

    name: str
    links: tuple[Link, ...]
    joints: tuple[Joint, ...]

    @property
    def root(self) -> str:
        """Name of the link that no joint holds."""
        children = {joint.child for joint in self.joints}
        return next(link.name for link in self.links if link.name not in children)

    @property
    def moving_joints(self) -> tuple[Joint, ...]:
        """Joints with a degree of freedom, in file order."""
        return tuple(joint for joint in self.joints if joint.moves)

    @property
    def mass(self) -> float:
        """Total mass [kg]."""
        return sum(link.mass for link in self.links)

    def link(self, name: str) -> Link:
        """The link of this name, or an error that lists the links."""
        for link in self.links:
            if link.name == name:
                return link
        raise RobotError(f"{self.name}: no link '{name}'; it has {listed(x.name for x in self.links)}")

    def joint(self, name: str) -> Joint:
        """The joint of this name, or an error that lists the moving joints."""
        for joint in self.joints:
            if joint.name == name:
                return joint
        names = listed(joint.name for joint in self.moving_joints)
        raise RobotError(f"{self.name}: no joint '{name}'; it has {names}")

    def with_link(self, link: Link) -> RigidModel:
        """This model with the link of the same name replaced."""
        self.link(link.name)
        return replace(self, links=tuple(link if x.name == link.name else x for x in self.links))
