"""The arm as efforts see it: its chain, driven joints, rotors, and what a unit of torque reads as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.effort.inertia import made_physical
from hybridsim.errors import RobotError, StudyError, listed
from hybridsim.physics.chain import Chain, chain_of, parameters_of, with_parameters
from hybridsim.physics.edits import with_collision, with_locked
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import RigidModel
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot
from hybridsim.study import EffortRule


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What is known before any log is read.

    Attributes:
        signal: `joint_effort` or `motor_current`.
        unit: of the signal.
        joints: driven joints, in the order of the drives.
        links: names of the bodies, in the chain's order.
        chain: with the URDF's inertial parameters.
        physical: the same, made physical: what identification starts from [parameter].
        stated: per body, whether the URDF states a physical inertia for it.
        gain: signal per torque [unit/(N*m)]; NaN where nothing states it.
        free_gain: whether identification may change it.
        armature: rotor inertia that robot.toml states [kg*m^2].
        gear_ratio: turns of the rotor for one of the joint.
        sign: of each joint against the URDF's.
        coupled: pairs of places; the second's motor turns with both.
    """

    signal: str
    unit: str
    joints: tuple[str, ...]
    links: tuple[str, ...]
    chain: Chain
    physical: Float[np.ndarray, " parameter"]
    stated: tuple[bool, ...]
    gain: Float[np.ndarray, " joint"]
    free_gain: tuple[bool, ...]
    armature: Float[np.ndarray, " joint"]
    gear_ratio: Float[np.ndarray, " joint"]
    sign: Float[np.ndarray, " joint"]
    coupled: tuple[tuple[int, int], ...]

    def with_inertias(self, theta: Float[np.ndarray, " parameter"]) -> Chain:
        """The chain carrying other bodies."""
        return with_parameters(self.chain, theta)


def arm_of(robot: Robot, signal: str, rule: EffortRule) -> Arm:
    """Read robot.toml and URDF; moving joints without a drive are locked at zero.

    Raises:
        RobotError: the base floats, or no joint has a drive.
        StudyError: a coupled motor names no driven joint.
    """
    if robot.urdf.base != "fixed" or not robot.drives:
        raise RobotError(
            f"robots/{robot.name}: base is '{robot.urdf.base}', {len(robot.drives)} drives; efforts are "
            "predicted for a fixed base with at least one drive"
        )
    joints = [robot.joint(drive.joint) for drive in robot.drives]
    model = with_collision(merge_fixed(load_urdf(robot.urdf_path())), False)
    driven = [joint.urdf_joint for joint in joints]
    model = merge_fixed(
        with_locked(model, {j.name: 0.0 for j in model.moving_joints if j.name not in driven})
    )
    chain = chain_of(model, driven)
    links = _links(model, chain, driven)
    physical, stated = made_physical(parameters_of(chain), chain)
    gain, free = _gains(robot, signal, rule)
    return Arm(
        signal=signal,
        unit="N*m" if signal == "joint_effort" else "A",
        joints=tuple(joint.name for joint in joints),
        links=links,
        chain=chain,
        physical=physical,
        stated=stated,
        gain=gain,
        free_gain=free,
        armature=np.array([drive.armature.value for drive in robot.drives]),
        gear_ratio=np.array([drive.gear_ratio.value for drive in robot.drives]),
        sign=np.array([joint.sign for joint in joints], float),
        coupled=_coupled(robot, [joint.name for joint in joints], rule),
    )


def _links(model: RigidModel, chain: Chain, driven: Sequence[str]) -> tuple[str, ...]:
    """The child link of each of the chain's bodies."""
    return tuple(model.joint(driven[int(dof)]).child for dof in chain.dof)


def _gains(robot: Robot, signal: str, rule: EffortRule) -> tuple[np.ndarray, tuple[bool, ...]]:
    """Signal per torque as stated, and whether it is free."""
    gains, free = [], []
    for drive in robot.drives:
        constant = drive.torque_constant
        known = 1.0 if signal == "joint_effort" else 1.0 / constant.value if constant else np.nan
        gains.append(known)
        free.append(rule.gain == "free" or (rule.gain == "auto" and not np.isfinite(known)))
        if rule.gain == "held" and not np.isfinite(known):
            raise StudyError(
                f"effort.gain is 'held', but the drive of {drive.joint} in robots/{robot.name} states no "
                "torque_constant; give it, or let gain be 'auto'"
            )
    return np.array(gains), tuple(free)


def _coupled(robot: Robot, joints: list[str], rule: EffortRule) -> tuple[tuple[int, int], ...]:
    for name in (name for pair in rule.coupled_motors for name in pair):
        if name not in joints:
            raise StudyError(
                f"effort.coupled_motors: '{name}' has no drive in robots/{robot.name}; "
                f"available: {listed(joints)}"
            )
    return tuple((joints.index(a), joints.index(b)) for a, b in rule.coupled_motors)
