"""One PyBullet client that holds one robot, with PyBullet's silent defaults switched off."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pybullet

from hybridsim.errors import RobotError, SimulationError
from hybridsim.physics.inertia import principal_axes
from hybridsim.physics.model import Link, RigidModel
from hybridsim.physics.terrain import Terrain, add_terrain
from hybridsim.physics.writer import to_urdf

# Chosen, because Bullet silently clips every joint at 100 rad/s and no robot reaches this.
NO_VELOCITY_CLIP = 1e9


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """How a world is set up; the same for all worlds."""

    timestep: float
    """Of one `step` [s]."""
    base: Literal["fixed", "floating"] = "fixed"
    """Whether the root link is held in the world."""
    gravity: tuple[float, float, float] = (0.0, 0.0, -9.81)
    """In the world's frame [m/s²]."""
    plane: bool = False
    """Whether there is level ground."""
    plane_height: float = 0.0
    """Of the ground in the world's frame [m]."""
    plane_stiffness: float = 0.0
    """Of its contact [N/m]; 0 stands for Bullet's rigid contact."""
    plane_damping: float = 0.0
    """Of its contact [N·s/m], used with a stiffness."""
    plane_friction: float = 1.0
    """Bullet multiplies the two bodies' coefficients, so 1 leaves the link's own."""
    substeps: int = 1
    """Bullet's internal steps a `step`; efforts are held over them."""
    solver_iterations: int = 50
    """Bullet's own default."""
    armature: tuple[float, ...] | None = None
    """Reflected inertia of each joint's drive [kg·m²]; for a fixed base without plane."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.timestep) and self.timestep > 0 and self.substeps >= 1):
            raise SimulationError(
                f"world settings: timestep {self.timestep} s, substeps {self.substeps}; expected positive"
            )
        if self.armature is not None and (self.base == "floating" or self.plane):
            raise SimulationError(
                f"world settings: armature with base '{self.base}' and plane {self.plane}; expected 'fixed'"
                " and none, because contacts would not feel it (use with_armature, or drive by motion)"
            )


@dataclass(frozen=True)
class Client:
    """Where a robot lives in PyBullet."""

    id: int
    """physicsClientId."""
    body: int
    indices: tuple[int, ...]
    """PyBullet's joint index of each joint, in the caller's order."""
    ground: tuple[int, ...] = ()
    """Bodies of its terrain."""


def open_client(
    model: RigidModel, joints: Sequence[str], settings: WorldSettings, terrain: Terrain | None = None
) -> Client:
    """A DIRECT client with the robot in it: no damping, no default motors, no sleep, no velocity clip.

    A terrain stands in the place of the settings' plane.
    """
    connection = pybullet.connect(pybullet.DIRECT)
    pybullet.setPhysicsEngineParameter(
        fixedTimeStep=settings.timestep,
        numSubSteps=settings.substeps if settings.substeps > 1 else 0,
        numSolverIterations=settings.solver_iterations,
        physicsClientId=connection,
    )
    pybullet.setGravity(*settings.gravity, physicsClientId=connection)
    ground = [] if terrain is None else add_terrain(connection, terrain)
    if settings.plane and terrain is None:
        add_plane(connection, settings)
    body = load_body(model, settings, connection)
    by_name = {
        pybullet.getJointInfo(body, index, physicsClientId=connection)[1].decode(): index
        for index in range(pybullet.getNumJoints(body, physicsClientId=connection))
    }
    disarm(connection, body, len(by_name))
    set_moments(model, connection, body)
    return Client(connection, body, tuple(by_name[name] for name in joints), tuple(ground))


def load_body(model: RigidModel, settings: WorldSettings, connection: int) -> int:
    """The robot's body id, its root link's frame at the world's origin."""
    fixed = settings.base == "fixed"
    if not fixed and model.link(model.root).mass <= 0:
        raise RobotError(
            f"{model.name}: floating root link '{model.root}' weighs nothing; Bullet would fix it"
        )
    with tempfile.TemporaryDirectory(prefix="hybridsim-") as folder:
        path = Path(folder) / "robot.urdf"
        path.write_text(to_urdf(model, loadable=True), encoding="utf-8")
        try:
            return pybullet.loadURDF(
                str(path),
                useFixedBase=fixed,
                flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
                physicsClientId=connection,
            )
        except pybullet.error as error:
            pybullet.disconnect(physicsClientId=connection)
            raise RobotError(
                f"{model.name}: PyBullet cannot load it ({error}); are its meshes whole?"
            ) from error


def add_plane(connection: int, settings: WorldSettings) -> int:
    """Level ground, normal up, rigid or as soft as the settings say."""
    shape = pybullet.createCollisionShape(
        pybullet.GEOM_PLANE, planeNormal=[0.0, 0.0, 1.0], physicsClientId=connection
    )
    plane = pybullet.createMultiBody(
        0.0, shape, basePosition=[0.0, 0.0, settings.plane_height], physicsClientId=connection
    )
    pybullet.changeDynamics(plane, -1, lateralFriction=settings.plane_friction, physicsClientId=connection)
    if settings.plane_stiffness > 0:
        pybullet.changeDynamics(
            plane,
            -1,
            contactStiffness=settings.plane_stiffness,
            contactDamping=settings.plane_damping,
            physicsClientId=connection,
        )
    return plane


def disarm(connection: int, body: int, joints: int) -> None:
    """Switch off what PyBullet switches on by itself."""
    for index in range(-1, joints):
        pybullet.changeDynamics(
            body,
            index,
            linearDamping=0.0,
            angularDamping=0.0,
            jointDamping=0.0,
            maxJointVelocity=NO_VELOCITY_CLIP,
            activationState=pybullet.ACTIVATION_STATE_DISABLE_SLEEPING,
            physicsClientId=connection,
        )
    zeros = [0.0] * joints
    if joints:
        pybullet.setJointMotorControlArray(
            body,
            range(joints),
            pybullet.VELOCITY_CONTROL,
            targetVelocities=zeros,
            forces=zeros,
            physicsClientId=connection,
        )


def set_moments(model: RigidModel, connection: int, body: int) -> None:
    """Give every link its own principal moments; Bullet's loader zeroes those it finds impossible."""
    for link, index in link_indices(model, connection, body):
        moments, _ = principal_axes(link.inertia)
        if moments.min() < -1e-9 * max(float(moments.sum()), 0.0) or not np.isfinite(moments).all():
            raise RobotError(
                f"{model.name}: link '{link.name}' has moments {moments} kg·m²; expected none negative"
            )
        pybullet.changeDynamics(
            body, index, localInertiaDiagonal=np.maximum(moments, 0.0).tolist(), physicsClientId=connection
        )


def link_indices(model: RigidModel, connection: int, body: int) -> list[tuple[Link, int]]:
    """Every link with PyBullet's index of it; the root is -1."""
    links = {link.name: link for link in model.links}
    pairs = [(links[model.root], -1)]
    for index in range(pybullet.getNumJoints(body, physicsClientId=connection)):
        name = pybullet.getJointInfo(body, index, physicsClientId=connection)[12].decode()
        pairs.append((links[name], index))
    return pairs


def grounded(model: RigidModel) -> RigidModel:
    """The model with a weightless root: what is fixed needs no inertia.

    PyBullet's inverse dynamics takes gravity in the root's inertial frame, which must then be its link frame.
    """
    root = model.link(model.root)
    return model.with_link(replace(root, mass=0.0, com=np.zeros(3), inertia=np.zeros((3, 3))))
