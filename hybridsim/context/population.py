"""What the individuals of a robot have in common: where their contexts lie, and how far replays are off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Noise
from hybridsim.context.space import ContextSpace
from hybridsim.errors import FleetError
from hybridsim.files import write_text
from hybridsim.validation import explain

FILE = "population.json"
MOST_BYTES = 10_000_000
LEAST = 1e-3
"""Standard deviation between units at least [typical changes]."""
ALONE = 1.0
"""Standard deviation between units where no fleet says it; chosen, because sizes are typical differences."""
SHRUNK = 4.0
"""Units that the assumption of independent entries counts for; chosen, because few units make covariances
that only seem to know."""
FAR = 10.0
"""Standard deviation of the mean, where its own doubt counts as spread [typical changes]; chosen, as far."""
ROUNDS = 200
"""Of expectation maximisation; chosen, because the mean of what logs hardly tell moves slowly."""

Column = Annotated[tuple[FiniteFloat, ...], Field(max_length=1000)]


class Population(BaseModel):
    """The content of population.json; vectors are in the order of `entries`, in units of `sizes`.

    Attributes:
        schema_version: version of this layout, key `schema`.
        robot: the design.
        reference: calibration that contexts are differences from; its networks serve all units.
        entries: names of the context's parameters.
        sizes: their typical changes [their units].
        mean: of the units' contexts.
        covariance: between units.
        deviation: of a drive's replay error, in robot.toml's order [rad].
        memory: samples of it that say as much as one.
        wander: variance of an entry from log to log.
        misfit: largest that a quiet log at its own unit's context has.
        units: that it was learned from; none for one that is assumed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    robot: str
    reference: str
    entries: Annotated[tuple[str, ...], Field(max_length=1000)]
    sizes: Column
    mean: Column
    covariance: Annotated[tuple[Column, ...], Field(max_length=1000)]
    deviation: Column
    memory: Column
    wander: Column
    misfit: FiniteFloat
    units: Annotated[tuple[str, ...], Field(max_length=1_000_000)]

    @model_validator(mode="after")
    def _consistent(self) -> Population:
        count = len(self.entries)
        columns = (self.sizes, self.mean, self.wander, self.covariance, *self.covariance)
        if any(len(column) != count for column in columns):
            raise ValueError(f"vectors differ in length from the {count} entries")
        if len(self.deviation) != len(self.memory) or min((*self.deviation, *self.memory), default=1) <= 0:
            raise ValueError("deviation and memory want a number above 0 for every drive")
        if min(self.sizes, default=0) <= 0:
            raise ValueError("sizes want a number above 0 for every entry")
        covariance = np.array(self.covariance)
        if not np.allclose(covariance, covariance.T):
            raise ValueError("covariance is not symmetric")
        if min(self.wander, default=0) < 0 or np.linalg.eigvalsh(covariance).min() <= 0:
            raise ValueError("wander and covariance want to be positive")
        return self

    @property
    def id(self) -> str:
        """First 12 digits of the hash of its content."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:12]

    def text(self) -> str:
        """The file's content."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1) + "\n"

    def prior(self) -> Belief:
        """What is believed of a unit before its first log."""
        return Belief(mean=np.array(self.mean), precision=np.linalg.inv(np.array(self.covariance)))

    def noise(self) -> Noise:
        """How far replays are usually off."""
        return Noise(
            deviation=np.array(self.deviation), memory=np.array(self.memory), wander=np.array(self.wander)
        )

    def require(self, reference: str, space: ContextSpace) -> None:
        """Refuse contexts that are differences from another calibration."""
        if reference != self.reference:
            raise FleetError(f"population {self.id}: is of calibration {self.reference}; given: {reference}")
        if self.entries != space.names:
            raise FleetError(
                f"population {self.id}: is of other parameters than calibration {self.reference}"
            )


def relatives(beliefs: Sequence[Belief], prior: Belief) -> Belief:
    """Where units' contexts lie, and how far apart: empirical Bayes by expectation maximisation.

    What a unit's logs alone said is its belief less the prior; the logs of all tell the mean and the
    covariance, drawn towards entries that differ by a typical change each by itself.

    Args:
        beliefs: about each unit, after its logs.
        prior: that each of them was told from; of the mean too, which few units' logs hardly tell.

    Error: finds a planted mean to 0.3 and a covariance to 0.6, tests/context/test_population.py.
    """
    said = [one.precision - prior.precision for one in beliefs]
    pulls = [one.precision @ one.mean - prior.precision @ prior.mean for one in beliefs]
    count = len(prior.mean)
    mean, covariance = np.mean([one.mean for one in beliefs], axis=0), ALONE**2 * np.eye(count)
    for _ in range(ROUNDS):
        precision = np.linalg.inv(covariance)
        unsure = [np.linalg.inv(information + precision) for information in said]
        means = np.array([c @ (pull + precision @ mean) for c, pull in zip(unsure, pulls, strict=True)])
        weight = len(beliefs) * precision + prior.precision
        mean = np.linalg.solve(weight, precision @ means.sum(axis=0) + prior.precision @ prior.mean)
        # The mean itself is known by so many units only, and takes their differences from it with it.
        heard = sum(precision - precision @ c @ precision for c in unsure)
        wavers = np.linalg.inv(heard + np.eye(count) / FAR**2)
        apart = sum(
            (c @ precision - np.eye(count)) @ wavers @ (precision @ c - np.eye(count)) for c in unsure
        )
        scatter = sum(unsure) + apart + (means - mean).T @ (means - mean)
        covariance = _positive((scatter + SHRUNK * ALONE**2 * np.eye(count)) / (len(beliefs) + SHRUNK))
    return Belief(mean=mean, precision=np.linalg.inv(covariance))


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The same without directions of no or negative variance."""
    size, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    return (vectors * np.maximum(size, LEAST**2)) @ vectors.T


def write_population(folder: Path, population: Population) -> None:
    """Into a folder, whole."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / FILE, population.text())


def read_population(folder: Path) -> Population:
    """From a folder.

    Raises:
        FleetError: none there, or it does not fit; names what is wrong.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
        if len(content) > MOST_BYTES:
            raise FleetError(f"{path}: {len(content)} bytes; expected at most {MOST_BYTES}")
        return Population.model_validate(json.loads(content))
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise FleetError(f"{path}: {explain(error, Population)}") from None
    except (ValueError, RecursionError) as error:
        raise FleetError(f"{path}: not valid JSON: {error}") from None
