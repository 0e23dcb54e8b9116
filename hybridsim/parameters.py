"""A physical parameter with its unit, bounds and origin, and the unit cube that optimisers search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from hybridsim.errors import StudyError, listed

# A fraction of the scaled range; a value this close to a bound was chosen by the bound, not by the data.
BOUND_TOLERANCE = 1e-3  # chosen, because optimisers stop that far inside


class Parameter(BaseModel):
    """One number to identify, or identified: value and bounds in `unit`, never without its origin.

    Attributes:
        name: what a study and a calibration call it, such as `elbow_flex.delay`.
        value: the prior, or the identified value [unit].
        unit: SI, `1` for pure numbers.
        low: smallest value that is searched [unit].
        high: largest value that is searched [unit].
        scale: `log` searches ratios instead of differences and needs a positive `low`.
        source: where the prior or the bounds come from, in words.
        interval_95: what the logs leave open [unit], None where it was not computed.
        at_bound: the identified value sits on `low` or `high`.
        identifiable: the logs say something about it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    value: FiniteFloat
    unit: str = Field(min_length=1)
    low: FiniteFloat
    high: FiniteFloat
    scale: Literal["linear", "log"] = "linear"
    source: str = ""
    interval_95: tuple[FiniteFloat, FiniteFloat] | None = None
    at_bound: bool = False
    identifiable: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> Parameter:
        if not self.low < self.high:
            raise ValueError(
                f"{self.name}: low {self.low:g} and high {self.high:g} {self.unit}; expected low < high"
            )
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"{self.name}: value {self.value:g} {self.unit}; expected {self.low:g} to {self.high:g}"
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"{self.name}: low {self.low:g} {self.unit}; a log scale needs low > 0")
        if self.interval_95 is not None and self.interval_95[0] > self.interval_95[1]:
            raise ValueError(f"{self.name}: interval_95 {self.interval_95}; expected the lower end first")
        return self


class ParameterSpace:
    """Named parameters as a point of the unit cube and back: 0 is `low`, 1 is `high`, on each one's scale."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters = tuple(parameters)
        self.names = tuple(parameter.name for parameter in self.parameters)
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise StudyError(f"parameters: {listed(twice)} given more than once; expected unique names")
        self._log = np.array([parameter.scale == "log" for parameter in self.parameters], dtype=bool)
        self._value_bounds = np.array([(p.low, p.high) for p in self.parameters], dtype=float).reshape(-1, 2)
        self._scaled_bounds = self._scaled(self._value_bounds.T).T

    def __len__(self) -> int:
        return len(self.parameters)

    def prior(self) -> dict[str, float]:
        """The parameters' own values [their units]."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    def to_vector(self, values: Mapping[str, float]) -> Float[np.ndarray, " parameter"]:
        """Values [their units] to a point of the unit cube, outside it where a value is outside its bounds.

        Raises:
            StudyError: a name is missing, unknown or not finite, or not positive on a log scale.
        """
        self._check(values)
        scaled = self._scaled(np.array([values[name] for name in self.names], dtype=float))
        low, high = self._scaled_bounds.T
        return (scaled - low) / (high - low)

    def from_vector(self, vector: Float[np.ndarray, " parameter"]) -> dict[str, float]:
        """A point of the unit cube to values [their units], exactly `low` at 0 and `high` at 1.

        Error: to_vector gives the point back to 1e-9, tests/test_parameters.py.
        """
        point = np.asarray(vector, dtype=float)
        assert point.shape == (len(self),), f"point of shape {point.shape} for {len(self)} parameters"
        low, high = self._scaled_bounds.T
        scaled = low * (1 - point) + high * point
        values = np.where(self._log, np.exp(np.where(self._log, scaled, 0.0)), scaled)
        values = np.where(point == 0, self._value_bounds[:, 0], values)
        values = np.where(point == 1, self._value_bounds[:, 1], values)
        return dict(zip(self.names, values.tolist(), strict=True))

    def clip(self, values: Mapping[str, float]) -> dict[str, float]:
        """The same values moved onto their bounds where they are outside [their units]."""
        self._check(values, positive=False)
        return {p.name: min(max(float(values[p.name]), p.low), p.high) for p in self.parameters}

    def at_bounds(
        self, values: Mapping[str, float], tolerance: float = BOUND_TOLERANCE
    ) -> dict[str, Literal["low", "high"]]:
        """Which parameters sit on or beyond which bound, within a fraction of the scaled range."""
        found: dict[str, Literal["low", "high"]] = {}
        for name, position in zip(self.names, self.to_vector(self.clip(values)), strict=True):
            if position <= tolerance:
                found[name] = "low"
            elif position >= 1 - tolerance:
                found[name] = "high"
        return found

    def with_values(self, values: Mapping[str, float]) -> tuple[Parameter, ...]:
        """Parameters at new values, clipped to their bounds, with `at_bound` set."""
        inside, touching = self.clip(values), self.at_bounds(values)
        return tuple(
            p.model_copy(
                update={"value": inside[p.name], "at_bound": p.name in touching, "interval_95": None}
            )
            for p in self.parameters
        )

    def _scaled(self, values: Float[np.ndarray, "*rows parameter"]) -> Float[np.ndarray, "*rows parameter"]:
        return np.where(self._log, np.log(np.where(self._log, values, 1.0)), values)

    def _check(self, values: Mapping[str, float], positive: bool = True) -> None:
        unknown = set(values) ^ set(self.names)
        if unknown:
            raise StudyError(
                f"parameters: {listed(unknown)} missing or unknown; expected {listed(self.names)}"
            )
        for parameter in self.parameters:
            value = values[parameter.name]
            if not math.isfinite(value) or (positive and parameter.scale == "log" and value <= 0):
                kind = "a finite value above 0" if parameter.scale == "log" else "a finite value"
                raise StudyError(f"parameters: {parameter.name} is {value} {parameter.unit}; expected {kind}")
