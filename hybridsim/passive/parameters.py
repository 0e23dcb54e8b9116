"""Parameters that a study of passive bodies may identify: contact law, bodies, ground, scale of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hybridsim.calibration.variation import VARIES
from hybridsim.contacts.law import LAW, Coefficient
from hybridsim.parameters import Parameter
from hybridsim.physics.model import Link, RigidModel
from hybridsim.robot import ContactPrior, Quantity, Robot, Tool
from hybridsim.simulator.body import COM, bare_body
from hybridsim.study import ContactRule, Selection

GRAVITY = 9.81


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Scatter of the measurements: what a flight and a first state are worth against each other.

    Attributes:
        position: of a sample [m].
        angle: of a sample's orientation [rad].
        linear_velocity: of the first measured velocity [m/s].
        angular_velocity: of the first measured rate [rad/s].
    """

    position: float
    angle: float
    linear_velocity: float
    angular_velocity: float


def offered_passive(robot: Robot) -> list[Parameter]:
    """Every parameter, at the prior that robot.toml and URDF state."""
    model = bare_body(robot)
    links = [parameter for link in model.links if link.mass > 0 for parameter in _of_link(robot, link)]
    return [*_law(robot), *_tool_law(robot), *links, *_world()]


def is_passive(values: Mapping[str, float]) -> bool:
    """Whether a calibration's parameters describe a body that nothing drives."""
    return "contact.stiffness" in values and "data.velocity_lag" in values


def scatter_parameters(selection: Selection) -> list[Parameter]:
    """`varies.<name>` for every parameter that varies from log to log: its standard deviation."""
    units = {parameter.name: parameter.unit for parameter in selection.offered}
    return [
        Parameter(
            name=f"{VARIES}{name}",
            value=sigma,
            unit=units[name],
            low=0.0,
            high=100.0 * sigma,
            source="the study: standard deviation from log to log",
            identifiable=False,
        )
        for name, sigma in selection.varies.items()
    ]


NOISE = {
    "position": ("m", "position_noise_m"),
    "angle": ("rad", "angle_noise_rad"),
    "linear_velocity": ("m/s", "linear_velocity_noise_m_s"),
    "angular_velocity": ("rad/s", "angular_velocity_noise_rad_s"),
}
"""What `start.Noise` holds: unit, and the study's key."""


def noise_parameters(rule: ContactRule) -> list[Parameter]:
    """`noise.<what>`: how well the study says that states are measured."""
    return [
        Parameter(
            name=f"noise.{name}",
            value=getattr(rule, key),
            unit=unit,
            low=0.0,
            high=100.0 * getattr(rule, key),
            source="the study: scatter of the measurements",
            identifiable=False,
        )
        for name, (unit, key) in NOISE.items()
    ]


def noise_of(values: Mapping[str, float]) -> Noise:
    """How well states are measured, as a calibration keeps it."""
    return Noise(**{name: values[f"noise.{name}"] for name in NOISE})


def _law(robot: Robot) -> list[Parameter]:
    return [_coefficient("contact", one, _stated(robot.contact, one.name)) for one in LAW]


def _tool_law(robot: Robot) -> list[Parameter]:
    """Of what pushes, where something does: as [tool] states it, else as the ground's."""
    if robot.tool is None:
        return []
    found = []
    for one in LAW:
        stated = _stated(robot.tool, one.name) or _stated(robot.contact, one.name)
        # A body that is pushed stays at the tool rather than bouncing off it.
        calm = one._replace(value=0.0) if one.name == "restitution" else one
        found.append(_coefficient("tool", calm, stated))
    return found


def _stated(prior: ContactPrior | Tool | None, name: str) -> Quantity | None:
    """What robot.toml says of a coefficient."""
    return getattr(prior, name, None)


def _coefficient(group: str, one: Coefficient, stated: Quantity | None) -> Parameter:
    return Parameter(
        name=f"{group}.{one.name}",
        value=one.value if stated is None else stated.value,
        unit=one.unit,
        low=one.low,
        high=one.high,
        scale="log" if one.scale == "log" else "linear",
        source=f"chosen as a start: {one.meaning}" if stated is None else stated.source,
    )


def _of_link(robot: Robot, link: Link) -> list[Parameter]:
    """Mass, centre of mass, inertia, size and rounding of one link."""
    source, size = f"robots/{robot.name}: URDF", _reach(link)
    name = f"link.{link.name}."
    found = [_scaled(name + "mass", link.mass, "kg", source)]
    for axis, value in zip(COM, link.com.tolist(), strict=True):
        reach = 0.2 * size
        found.append(
            Parameter(
                name=name + axis, value=value, unit="m", low=value - reach, high=value + reach, source=source
            )
        )
    own = "chosen as a start: as the URDF draws it"
    found.append(_scaled(name + "inertia_scale", 1.0, "1", source))
    found.append(Parameter(name=name + "size", value=1.0, unit="1", low=0.8, high=1.25, source=own))
    found.append(Parameter(name=name + "rounding", value=0.0, unit="m", low=0.0, high=0.2 * size, source=own))
    if robot.touch is not None and robot.touch.pressure == "faces":
        even = "chosen as a start: pressure as even over faces as it can be"
        found.append(Parameter(name=name + "footing", value=1.0, unit="1", low=0.2, high=2.0, source=even))
    return found


def _scaled(name: str, value: float, unit: str, source: str) -> Parameter:
    return Parameter(
        name=name, value=value, unit=unit, low=0.3 * value, high=3.0 * value, scale="log", source=source
    )


def _reach(link: Link) -> float:
    """The largest length of the link's shapes [m]; 0.1 where it has none."""
    sizes = [max(shape.size) for shape in link.collisions if shape.kind != "mesh"]
    return max(sizes, default=0.1)


def body_size(model: RigidModel) -> float:
    """The largest length of any shape of the robot [m], against which errors of position are weighed."""
    return max(_reach(link) for link in model.links)


def _world() -> list[Parameter]:
    chosen = "chosen as a start: data as they say they are"
    return [
        Parameter(name="world.gravity", value=GRAVITY, unit="m/s^2", low=9.5, high=10.1, source=chosen),
        Parameter(name="ground.height", value=0.0, unit="m", low=-0.02, high=0.02, source=chosen),
        Parameter(
            name="data.length_scale",
            value=1.0,
            unit="1",
            low=0.9,
            high=1.1,
            source=f"{chosen}; measured length over true length",
        ),
        Parameter(
            name="data.time_scale",
            value=1.0,
            unit="1",
            low=0.9,
            high=1.1,
            source=f"{chosen}; measured time over true time",
        ),
        Parameter(
            name="data.velocity_lag",
            value=0.0,
            unit="s",
            low=0.0,
            high=0.05,
            source=f"{chosen}; by which measured velocities lag their stamps",
        ),
    ]
