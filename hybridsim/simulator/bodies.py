"""Which rigid worlds a simulator steps: carried ones for servos, pushed ones for drives that give efforts."""

from __future__ import annotations

from collections.abc import Mapping

from hybridsim.calibration import SimulationSettings
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.hulls import with_hulls
from hybridsim.robot import Robot
from hybridsim.simulator.body import body_of
from hybridsim.simulator.residual import coupled_by_motion


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
    model = with_hulls(model) if settings.plane else with_collision(model, False)
    return BulletWorlds(model, joints, worlds, world)


def _armature(values: Mapping[str, float], joint: str) -> float:
    """The rotor's inertia that the joint carries [kg*m^2]: none behind a spring, where the drive has it."""
    behind_spring = values.get(f"drive.{joint}.stiffness", 0.0) > 0.0
    return 0.0 if behind_spring else values.get(f"drive.{joint}.armature", 0.0)
