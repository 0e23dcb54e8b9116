"""What may change in a robot over its life, in five families of parameters."""

from __future__ import annotations

from typing import Literal, get_args

from hybridsim.parameters import Parameter

Family = Literal["friction", "gain", "delay", "mass", "sensor bias"]
FAMILIES: tuple[Family, ...] = get_args(Family)

_MEMBERS: dict[Family, tuple[str, ...]] = {
    "friction": (
        "motor_coulomb",
        "motor_viscous",
        "output_coulomb",
        "output_viscous",
        "stiction",
        "gear_loss_drive",
        "gear_loss_back",
        "gear_loss_drive_rest",
        "gear_loss_back_rest",
    ),
    "gain": ("position_gain", "velocity_gain", "integral_gain", "stall_effort", "duty_limit"),
    "delay": ("delay", "motor_lag"),
    "mass": (),
    "sensor bias": ("command_offset", "encoder_offset"),
}
RELATIVE: dict[Family | None, float] = {"friction": 0.3, "gain": 0.15, "mass": 0.1}
"""Of its own value by which a parameter of the family typically changes; chosen, because wear, a new battery
and a tool are of that size."""
ABSOLUTE = {"s": 5e-3, "rad": 5e-3}
"""The same for delays and biases; chosen, because a busier bus and a joint that was taken apart are."""
LEAST = 0.02
"""Of the rated effort, by which friction changes where there is hardly any yet."""
OWN: dict[Family, str] = {
    "friction": "output_coulomb",
    "gain": "position_gain",
    "delay": "delay",
    "sensor bias": "command_offset",
}
"""What stands for a family at a joint where the study leaves all of its parameters alone."""
OTHER = 0.15
"""Of its own value by which differs from unit to unit what is of no family, such as a rotor's inertia;
chosen."""


def family_of(name: str) -> Family | None:
    """Of a parameter of a drive or a link; None for what does not change with a unit's life."""
    if name.startswith("link.") and name.endswith(".mass"):
        return "mass"
    if not name.startswith("drive."):
        return None
    last = name.rsplit(".", 1)[-1]
    return next((family for family, members in _MEMBERS.items() if last in members), None)


def typical_change(parameter: Parameter, family: Family | None, rated_effort: float) -> float:
    """By how much a parameter typically changes, or differs between units [its unit].

    Args:
        parameter: at the value that it changes from.
        family: that it is of.
        rated_effort: of its drive [N*m].
    """
    if family is not None and parameter.unit in ABSOLUTE:
        return ABSOLUTE[parameter.unit]
    if family is None and parameter.scale == "linear":
        return (parameter.high - parameter.low) / 20
    least = 1e-4 * (parameter.high - parameter.low)
    if family == "friction":
        least = LEAST * rated_effort if parameter.unit == "N*m" else 0.02 if parameter.unit == "1" else least
    return max(RELATIVE.get(family, OTHER) * abs(parameter.value), least)
