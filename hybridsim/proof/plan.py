"""What a proof trains and plays; a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from hybridsim.errors import StudyError
from hybridsim.resources import folder
from hybridsim.toml import read_model
from hybridsim.train.settings import Range

Count = Annotated[int, Field(ge=1, le=10**9)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
DEFAULT = "anymal_c_standin/proof.toml"


class Table(BaseModel):
    """A table of the file: no unknown keys, never changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(Table):
    """One way to train.

    Attributes:
        variant: of the simulator.
        ranges: wider ranges by pattern of parameters' names.
        source: where the ranges come from.
        shared: whether the plan's own ranges are added.
    """

    variant: Literal["nominal", "identified", "hybrid"]
    ranges: dict[str, Range] = {}
    source: str = ""
    shared: bool = True


class Budget(Table):
    """What `--quick` makes smaller; None leaves it as it is."""

    steps: Count | None = None
    seeds: Count | None = None
    episodes: Count | None = None
    checks: Count | None = None
    log_seconds: Annotated[FiniteFloat, Field(ge=4)] | None = None
    quick_study: bool | None = None


class Plan(Table):
    """A proof.

    Attributes:
        schema_version: version of this layout, key `schema`.
        task: what policies learn.
        study: which calibrates, a folder of calibration/ or a study.toml.
        spec: which ingests.
        options: of the task, the same for all ways.
        quick_study: whether the study's own small budgets are enough.
        log_seconds: length of each of the eight recordings [s].
        steps: of the environment, for each training.
        seeds: of the training, 0 to one less.
        checks: checkpoints of a training; each is kept and counts for validity.
        worlds: of a training.
        episodes: that each policy plays on the stand-in, and each checkpoint in every simulator.
        ranges: of what no log of the study tells.
        way: how policies are trained, by name.
        quick: what `--quick` makes smaller.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    task: str
    study: str
    spec: str
    options: dict[str, str | float | int | bool] = {}
    quick_study: bool = False
    log_seconds: Annotated[FiniteFloat, Field(ge=4)] = 40.0
    steps: Count
    seeds: Count = 3
    checks: Count = 4
    worlds: Count = 32
    episodes: Count = 16
    ranges: dict[str, Range] = {}
    way: Annotated[dict[Name, Way], Field(min_length=1)]
    quick: Budget = Budget()

    @model_validator(mode="after")
    def _named(self) -> Plan:
        if missing := {"nominal", "hybrid"} - set(self.way):
            raise ValueError(f"way: no {sorted(missing)[0]}; what others are compared with has to be there")
        return self

    def quickened(self) -> Plan:
        """With the smaller budgets."""
        smaller = self.quick.model_dump(exclude_none=True)
        return self.model_copy(update=smaller)


def read_plan(path: Path | None = None) -> Plan:
    """A plan's file; the one of ANYmal C's stand-in by default.

    Raises:
        StudyError: not TOML, an unknown key, or a value that cannot be; names it.
    """
    path = path or folder("calibration") / DEFAULT
    return read_model(path, Plan, StudyError)
