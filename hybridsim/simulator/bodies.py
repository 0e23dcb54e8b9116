"""Which rigid worlds a simulator steps: carried ones for servos, pushed ones for drives that give efforts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.parameters import has_law, law_of
from hybridsim.contacts.points import Patches, endless
from hybridsim.errors import SimulationError
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.hidden import without_hidden
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.model import Contact, RigidModel
from hybridsim.physics.terrain import Terrain
from hybridsim.robot import Robot
from hybridsim.simulator.body import body_of
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.residual import coupled_by_motion
from hybridsim.simulator.surfaces import Surface, patches_of
from hybridsim.simulator.touch_points import points_of

GRAVITY = 9.81


def rigid_worlds(
    robot: Robot,
    values: Mapping[str, float],
    settings: SimulationSettings,
    worlds: int,
    constants: Mapping[str, float],
    *,
    surfaces: Sequence[Surface] = (),
    own: Sequence[Mapping[str, float]] = (),
    terrains: Sequence[Terrain] = (),
) -> BulletWorlds | CarriedBodies:
    """Worlds of a robot as a calibration and a log's constants describe it; collisions only over ground.

    Where worlds have parameters of their `own`, one set a world, the robot has to float.
    """
    fixed, motion = robot.urdf.base == "fixed", coupled_by_motion(robot)
    if fixed and (surfaces or terrains):
        raise SimulationError(f"robots/{robot.name}: base is fixed; expected no surfaces and no terrain")
    model = with_limits(body_of(robot, values, constants), False)
    if not fixed and (surfaces or has_law(values)):
        return on_law(robot, models_of(robot, values, constants, own or [{}] * worlds), values, settings)
    assert not (own and fixed), "worlds differ where the robot floats"
    geared = not motion and fixed and not settings.plane
    world = WorldSettings(
        timestep=settings.physics_timestep_s,
        base=robot.urdf.base,
        plane=settings.plane or bool(terrains),
        plane_height=values.get("world.plane_height", 0.0) if fixed else 0.0,
        plane_friction=values.get("world.plane_friction", 1.0) if fixed else 1.0,
        plane_stiffness=values.get("world.plane_stiffness", 0.0) if fixed else 0.0,
        armature=tuple(_armature(values, name) for name in robot.joint_names) if geared else None,
    )
    joints = [joint.urdf_joint for joint in robot.joints]
    if motion:
        return CarriedBodies(model, joints, worlds, world)
    if not world.plane:
        return BulletWorlds(with_collision(model, False), joints, worlds, world)
    if fixed:
        return BulletWorlds(with_hulls(with_prior_contact(robot, model)), joints, worlds, world)
    even = not any(terrain.roughness > 0.0 for terrain in terrains)
    models = touching_models(robot, values, constants, own or [{}], even) * (1 if own else worlds)
    return BulletWorlds(models, joints, worlds, world, terrains)


def touching_models(
    robot: Robot,
    values: Mapping[str, float],
    constants: Mapping[str, float],
    own: Sequence[Mapping[str, float]],
    even: bool,
) -> list[RigidModel]:
    """The robot in every world as PyBullet lets it touch things; the same object where nothing differs.

    Where the ground is even, without shapes that it never meets first.
    """
    known: dict[tuple[tuple[str, float], ...], RigidModel] = {}
    for one in own:
        if (key := tuple(one.items())) not in known:
            model = with_limits(body_of(robot, {**values, **one}, constants), False)
            touching = with_hulls(with_prior_contact(robot, model) if robot.contact else on_its_ground(model))
            known[key] = without_hidden(touching) if even else touching
    return [known[tuple(one.items())] for one in own]


def models_of(
    robot: Robot,
    values: Mapping[str, float],
    constants: Mapping[str, float],
    own: Sequence[Mapping[str, float]],
) -> list[RigidModel]:
    """The robot in every world, without collisions or limits; the same object where nothing differs."""
    known: dict[tuple[float, ...], RigidModel] = {}
    for one in own:
        if (key := tuple(one.values())) not in known:
            body = body_of(robot, {**values, **one}, constants)
            known[key] = with_collision(with_limits(body, False), False)
    return [known[tuple(one.values())] for one in own]


def on_law(
    robot: Robot, models: Sequence[RigidModel], values: Mapping[str, float], settings: SimulationSettings
) -> BulletWorlds:
    """Floating worlds without a plane: `ground_of` puts the ground under them."""
    world = WorldSettings(
        timestep=settings.physics_timestep_s,
        base="floating",
        gravity=(0.0, 0.0, -values.get("world.gravity", GRAVITY)),
    )
    joints = [joint.urdf_joint for joint in robot.joints]
    return BulletWorlds(models, joints, len(models), world)


def ground_of(
    robot: Robot,
    values: Mapping[str, float],
    constants: Mapping[str, float],
    worlds: BulletWorlds | CarriedBodies,
    surfaces: Sequence[Surface] = (),
    own: Sequence[Mapping[str, float]] = (),
    networks: Networks | None = None,
) -> GroundContacts | None:
    """The ground that `on_law` leaves to us: the surfaces, else one endless patch of the identified law."""
    known = has_law(values)
    if not isinstance(worlds, BulletWorlds) or worlds.base is None or not (surfaces or known):
        return None
    sets = [{**values, **one} for one in own] or [values]
    models = [body_of(robot, one, constants) for one in sets]
    points = [points_of(model, one, robot.touch) for model, one in zip(models, sets, strict=True)]
    patches = [ground_under(surfaces, one) for one in sets]
    times = worlds.worlds // len(sets)
    return GroundContacts(models * times, worlds, points * times, patches * times, networks)


def ground_under(surfaces: Sequence[Surface], values: Mapping[str, float]) -> Patches:
    """The surfaces, else one endless patch of the identified law."""
    if surfaces:
        return patches_of(surfaces, values)
    return endless(law_of(values), values.get("ground.height", 0.0))


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


def on_its_ground(model: RigidModel) -> RigidModel:
    """The model with friction of one, so that the ground's is that of both: Bullet multiplies them."""
    for link in model.links:
        model = model.with_link(replace(link, contact=replace(link.contact, lateral_friction=1.0)))
    return model


def _armature(values: Mapping[str, float], joint: str) -> float:
    """The rotor's inertia that the joint carries [kg*m^2]: none behind a spring, where the drive has it."""
    behind_spring = values.get(f"drive.{joint}.stiffness", 0.0) > 0.0
    return 0.0 if behind_spring else values.get(f"drive.{joint}.armature", 0.0)
