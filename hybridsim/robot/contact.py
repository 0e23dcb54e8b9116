"""The tables of robot.toml on contact: with what the robot touches, and how the ground answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hybridsim.robot.quantity import NewtonSecondsPerMetre, NewtonsPerMetre, Ratio
from hybridsim.robot.table import Table

ShapeKind = Literal["box", "cylinder", "sphere", "capsule", "mesh"]


class ContactPrior(Table):
    """How the robot meets the ground, before its logs are looked at: a spring, a damper and dry friction.

    Attributes:
        stiffness: of the spring that a contact point presses in, along the normal [N/m].
        damping: of the damper beside that spring [N*s/m].
        friction: largest tangential force for one of normal force [1].
    """

    stiffness: NewtonsPerMetre
    damping: NewtonSecondsPerMetre
    friction: Ratio

    @model_validator(mode="after")
    def _pushes_and_never_drives(self) -> ContactPrior:
        if self.stiffness.value <= 0:
            raise ValueError(f"stiffness: is {self.stiffness.value:g} N/m, expected above 0")
        for key in ("damping", "friction"):
            quantity = getattr(self, key)
            if quantity.value < 0:
                raise ValueError(f"{key}: is {quantity.value:g} {quantity.unit}, expected 0 or more")
        return self


class Touching(Table):
    """What of the robot may touch the ground by a contact law; all shapes of all links without this table.

    Attributes:
        links: of the URDF, also such as are fixed to others: a foot at the end of its shank.
        shapes: kinds that count; None for every kind.
        pressure: whether load stands on corners and rims alone, or is spread over faces as even pressure is.
        source: why these.
    """

    links: Annotated[tuple[str, ...], Field(min_length=1)]
    shapes: Annotated[tuple[ShapeKind, ...], Field(min_length=1)] | None = None
    pressure: Literal["corners", "faces"] = "corners"
    source: str

    @model_validator(mode="after")
    def _links_are_unique(self) -> Touching:
        twice = sorted({name for name in self.links if self.links.count(name) > 1})
        if twice:
            raise ValueError(f"links: {', '.join(twice)} is given twice")
        return self
