"""The table `[tool]` of robot.toml: what pushes the robot along a path that its logs hold."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from hybridsim.robot.quantity import Metres, NewtonSecondsPerMetre, NewtonsPerMetre, Ratio
from hybridsim.robot.table import Table

LONG = ("cylinder", "capsule")


class Tool(Table):
    """A ball or a rod on somebody's arm: it moves as logged, whatever it pushes.

    A long one lies along its own z axis; without `tool_orientation` in a log it stands upright.

    Attributes:
        shape: `sphere`; `capsule`, with round ends; `cylinder`, which touches with its side alone.
        radius: [m].
        length: of a cylinder, or between the centres of a capsule's ends [m].
        height: of the shape's centre in the world, for logs that have only its x and y [m].
        offset: from the place that logs have to the shape's centre, along its axis [m]; 0 where left out.
        stiffness: of the spring between tool and body before logs are looked at [N/m]; else the ground's.
        damping: of the damper beside it [N*s/m]; else the ground's.
        friction: between tool and body [1]; else the ground's.
    """

    shape: Literal["sphere", "cylinder", "capsule"]
    radius: Metres
    length: Metres | None = None
    height: Metres | None = None
    offset: Metres | None = None
    stiffness: NewtonsPerMetre | None = None
    damping: NewtonSecondsPerMetre | None = None
    friction: Ratio | None = None

    @model_validator(mode="after")
    def _has_a_size(self) -> Tool:
        if (self.length is not None) != (self.shape in LONG):
            given = "a length" if self.length is not None else "no length"
            raise ValueError(f"length: a {self.shape} with {given}; expected one of a cylinder or a capsule")
        for key, least in (("radius", 0), ("length", 0), ("stiffness", 0)):
            quantity = getattr(self, key)
            if quantity is not None and quantity.value <= least:
                raise ValueError(f"{key}: is {quantity.value:g} {quantity.unit}, expected above 0")
        for key in ("damping", "friction"):
            quantity = getattr(self, key)
            if quantity is not None and quantity.value < 0:
                raise ValueError(f"{key}: is {quantity.value:g} {quantity.unit}, expected 0 or more")
        return self
