"""A made-up leg whose drives push: its truth planted, logs from the simulator's own kernel. Synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from hybridsim.actuators import loop_of, offered
from hybridsim.actuators.parameters import drive_matrix
from hybridsim.log import LogDraft, LogStore, Signal
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.pushed import MotionPath, run_path

START_NS = 1_700_000_000_000_000_000
STEP = 0.0025
JOINTS = ("hip", "knee")
COUNT = 2e-5
"""Of the encoders [rad]."""
HELD = 8
"""Steps for which a command is held."""
TRUTH = {
    "delay": 0.0118,
    "position_gain": 1.3,
    "velocity_gain": 0.02,
    "motor_lag": 0.02,
    "motor_coulomb": 1.4,
    "motor_viscous": 0.8,
    "stiffness": 600.0,
    "armature": 0.04,
}
HEAD = """schema = 1
name = "leg"
description = "SYNTHETIC leg"

[urdf]
path = "leg.urdf"
base = "fixed"
source = "made up"

[rigid_body]
timestep = { value = 0.0025, unit = "s", source = "made up" }
reflected_inertia = "none"
source = "made up"

[drive_model.made]
coupling = "effort"
command = "joint_position_command"
measured = "joint_effort"
position_loop = "effort"
gear_ratio = { value = 50.0, unit = "1", source = "made up" }
armature = { value = 0.0, unit = "kg*m^2", source = "made up" }
stall_effort = { value = 60.0, unit = "N*m", source = "made up" }
no_load_speed = { value = 30.0, unit = "rad/s", source = "made up" }
rated_voltage = { value = 48.0, unit = "V", source = "made up" }
position_gain_per_register = { value = 1.0, unit = "1/rad", source = "made up" }
velocity_gain = { value = 0.03, unit = "s/rad", source = "made up" }
command_scale = { value = 1.0, unit = "1", source = "made up" }
command_offset = { value = 0.0, unit = "rad", source = "made up" }
"""
JOINT = """
[[joint]]
name = "{name}"
urdf_joint = "{name}"
sign = 1
sign_source = "made up"
offset = {{ value = 0.0, unit = "rad", source = "made up" }}
lower = {{ value = -3.2, unit = "rad", source = "made up" }}
upper = {{ value = 3.2, unit = "rad", source = "made up" }}
velocity_limit = {{ value = 20.0, unit = "rad/s", source = "made up" }}
effort_limit = {{ value = 60.0, unit = "N*m", source = "made up" }}

[[drive]]
joint = "{name}"
model = "made"
"""
LINK = """<link name="l{n}"><inertial><origin xyz="0 0 -0.15"/><mass value="2"/>
<inertia ixx="0.03" iyy="0.03" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="{name}" type="continuous"><parent link="{parent}"/><child link="l{n}"/>
<origin xyz="0 0 -0.3"/><axis xyz="0 1 0"/></joint>"""

Extra = Callable[[np.ndarray, np.ndarray], np.ndarray]


def leg(folder: Path, joints: Sequence[str] = JOINTS) -> Robot:
    """The robot, written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "robot.toml").write_text(HEAD + "".join(JOINT.format(name=name) for name in joints))
    parents = ["base", *(f"l{n}" for n in range(len(joints)))]
    links = "".join(LINK.format(n=n, name=name, parent=parents[n]) for n, name in enumerate(joints))
    (folder / "leg.urdf").write_text(f'<robot name="leg"><link name="base"/>{links}</robot>')
    return load_robot(folder)


def motion(seed: int, seconds: float, joints: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angle [rad], speed [rad/s] and command [rad] of every joint, [step joint]."""
    random = np.random.default_rng(seed)
    time = STEP * np.arange(round(seconds / STEP))
    angle, speed = np.zeros((2, len(time), joints))
    for _ in range(5):
        w = 2 * np.pi * random.uniform(0.2, 3.0, joints)
        size, phase = random.uniform(0.3, 0.8, joints) / w, random.uniform(0, 6.28, joints)
        angle += size * np.sin(w * time[:, None] + phase)
        speed += size * w * np.cos(w * time[:, None] + phase)
    jumps = random.normal(0.0, 0.12, (len(time) // HELD + 1, joints))
    return angle, speed, np.repeat(angle[::HELD] + jumps[: len(angle[::HELD])], HELD, axis=0)[: len(angle)]


def draft(
    robot: Robot,
    seed: int,
    truth: Mapping[str, float] = TRUTH,
    *,
    seconds: float = 8.0,
    noise: float = 0.1,
    extra: Extra | None = None,
    late: int = 0,
    offset: float = 0.0,
) -> LogDraft:
    """A log of drives with these true parameters.

    Args:
        robot: made by `leg`.
        seed: of motion and noise.
        truth: of every drive; the rest is at its prior.
        seconds: of motion.
        noise: of measured efforts, 1 sigma [N*m]; that of positions is 1e-4 rad of it a N*m.
        extra: effort that no parameter explains, from angle [rad] and speed [rad/s].
        late: samples by which commands are stamped later than they were sent.
        offset: that measured efforts read too much [N*m].
    """
    joints, random = len(robot.drives), np.random.default_rng(seed + 1000)
    angle, speed, command = motion(seed, seconds, joints)
    values = {p.name: p.value for p in offered(robot)}
    values |= {f"drive.{d.joint}.{name}": value for d in robot.drives for name, value in truth.items()}
    matrix = drive_matrix([drive.joint for drive in robot.drives], values)
    ones, first = np.ones(len(angle)), np.array([0, len(angle)])
    effort = np.empty_like(angle)
    for d, drive in enumerate(robot.drives):
        inputs = (command[:, d].copy(), angle[:, d].copy(), speed[:, d].copy())
        path = MotionPath(first, STEP * np.arange(len(angle)), *inputs, ones, 0 * ones, ones > 0)
        effort[:, d] = run_path(matrix[d], loop_of(drive), path, STEP)[0]
    if extra is not None:
        effort += extra(angle, speed)
    read = np.round((angle + 1e-3 * noise * random.normal(size=angle.shape)) / COUNT) * COUNT
    stamps = START_NS + np.round(STEP * 1e9 * np.arange(len(angle))).astype(np.int64)
    columns = {
        "joint_position_command": ("rad", command, stamps + late * round(STEP * 1e9)),
        "joint_position": ("rad", read, stamps),
        "joint_velocity": ("rad/s", speed + 0.1 * noise * random.normal(size=angle.shape), stamps),
        "joint_effort": ("N*m", effort + offset + noise * random.normal(size=angle.shape), stamps),
    }
    names = tuple(drive.joint for drive in robot.drives)
    signals = {name: Signal(name, unit, names, at, x) for name, (unit, x, at) in columns.items()}
    return LogDraft(robot="leg", serial="one", name=f"log {seed}", signals=signals)


def store(path: Path, robot: Robot, seeds: Sequence[int], **kinds) -> Path:
    """A log store of some seeds."""
    found = LogStore(path)
    for seed in seeds:
        found.add(draft(robot, seed, **kinds))
    return path
