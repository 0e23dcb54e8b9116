"""A physical value that never travels without its unit and its source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Quantity(BaseModel):
    """A value with its unit and where it came from, as robot.toml states it.

    Attributes:
        value: finite number in `unit`.
        unit: SI unit, checked against the unit that the field expects.
        source: document, measurement, or "chosen, because ...".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[float, Field(allow_inf_nan=False, strict=True)]
    unit: str
    source: Annotated[str, Field(min_length=3)]

    def __float__(self) -> float:
        return self.value


def _expect(unit: str) -> Callable[[Quantity], Quantity]:
    def check(quantity: Quantity) -> Quantity:
        if quantity.unit != unit:
            raise ValueError(f"unit is '{quantity.unit}', expected '{unit}'")
        return quantity

    return check


Radians = Annotated[Quantity, AfterValidator(_expect("rad"))]
RadiansPerSecond = Annotated[Quantity, AfterValidator(_expect("rad/s"))]
NewtonMetres = Annotated[Quantity, AfterValidator(_expect("N*m"))]
NewtonMetresPerAmpere = Annotated[Quantity, AfterValidator(_expect("N*m/A"))]
NewtonsPerMetre = Annotated[Quantity, AfterValidator(_expect("N/m"))]
NewtonSecondsPerMetre = Annotated[Quantity, AfterValidator(_expect("N*s/m"))]
Inertia = Annotated[Quantity, AfterValidator(_expect("kg*m^2"))]
Metres = Annotated[Quantity, AfterValidator(_expect("m"))]
Volts = Annotated[Quantity, AfterValidator(_expect("V"))]
Ohms = Annotated[Quantity, AfterValidator(_expect("ohm"))]
Seconds = Annotated[Quantity, AfterValidator(_expect("s"))]
Ratio = Annotated[Quantity, AfterValidator(_expect("1"))]
PerRadian = Annotated[Quantity, AfterValidator(_expect("1/rad"))]
SecondsPerRadian = Annotated[Quantity, AfterValidator(_expect("s/rad"))]
