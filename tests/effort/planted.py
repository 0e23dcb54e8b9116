"""An arm of any number of joints with planted bodies, rotors, friction and sensors, and its logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hybridsim.effort.arm import Arm, arm_of
from hybridsim.effort.inertia import TEN, about_centre, from_smooth, to_smooth
from hybridsim.effort.motion import Motion
from hybridsim.log import Log, LogDraft, LogStore, Signal, log_of
from hybridsim.physics.kernel import inverse_dynamics
from hybridsim.robot import load_robot
from hybridsim.study import EffortRule

START_NS = 1_700_000_000_000_000_000
DRIVE = """
[[drive]]
joint = "axis_{n}"
model = "made up"
coupling = "effort"
command = "joint_effort_command"
measured = "joint_position"
gear_ratio = {{ value = 1.0, unit = "1", source = "chosen, because no ripple is planted" }}
armature = {{ value = 0.0, unit = "kg*m^2", source = "not known" }}
stall_effort = {{ value = 100.0, unit = "N*m", source = "made up" }}
no_load_speed = {{ value = 3.0, unit = "rad/s", source = "made up" }}
rated_voltage = {{ value = 48.0, unit = "V", source = "made up" }}
command_scale = {{ value = 1.0, unit = "1", source = "made up" }}
command_offset = {{ value = 0.0, unit = "rad", source = "made up" }}
{constant}
"""
JOINT = """
[[joint]]
name = "axis_{n}"
urdf_joint = "j{n}"
sign = {sign}
sign_source = "made up"
offset = {{ value = {offset}, unit = "rad", source = "made up" }}
lower = {{ value = -3.2, unit = "rad", source = "made up" }}
upper = {{ value = 3.2, unit = "rad", source = "made up" }}
velocity_limit = {{ value = 10.0, unit = "rad/s", source = "made up" }}
effort_limit = {{ value = 1000.0, unit = "N*m", source = "made up" }}

[[encoder]]
joint = "axis_{n}"
resolution = {{ value = 0.0001, unit = "rad", source = "made up" }}
"""
HEAD = """schema = 1
name = "planted"
description = "SYNTHETIC arm"

[urdf]
path = "planted.urdf"
base = "fixed"
source = "made up"

