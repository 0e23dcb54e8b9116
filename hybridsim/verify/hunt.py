"""What every search for trouble needs: whom, in which worlds, who runs them, and random numbers."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna

from hybridsim.envs.worlds import Source
from hybridsim.verify.battery import Scenario
from hybridsim.verify.criteria import Criterion, failures
from hybridsim.verify.episodes import Outcome, Subject
from hybridsim.verify.work import Crew

optuna.logging.set_verbosity(optuna.logging.WARNING)
AT_ONCE = 4
"""Trials between two looks of a sampler; fixed, so that what is found does not depend on the workers."""
Told = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Hunt:
    """What every search needs.

    Attributes:
        subject: what is verified.
        source: the same, loaded.
        crew: who runs episodes.
        seed: of the verification.
        limits: of a single episode.
        confidence: of intervals.
        told: called as told(done, of, what).
    """

    subject: Subject
    source: Source
    crew: Crew
    seed: int
    limits: Sequence[Criterion]
    confidence: float
    told: Told | None = None

    @property
    def episode_s(self) -> float:
        """Length of an episode [s]."""
        return float(dict(self.subject.options)["episode_s"])

    def stream(self, scenario: Scenario, part: int) -> int:
        """A seed of its own for a part of a scenario's search."""
        words = [self.seed, zlib.crc32(scenario.name.encode()), part]
        return int(np.random.SeedSequence(words).generate_state(1)[0] % 2**31)

    def failed(self, outcome: Outcome) -> float:
        """Share of the episodes that failed."""
        return float(failures(outcome.columns, self.limits).mean())

    def tell(self, done: int, of: int, scenario: Scenario) -> None:
        """How far a search is."""
        if self.told is not None:
            self.told(done, of, f"searching '{scenario.name}'")
