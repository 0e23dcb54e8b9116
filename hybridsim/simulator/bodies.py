"""Which rigid worlds a simulator steps: carried ones for servos, pushed ones for drives that give efforts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.parameters import has_law, law_of
from hybridsim.contacts.points import endless
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.model import Contact, RigidModel
from hybridsim.robot import Robot
from hybridsim.simulator.body import body_of
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.residual import coupled_by_motion
from hybridsim.simulator.touch_points import points_of

GRAVITY = 9.81


def rigid_worlds(
    robot: Robot,
    values: Mapping[str, float],
    settings: SimulationSettings,
    worlds: int,
    constants: Mapping[str, float],
) -> BulletWorlds | CarriedBodies:
    """Worlds of a robot as a calibration and a log's constants describe it; collisions only over ground."""
    fixed, motion = robot.urdf.base == "fixed", coupled_by_motion(robot)
    model = with_limits(body_of(robot, values, constants), False)
    if has_law(values) and not fixed:
        return on_law(robot, model, values, settings, worlds)
    geared = not motion and fixed and not settings.plane
    world = WorldSettings(
        timestep=settings.physics_timestep_s,
        base=robot.urdf.base,
        plane=settings.plane,
        plane_height=values.get("world.plane_height", 0.0) if fixed else 0.0,
        plane_friction=values.get("world.plane_friction", 1.0),
        plane_stiffness=values.get("world.plane_stiffness", 0.0) if fixed else 0.0,
        armature=tuple(_armature(values, name) for name in robot.joint_names) if geared else None,
    )
    joints = [joint.urdf_joint for joint in robot.joints]
    if motion:
        return CarriedBodies(model, joints, worlds, world)
    model = with_hulls(with_prior_contact(robot, model)) if settings.plane else with_collision(model, False)
    return BulletWorlds(model, joints, worlds, world)


def on_law(
    robot: Robot, model: RigidModel, values: Mapping[str, float], settings: SimulationSettings, worlds: int
) -> BulletWorlds:
    """Floating worlds without a plane: `ground_of` puts the ground under them."""
    world = WorldSettings(
        timestep=settings.physics_timestep_s,
        base="floating",
        gravity=(0.0, 0.0, -values.get("world.gravity", GRAVITY)),
    )
    bare, joints = with_collision(model, False), [joint.urdf_joint for joint in robot.joints]
    return BulletWorlds(bare, joints, worlds, world)


def ground_of(
    robot: Robot, values: Mapping[str, float], constants: Mapping[str, float], worlds: BulletWorlds
) -> GroundContacts:
    """The ground of an identified law, one endless patch at `ground.height`."""
    model = body_of(robot, values, constants)
    patch = endless(law_of(values), values.get("ground.height", 0.0))
    return GroundContacts(model, worlds, points_of(model, values), [patch] * worlds.worlds)


def with_prior_contact(robot: Robot, model: RigidModel) -> RigidModel:
    """The model with the contact parameters of robot.toml on every link; unchanged without."""
    prior = robot.contact
    if prior is None:
        return model
    contact = Contact(
        lateral_friction=prior.friction.value, stiffness=prior.stiffness.value, damping=prior.damping.value
    )
    for link in model.links:
        model = model.with_link(replace(link, contact=contact))
    return model


def _armature(values: Mapping[str, float], joint: str) -> float:
    """The rotor's inertia that the joint carries [kg*m^2]: none behind a spring, where the drive has it."""
    behind_spring = values.get(f"drive.{joint}.stiffness", 0.0) > 0.0
    return 0.0 if behind_spring else values.get(f"drive.{joint}.armature", 0.0)