[rigid_body]
timestep = { value = 0.002, unit = "s", source = "made up" }
reflected_inertia = "drive"
source = "made up"
"""


@dataclass
class Planted:
    """The arm on disk and what is true of it.

    Attributes:
        folder: holds robot.toml and the URDF, whose inertias are off by half or missing.
        joints: how many.
        constants: torque constant of each drive [N*m/A], stated in robot.toml where `stated`.
        stated: whether robot.toml states the torque constants.
        missing: whether the URDF has no inertias at all.
        coulomb: dry friction [N*m].
        delay_s: how much later than the motion efforts are stamped.
    """

    folder: Path
    joints: int = 3
    stated: bool = True
    missing: bool = False
    constants: np.ndarray = field(init=False)
    coulomb: np.ndarray = field(init=False)
    viscous: np.ndarray = field(init=False)
    armature: np.ndarray = field(init=False)
    offset: np.ndarray = field(init=False)
    delay_s: float = 0.0
    speed: float = 0.02

    def __post_init__(self) -> None:
        random = np.random.default_rng(7)
        self.constants = random.uniform(0.5, 3.0, self.joints)
        self.coulomb = random.uniform(0.5, 2.0, self.joints)
        self.viscous = random.uniform(0.2, 1.0, self.joints)
        self.armature = random.uniform(0.05, 0.3, self.joints)
        self.offset = random.uniform(-0.3, 0.3, self.joints)
        self.signs = np.where(np.arange(self.joints) % 2, -1, 1)
        self.offsets = np.where(np.arange(self.joints) % 3, 0.0, 0.2)
        self._write(random)
        self.arm: Arm = arm_of(load_robot(self.folder), "joint_effort", EffortRule())
        smooth = to_smooth(self.arm.physical.reshape(-1, TEN))
        smooth[:, 0] += random.uniform(-0.4, 0.4, self.joints)  # up to half heavier or lighter than it says
        smooth[:, 1:4] += random.uniform(-0.2, 0.2, (self.joints, 3))
        smooth[:, 7:] += random.uniform(-0.03, 0.03, (self.joints, 3))
        self.theta = from_smooth(smooth).ravel()

    def truth(self) -> Mapping[str, np.ndarray]:
        """Planted masses and inertias as a URDF would state them, by link."""
        stated = about_centre(self.theta.reshape(-1, TEN))
        return dict(zip(self.arm.links, stated, strict=True))

    def motion(self, seed: int, seconds: float = 20.0, rate: float = 100.0) -> dict[str, np.ndarray]:
        """Waves of every joint, in the URDF's joints, and the torque that they need."""
        random = np.random.default_rng(seed)
        time = np.arange(round(seconds * rate)) / rate
        q, v, a = np.zeros((3, len(time), self.joints))
        for _ in range(4):
            w = 2 * np.pi * random.uniform(0.1, 0.7, self.joints)
            size, phase = random.uniform(0.1, 0.5, self.joints), random.uniform(0, 6.28, self.joints)
            turn = w * (time[:, None] - self.delay_s * 0) + phase
            q += size * np.sin(turn)
            v += size * w * np.cos(turn)
            a -= size * w * w * np.sin(turn)
        dry = self.coulomb * np.tanh(v / self.speed)
        load = inverse_dynamics(self.arm.with_inertias(self.theta), q, v, a)
        torque = load + dry + self.viscous * v + self.armature * a
        return {"time": time, "q": q, "v": v, "a": a, "torque": torque}

    def log(self, seed: int, signal: str = "joint_effort", noise: float = 0.02, velocity: bool = True) -> Log:
        """A log in the robot's own joints, sensor noise on position and effort."""
        return log_of(self.draft(seed, signal, noise, velocity))

    def draft(
        self, seed: int, signal: str = "joint_effort", noise: float = 0.02, velocity: bool = True
    ) -> LogDraft:
        """The same before it has an id."""
        made, random = self.motion(seed), np.random.default_rng(seed + 1000)
        names = tuple(f"axis_{n}" for n in range(self.joints))
        effort = made["torque"] * self.signs
        unit = "N*m"
        if signal == "motor_current":
            effort, unit = effort / self.constants, "A"
        effort = effort + self.offset * self.signs
        effort = effort + noise * effort.std(axis=0) * random.normal(size=effort.shape)
        angle = (made["q"] - self.offsets) * self.signs + 1e-5 * random.normal(size=effort.shape)
        stamps = START_NS + (made["time"] * 1e9).round().astype(np.int64)
        late = stamps + round(self.delay_s * 1e9)
        signals = {
            "joint_position": Signal("joint_position", "rad", names, stamps, angle),
            signal: Signal(signal, unit, names, late, effort),
        }
        if velocity:
            speed = made["v"] * self.signs
            signals["joint_velocity"] = Signal("joint_velocity", "rad/s", names, stamps, speed)
        return LogDraft(robot="planted", serial="one", name=f"trajectory {seed}", signals=signals)

    def store(self, path: Path, seeds: Sequence[int], **kinds) -> Path:
        """A log store of some trajectories."""
        store = LogStore(path)
        for seed in seeds:
            store.add(self.draft(seed, **kinds))
        return path

    def _write(self, random: np.random.Generator) -> None:
        text = HEAD
        for n in range(self.joints):
            constant = (
                f'torque_constant = {{ value = {self.constants[n]}, unit = "N*m/A", source = "made up" }}'
            )
            text += JOINT.format(n=n, sign=self.signs[n], offset=self.offsets[n])
            text += DRIVE.format(n=n, constant=constant if self.stated else "")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "robot.toml").write_text(text)
        links, joints = ['<link name="base"/>'], []
        for n in range(self.joints):
            mass, inertia = random.uniform(1.0, 4.0), random.uniform(0.01, 0.03, 3)
            com = random.uniform(-0.1, 0.1, 3)
            inertia[2] = 0.9 * (inertia[0] + inertia[1])
            body = (
                f'<inertial><origin xyz="{com[0]} {com[1]} {com[2]}"/><mass value="{mass}"/>'
                f'<inertia ixx="{inertia[0]}" iyy="{inertia[1]}" izz="{inertia[2]}" ixy="0" ixz="0" iyz="0"/>'
                "</inertial>"
            )
            links.append(f'<link name="l{n}">{"" if self.missing else body}</link>')
            axis = ("0 0 1", "0 1 0", "1 0 0")[n % 3]
            step = random.uniform(0.1, 0.3, 3)
            joints.append(
                f'<joint name="j{n}" type="continuous"><parent link="{f"l{n - 1}" if n else "base"}"/>'
                f'<child link="l{n}"/><origin xyz="{step[0]} {step[1]} {step[2]}"/><axis xyz="{axis}"/>'
                "</joint>"
            )
        (self.folder / "planted.urdf").write_text(
            f'<robot name="planted">{"".join(links)}{"".join(joints)}</robot>'
        )


def motion_rows(planted: Planted, seed: int) -> Motion:
    """A noiseless motion of the planted arm in the URDF's joints, torques beside it."""
    made = planted.motion(seed)
    return Motion(
        log_id=str(seed),
        name=str(seed),
        time_s=made["time"],
        period=float(made["time"][1]),
        position=made["q"],
        velocity=made["v"],
        effort=made["torque"] + planted.offset,
    )
