"""A battery of scenarios: the TOML file that says what a policy has to stand, checked in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from hybridsim.errors import BatteryError
from hybridsim.resources import find
from hybridsim.toml import read_model
from hybridsim.verify.disturbances import DISTURBANCES, SEARCHED

Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Value = FiniteFloat | tuple[FiniteFloat, FiniteFloat]
"""A number, or a lowest and a highest between which each episode draws its own."""
Criteria = Annotated[dict[Word, FiniteFloat], Field(max_length=20)]
"""Limits by `most_` or `least_` and a measure's name with its unit, such as `most_speed_error_m_s`."""
Trials = Annotated[int, Field(ge=4, le=100_000)]
Episodes = Annotated[int, Field(ge=1, le=1000)]


class Table(BaseModel):
    """A table of a battery: no unknown keys, never changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Search(Table):
    """For the weakest disturbance that breaks the policy.

    Attributes:
        key: of the disturbance.
        to: strongest value that is tried [its unit]; it begins at what changes nothing.
        trials: values that are tried.
        episodes: of a trial.
        broken: share of failed episodes from which the policy counts as broken.
        stands: the scenario fails where less than this breaks it [its unit]; None only reports.
    """

    key: Word
    to: FiniteFloat
    trials: Trials = 40
    episodes: Episodes = 8
    broken: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.5
    stands: FiniteFloat | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Search:
        if self.key not in SEARCHED:
            raise ValueError(f"key '{self.key}' cannot be searched; available: {', '.join(SEARCHED)}")
        known = DISTURBANCES[self.key]
        if not known.low <= self.to <= known.high or self.to == known.neutral:
            raise ValueError(
                f"to = {self.to:g}; expected {known.low:g} to {known.high:g} {known.unit}, and not"
                f" {known.neutral:g}, which changes nothing"
            )
        if self.stands is not None and not 0.0 <= self.strength(self.stands) <= 1.0:
            raise ValueError(f"stands = {self.stands:g}; expected {known.neutral:g} to {self.to:g}")
        return self

    def value(self, strength: float) -> float:
        """Of the disturbance, at 0 what changes nothing, at 1 the strongest [its unit]."""
        neutral = DISTURBANCES[self.key].neutral
        return neutral + strength * (self.to - neutral)

    def strength(self, value: float) -> float:
        """The other way round."""
        neutral = DISTURBANCES[self.key].neutral
        return (value - neutral) / (self.to - neutral)


class Worst(Table):
    """For the calibration's draw, within its intervals, that the policy copes with worst.

    Attributes:
        trials: draws that are tried.
        episodes: of a trial.
    """

    trials: Trials = 40
    episodes: Episodes = 8


class Scenario(Table):
    """Something that a policy has to stand; what it does not name stays as the task has it.

    Attributes:
        name: of it, once in a battery.
        disturbances: by the keys of `verify.disturbances`.
        values: parameters by name or pattern, such as `drive.*.delay`, whatever was drawn [their units].
        derating_joints: pattern of those that `derating_share` means.
        payload_link: that carries `payload_kg`; else the base, or what the robot carries payloads with.
        payload_at_m: where, in the link's frame; else at its centre of mass.
        criteria: in the place of the battery's, key `pass`.
        episodes: most of them; else the battery's.
        search: for the smallest breaking value.
        worst: search the calibration's worst draw first, and use it.
    """

    name: Word
    disturbances: dict[str, Value] = {}
    values: dict[Word, Value] = {}
    derating_joints: Word = "*"
    payload_link: Word | None = None
    payload_at_m: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    criteria: Criteria | None = Field(default=None, alias="pass")
    episodes: Episodes | None = None
    search: Search | None = None
    worst: Worst | None = None

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        """Numbers by key lie beside the others in the file."""
        if not isinstance(given, dict) or "disturbances" in given:
            return given
        fields = {one.alias or name for name, one in cls.model_fields.items()} - {"disturbances"}
        unknown = [key for key in given if key not in fields and key not in DISTURBANCES]
        if unknown:
            known = ", ".join([*sorted(fields), *DISTURBANCES])
            raise ValueError(f"unknown key '{unknown[0]}'; known keys: {known}")
        rest = {key: value for key, value in given.items() if key in fields}
        return rest | {"disturbances": {k: v for k, v in given.items() if k in DISTURBANCES}}

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        for key, value in self.disturbances.items():
            known = DISTURBANCES[key]
            low, high = value if isinstance(value, tuple) else (value, value)
            if not known.low <= low <= high <= known.high:
                raise ValueError(f"{key} = {value}; expected {known.low:g} to {known.high:g} {known.unit}")
        for key, value in self.values.items():
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(f"values.{key} = {value}; expected the lowest value first")
        if self.search is not None and self.search.key in self.disturbances:
            raise ValueError(f"{self.search.key} is searched; expected no value of it beside the search")
        if {"roughness_m", "friction_beyond"} <= set(self.disturbances):
            raise ValueError("roughness_m and friction_beyond; expected one: rough ground has one friction")
        if self.search is not None and self.worst is not None:
            raise ValueError("search and worst in one scenario; expected one of them")
        return self


class Battery(Table):
    """A file of scenarios.

    Attributes:
        schema_version: version of this layout, key `schema`.
        name: of it.
        robot: for which it was written; None for any.
        task: of the policies; None for any.
        options: of the task.
        episode_s: length of an episode [s].
        confidence: of every interval and test.
        episodes: most of a scenario.
        batch: episodes between two looks at the tests.
        episode: limits beyond which a single episode fails; one that ends early always does.
        criteria: what every scenario has to keep that has none of its own, key `pass`.
        scenarios: in order, key `scenario`.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: Word
    robot: Word | None = None
    task: Word | None = None
    options: dict[Word, str | float | int | bool] = {}
    episode_s: Annotated[FiniteFloat, Field(ge=0.5, le=600)] = 10.0
    confidence: Annotated[FiniteFloat, Field(gt=0.5, lt=1)] = 0.95
    episodes: Annotated[int, Field(ge=10, le=1_000_000)] = 400
    batch: Annotated[int, Field(ge=2, le=200)] = 20
    episode: Criteria = {}
    criteria: Criteria = Field(default={}, alias="pass")
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=500)] = Field(alias="scenario")

    @model_validator(mode="after")
    def _consistent(self) -> Battery:
        names = [one.name for one in self.scenarios]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"scenario '{twice[0]}' is there {names.count(twice[0])} times; expected once")
        for one in self.scenarios:
            if one.search is None and not self.criteria_of(one):
                raise ValueError(f"scenario '{one.name}' has nothing to pass; expected [pass] with a limit")
        return self

    def criteria_of(self, scenario: Scenario) -> dict[str, float]:
        """What a scenario has to keep."""
        return self.criteria if scenario.criteria is None else scenario.criteria


def read_battery(given: str | Path) -> Battery:
    """A file, or the name of one below robots/, such as `anymal_c/batteries/release.toml`.

    Raises:
        BatteryError: it is not TOML, or asks for what cannot be; names file, scenario and key.
        ResourceError: there is none.
    """
    path = find("robots", given)
    if not path.is_file():
        raise BatteryError(f"{path}: is no file; expected a battery of scenarios, TOML")
    return read_model(path, Battery, BatteryError)
