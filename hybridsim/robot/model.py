"""The pydantic models of robot.toml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from hybridsim.errors import RobotError
from hybridsim.robot.contact import ContactPrior, Touching
from hybridsim.robot.quantity import (
    Inertia,
    NewtonMetres,
    NewtonMetresPerAmpere,
    Ohms,
    PerRadian,
    Quantity,
    Radians,
    RadiansPerSecond,
    Ratio,
    Seconds,
    SecondsPerRadian,
    Volts,
)
from hybridsim.robot.table import Name, Table
from hybridsim.robot.tool import Tool


class UrdfSource(Table):
    """Where the rigid bodies come from.

    Attributes:
        package: `example-robot-data`, or None for a URDF beside robot.toml.
        path: relative to the package's robots, or to robot.toml's folder; may not leave it.
        base: whether the first link is bolted down.
        source: where the URDF came from and under which licence.
    """

    package: Literal["example-robot-data"] | None = None
    path: str
    base: Literal["fixed", "floating"]
    source: str


class Joint(Table):
    """A joint under the project's name.

    URDF angle = sign * joint angle + offset; limits are of the joint angle.
    """

    name: Name
    urdf_joint: str
    sign: Literal[1, -1]
    sign_source: str
    offset: Radians
    lower: Radians
    upper: Radians
    velocity_limit: RadiansPerSecond
    effort_limit: NewtonMetres


class Drive(Table):
    """What moves a joint.

    Attributes:
        joint: the joint it moves.
        model: product name; keys missing here come from `[drive_model.<model>]`.
        coupling: `motion` for a stiff geared servo that the body follows, `effort` for a torque on the joint.
        command: signal that commands it.
        measured: signal that measures the same quantity, or `joint_effort` for drives that put an effort on
            the joint and measure it, whatever commands them.
        position_loop: what a commanded position sets: the winding's `voltage`, as in a servo, or an `effort`
            that a loop of currents follows.
        gear_ratio: turns of the rotor for one of the output [1].
        armature: rotor inertia reflected to the output [kg*m^2].
        stall_effort: at the output, at the rated voltage [N*m].
        no_load_speed: at the output, at the rated voltage [rad/s].
        rated_voltage: voltage of the two values above [V].
        command_scale: joint angle [rad] = command_scale * signal + command_offset.
        command_offset: see command_scale [rad].
        position_gain_per_register: share of the supply voltage, or of the stall effort, per rad of error and
            register count [1/rad].
        velocity_gain: the same share per speed [s/rad].
        position_gain_register: the register's value where a log does not give it [1].
        duty_limit: largest share of the supply voltage that the drive applies [1].
        torque_constant: at the output, gears included [N*m/A].
        resistance: of the winding [ohm].
        control_period: of the drive's own loop [s].
    """

    joint: Name
    model: str
    coupling: Literal["motion", "effort"]
    command: Name
    measured: Name
    gear_ratio: Ratio
    armature: Inertia
    stall_effort: NewtonMetres
    no_load_speed: RadiansPerSecond
    rated_voltage: Volts
    command_scale: Quantity
    command_offset: Radians
    position_loop: Literal["voltage", "effort"] = "voltage"
    position_gain_per_register: PerRadian | None = None
    velocity_gain: SecondsPerRadian | None = None
    position_gain_register: Ratio | None = None
    duty_limit: Ratio | None = None
    torque_constant: NewtonMetresPerAmpere | None = None
    resistance: Ohms | None = None
    control_period: Seconds | None = None

    @property
    def stiffness(self) -> float | None:
        """Effort per error of a position loop that asks for effort [N*m/rad]; None for others."""
        if self.position_loop != "effort" or self.position_gain_per_register is None:
            return None
        return self.position_gain_per_register.value * self.stall_effort.value

    @property
    def damping(self) -> float:
        """Effort per speed of the same loop; 0 for one that does not see speed [N*m*s/rad]."""
        return 0.0 if self.velocity_gain is None else self.velocity_gain.value * self.stall_effort.value

    @model_validator(mode="after")
    def _scale_has_a_unit_of_angle(self) -> Drive:
        if self.command_scale.unit not in ("1", "rad"):
            raise ValueError(
                f"command_scale: unit is '{self.command_scale.unit}', "
                "expected '1' (rad to rad) or 'rad' (0..1 to rad)"
            )
        return self


class Encoder(Table):
    """What measures a joint's angle: `resolution` is one count [rad]; `parameters` as a sensor has them."""

    joint: Name
    resolution: Radians
    velocity_resolution: RadiansPerSecond | None = None
    parameters: dict[Name, Quantity] = Field(default_factory=dict, max_length=200)


IN_DRIVES = ("current", "torque", "duty")


