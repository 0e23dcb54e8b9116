"""The tables of calibration.json that are neither parameters nor networks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Word = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
CalibrationId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Numbers = Annotated[tuple[FiniteFloat, ...], Field(max_length=10_000)]
# signal -> component -> what the numbers are (`multipliers`, `sigma`, ...) -> the numbers
Intervals = dict[Word, dict[Word, dict[Word, Numbers]]]


class Part(BaseModel):
    """A table of calibration.json: no unknown keys, never changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LoggedEvidence(Part):
    """A log that the calibration saw, and what for."""

    log_id: Word
    sha256: Sha256
    name: Word
    split: Literal["train", "validation", "test"]


class Lineage(Part):
    """Where a calibration came from; enough to make it again.

    Attributes:
        logs: in the order of their ids.
        parent: the calibration that it started from.
        code_version: of hybridsim.
        seed: the one number that all randomness came from.
        quick: whether the study's `[quick]` was applied.
        study: text of study.toml.
        study_sha256: of that text.
    """

    logs: Annotated[tuple[LoggedEvidence, ...], Field(max_length=1_000_000)]
    parent: CalibrationId | None = None
    code_version: Word
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    quick: bool = False
    study: Annotated[str, Field(max_length=1_000_000)]
    study_sha256: Sha256

    def of_child(self, parent: str, logs: Iterable[LoggedEvidence], code_version: str) -> Lineage:
        """Of a calibration by the same study and seed that started from another one, its parent."""
        own = {name: getattr(self, name) for name in ("seed", "quick", "study", "study_sha256")}
        ordered = tuple(sorted(logs, key=lambda log: log.log_id))
        return Lineage(logs=ordered, parent=parent, code_version=code_version, **own)

    @property
    def fitted_on(self) -> tuple[str, ...]:
        """Ids of the logs that fitting or selection has seen; scores on those are in-sample."""
        return tuple(log.log_id for log in self.logs if log.split != "test")

    @model_validator(mode="after")
    def _matches(self) -> Lineage:
        if hashlib.sha256(self.study.encode()).hexdigest() != self.study_sha256:
            raise ValueError("study_sha256 is not the hash of study")
        ids = [log.log_id for log in self.logs]
        if ids != sorted(set(ids)):
            raise ValueError("logs are not in the order of their ids, each once")
        return self


class Gate(Part):
    """Whether a residual network ships: only if it beats the parameters alone by more than chance.

    Attributes:
        ships: the verdict.
        unit: of the two errors below.
        mean_difference: validation error with the network minus without, negative where it helps; None where
            no network was learned.
        interval_95: of that difference, bootstrapped over logs.
        reason: in words.
    """

    ships: bool
    unit: Word = "1"
    mean_difference: FiniteFloat | None = None
    interval_95: tuple[FiniteFloat, FiniteFloat] | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class SimulationSettings(Part):
    """How the worlds stepped when it was fitted, and step unless asked otherwise.

    Attributes:
        physics_timestep_s: of the rigid bodies [s].
        rate_hz: of commands and observations [1/s].
        plane: whether there is a ground to touch.
    """

    physics_timestep_s: Annotated[FiniteFloat, Field(ge=1e-6, le=1)]
    rate_hz: Annotated[FiniteFloat, Field(gt=0, le=1e6)] | None = None
    plane: bool = False
