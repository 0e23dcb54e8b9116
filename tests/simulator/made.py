"""Simulators that tests and benchmarks share: prior values, and networks that add something (synthetic)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.networks.contract import FeatureScaling, GroupScaling, NetworkContract, NetworkSpec
from hybridsim.networks.inference import Networks, initial_layers
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.residual import residual_spec

# Standing joint positions of ANYmal C by the end of a joint's name [rad], and its base's height [m].
STANCE = {"HAA": 0.0, "F_HFE": 0.4, "F_KFE": -0.8, "H_HFE": -0.4, "H_KFE": 0.8}
HEIGHT = 0.56


def stance(joints: tuple[str, ...]) -> np.ndarray:
    """ANYmal's standing joint positions [rad]."""
    return np.array([next(v for k, v in STANCE.items() if name.endswith(k)) for name in joints])


def random_networks(spec: NetworkSpec, bound: float, seed: int = 0) -> Networks:
    """Untrained networks, last layer random too: they add up to `bound` and mean nothing. Synthetic."""
    features = tuple(
        FeatureScaling(feature=name, center=0.0, scale=1.0, low=-100.0, high=100.0, fade=10.0)
        for name in spec.feature_names
    )
    contract = NetworkContract(
        **spec.model_dump(),
        scaling=tuple(
            GroupScaling(group=group, bound=bound, output_scale=bound, features=features)
            for group in spec.groups
        ),
        weights=f"{spec.name}.safetensors",
        sha256="0" * 64,
    )
    weights, biases = initial_layers(contract.layer_sizes, (len(spec.groups), spec.ensemble), seed)
    last = np.random.default_rng(seed).uniform(-0.3, 0.3, weights[-1].shape).astype(np.float32)
    return Networks(contract, (*weights[:-1], last), biases)


def residual(robot: Robot, *, period: float, bound: float, members: int = 2) -> Networks:
    """Random networks in the shape of a robot's residual."""
    spec = residual_spec(
        robot,
        period=period,
        history=(0.0, 2 * period, 4 * period),
        memory=(0.1,),
        hidden=(32, 32),
        members=members,
    )
    return random_networks(spec, bound)


def arm(
    *,
    worlds: int = 1,
    plane: bool = True,
    networks: bool | Networks = True,
    values: Mapping[str, float] | None = None,
) -> HybridSim:
    """SO-101 at its priors with some delay, friction and backlash, the ground below its base."""
    robot = load_robot("so101")
    found = {p.name: p.value for p in offered(robot)}
    for joint in robot.joint_names:
        found[f"drive.{joint}.delay"] = 0.013
        found[f"drive.{joint}.motor_coulomb"] = 0.05
        found[f"drive.{joint}.velocity_gain"] = 0.02
    found |= {"world.plane_height": -0.05, "world.plane_stiffness": 5e3, "world.plane_friction": 0.1}
    return HybridSim(
        robot,
        found | dict(values or {}),
        SimulationSettings(physics_timestep_s=0.005, rate_hz=50.0, plane=plane),
        worlds=worlds,
        networks=residual(robot, period=0.02, bound=0.01) if networks is True else networks or None,
    )


def walker(
    *,
    worlds: int = 1,
    networks: bool = True,
    friction: float = 0.5,
    bound: float = 2.0,
    period: float = 0.005,
) -> HybridSim:
    """ANYmal C over ground at 400 Hz: dry friction [N*m], networks of `bound` [N*m] every `period` [s]."""
    robot = load_robot("anymal_c").commanded("joint_effort_command")
    values = {p.name: p.value for p in offered(robot)}
    values |= {f"drive.{name}.motor_coulomb": friction for name in robot.joint_names}
    return HybridSim(
        robot,
        values,
        SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0, plane=True),
        worlds=worlds,
        networks=residual(robot, period=period, bound=bound, members=5) if networks else None,
    )