class Sensor(Table):
    """Any other sensor: an IMU on a link, a force sensor in a foot, a current sensor in a drive.

    Attributes:
        name: unique; parameters are called `sensor.<name>.<parameter>`.
        kind: what it measures.
        link: of the URDF, whose frame it measures in; of all kinds but those in drives.
        joint: whose drive it sits in; of `current`, `torque` and `duty`.
        parameters: priors by name, see hybridsim.sensors.parameters; what is not given errs in no way.
        source: where it is said that there is one.
    """

    name: Name
    kind: Literal["imu", "force", "wrench", "contact", "current", "torque", "duty", "pose", "odometry"]
    link: str | None = None
    joint: Name | None = None
    parameters: dict[Name, Quantity] = Field(default_factory=dict, max_length=200)
    source: str

    @model_validator(mode="after")
    def _is_somewhere(self) -> Sensor:
        wanted, other = ("joint", "link") if self.kind in IN_DRIVES else ("link", "joint")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"sensor {self.name} of kind '{self.kind}': expected a {wanted} and no {other}")
        return self


class Payload(Table):
    """A point mass that a log's constants put on a link.

    The mass `mass_constant` [kg] sits `length_constant` [m] along `axis` from the link's origin.
    """

    link: str
    mass_constant: Name
    length_constant: Name
    axis: tuple[float, float, float]
    source: str


class RigidBody(Table):
    """How the rigid-body engine treats this robot."""

    timestep: Seconds
    reflected_inertia: Literal["drive", "link", "none"]
    source: str

    @model_validator(mode="after")
    def _timestep_can_be_stepped(self) -> RigidBody:
        if not 1e-6 <= self.timestep.value <= 0.1:
            raise ValueError(f"timestep: is {self.timestep.value:g} s, expected 1e-06 to 0.1 s")
        return self


class Robot(Table):
    """A design: joints, drives, encoders, sensors and the URDF they belong to.

    A rigid body without joints is one too, as long as its base is free to move.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: Name
    description: str
    urdf: UrdfSource
    joints: tuple[Joint, ...] = Field(alias="joint", default=())
    drives: tuple[Drive, ...] = Field(alias="drive", default=())
    encoders: tuple[Encoder, ...] = Field(alias="encoder", default=())
    sensors: tuple[Sensor, ...] = Field(alias="sensor", default=())
    payloads: tuple[Payload, ...] = Field(alias="payload", default=())
    rigid_body: RigidBody
    contact: ContactPrior | None = None
    touch: Touching | None = None
    tool: Tool | None = None

    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="before")
    @classmethod
    def _spread_drive_models(cls, data: Any) -> Any:
        """Give every drive the values of its `[drive_model.<model>]` table."""
        if not isinstance(data, dict) or "drive_model" not in data:
            return data
        data = dict(data)
        shared = data.pop("drive_model")
        if isinstance(shared, dict) and isinstance(data.get("drive"), list):
            data["drive"] = [_with_model(drive, shared) for drive in data["drive"]]
        return data

    @model_validator(mode="after")
    def _names_are_unique(self) -> Robot:
        sensors = [sensor.name for sensor in self.sensors]
        for word, names in (("joint", self.joint_names), ("sensor", sensors)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{word} {', '.join(twice)} is given twice")
        return self

    @model_validator(mode="after")
    def _something_moves(self) -> Robot:
        if self.urdf.base == "fixed" and not self.joints:
            raise ValueError(
                "no [[joint]] and urdf.base is 'fixed': nothing can move; expected a [[joint]], or base = "
                "'floating'"
            )
        return self

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of all joints, in robot.toml's order."""
        return tuple(joint.name for joint in self.joints)

    def commanded(self, signal: str) -> Robot:
        """The same robot where another signal commands every drive, such as `joint_effort_command`."""
        drives = tuple(drive.model_copy(update={"command": signal}) for drive in self.drives)
        return self.model_copy(update={"drives": drives})

    @property
    def folder(self) -> Path:
        """Where robot.toml lies."""
        return self._folder

    def joint(self, name: str) -> Joint:
        """The joint of this name, or a RobotError that lists the names there are."""
        for joint in self.joints:
            if joint.name == name:
                return joint
        raise RobotError(f"robot {self.name}: no joint '{name}'; available: {_in_order(self.joint_names)}")

    def drive(self, joint: str) -> Drive:
        """The drive of a joint, or a RobotError that lists the joints that have one."""
        for drive in self.drives:
            if drive.joint == joint:
                return drive
        driven = _in_order(drive.joint for drive in self.drives)
        raise RobotError(f"robot {self.name}: joint '{joint}' has no drive; joints with one: {driven}")

    def urdf_path(self) -> Path:
        """The URDF file, or a RobotError that says how to get it."""
        from hybridsim.robot.load import find_urdf

        return find_urdf(self)


def _in_order(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _with_model(drive: Any, shared: dict[str, Any]) -> Any:
    if not isinstance(drive, dict):
        return drive
    model = shared.get(drive.get("model", ""), {})
    return {**model, **drive} if isinstance(model, dict) else drive
