"""How worlds of one individual may differ: an ensemble of what was found, and scatter around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, FiniteFloat, model_validator

from hybridsim.calibration.parts import Part, Word
from hybridsim.parameters import Parameter
from hybridsim.scatter import Kind

FEWEST, MOST = 2, 1000
"""Members; chosen, because one does not vary, and sixteen are usual."""
VARIES = "varies."
"""What the name of a scatter from log to log begins with; the parameter's own follows."""
KINDS = ("contact.", "link.", "ground.", "data.", "sensor.")
"""Beginnings of names that worlds may have of their own; gravity, for one, is the same in all."""

Column = Annotated[tuple[FiniteFloat, ...], Field(min_length=FEWEST, max_length=MOST)]
Columns = Annotated[dict[Word, Column], Field(max_length=1000)]


class Variation(Part):
    """What worlds are drawn from.

    Attributes:
        members: per parameter its values, one a member [its unit]; a member's values belong together.
        scale: of normal scatter from log to log, `varies.*`, and of measured starts, `noise.*` [1].
        scatter: of what varies from log to log; see `Scatter`.
        fitted_on: training logs whose resting positions chose the scale.
    """

    members: Columns
    scale: Annotated[FiniteFloat, Field(ge=0, le=100)]
    scatter: Kind = "normal"
    fitted_on: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _even(self) -> Variation:
        counts = {len(column) for column in self.members.values()}
        if len(counts) > 1:
            raise ValueError(f"members have {min(counts)} to {max(counts)} values; expected as many for all")
        return self

    @property
    def count(self) -> int:
        """How many members there are; one that changes nothing where none has values."""
        return len(next(iter(self.members.values()), (0.0,)))

    def member(self, number: int) -> dict[str, float]:
        """Values of one member by name [their units]."""
        return {name: column[number] for name, column in self.members.items()}

    def check(self, parameters: Mapping[str, Parameter]) -> None:
        """Refuse members of what a calibration does not have, or may not vary, or beyond its bounds.

        Raises:
            ValueError: names the parameter, what it was given and what it may be.
        """
        for name in parameters:
            if name.startswith(VARIES) and name.removeprefix(VARIES) not in parameters:
                raise ValueError(f"parameters: {name} is the scatter of a parameter that is not there")
        for name, column in self.members.items():
            if name not in parameters or not name.startswith(KINDS):
                raise ValueError(
                    f"variation.members: '{name}' is no parameter that may vary; expected one of the"
                    f" calibration's that begins with {', '.join(KINDS)}"
                )
            own = parameters[name]
            if min(column) < own.low or max(column) > own.high:
                raise ValueError(
                    f"variation.members: {name} goes from {min(column):g} to {max(column):g} {own.unit};"
                    f" expected {own.low:g} to {own.high:g}"
                )
