"""Scenarios tested episode by episode until each has passed or failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from hybridsim.verify.battery import Scenario
from hybridsim.verify.criteria import Criterion, Judged, State, failures, judged, together
from hybridsim.verify.episodes import Batch, Outcome, Subject
from hybridsim.verify.work import Crew


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a scenario is tested.

    Attributes:
        scenario: which.
        criteria: to keep.
        limits: of a single episode.
        most: episodes.
        batch: episodes between two looks.
        confidence: of every interval, at all looks together.
        own: parameters that a search chose [their units].
    """

    scenario: Scenario
    criteria: Sequence[Criterion]
    limits: Sequence[Criterion]
    most: int
    batch: int
    confidence: float
    own: Mapping[str, float] = field(default_factory=dict)

    def batches(self, subject: Subject, seed: int, first: int, count: int) -> list[Batch]:
        """So many more, from an episode on."""
        starts = range(first, min(first + count * self.batch, self.most), self.batch)
        return [
            Batch(
                subject=subject,
                scenario=self.scenario,
                seed=seed,
                first=start,
                count=min(self.batch, self.most - start),
                own=self.own,
            )
            for start in starts
        ]


@dataclass(kw_only=True)
class Tested:
    """A scenario's episodes so far.

    Attributes:
        plan: how it is tested.
        columns: by measure.
        drawn: what each episode went through.
        judged: what they say about each criterion.
        state: and about all.
    """

    plan: Plan
    columns: dict[str, Float[np.ndarray, " episode"]] = field(default_factory=dict)
    drawn: list[Mapping[str, float]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    state: State = "undecided"

    @property
    def episodes(self) -> int:
        """Looked at so far."""
        return len(self.drawn)

    @property
    def open(self) -> bool:
        """Whether more episodes may decide."""
        return self.state == "undecided" and self.episodes < self.plan.most

    def add(self, outcome: Outcome) -> None:
        """Look at some more episodes."""
        found = dict(outcome.columns)
        found["failures"] = failures(found, self.plan.limits)
        for name, values in found.items():
            self.columns[name] = np.concatenate([self.columns.get(name, np.zeros(0)), values])
        self.drawn += outcome.drawn
        plan = self.plan
        self.judged = [judged(one, self.columns, plan.confidence, plan.most) for one in plan.criteria]
        self.state = together(self.judged)

    @property
    def worst(self) -> int:
        """The episode that fell first; else that of the lowest return, among failures where there are any."""
        fell = self.columns["falls"] > 0.0
        if fell.any():
            return int(np.argmin(np.where(fell, self.columns["seconds"], np.inf)))
        failed = self.columns["failures"] > 0.0
        among = failed if failed.any() else np.ones(len(failed), np.bool_)
        return int(np.argmin(np.where(among, self.columns["return"], np.inf)))


def run_gate(
    plans: Sequence[Plan],
    subject: Subject,
    seed: int,
    crew: Crew,
    told: Callable[[int, int, str], None] | None = None,
) -> list[Tested]:
    """Test scenarios until each is decided, or out of episodes.

    Batches of a scenario are looked at in order, and those beyond its end dropped, so that what comes out
    does not depend on how many are run at once.

    Args:
        plans: of the scenarios.
        subject: what is verified.
        seed: of all episodes; those of the same number are alike in all scenarios.
        crew: who runs them.
        told: called as told(episodes done, episodes at most, what).
    """
    found = [Tested(plan=plan) for plan in plans]
    while any(one.open for one in found):
        waiting = [one for one in found if one.open]
        each = -(-crew.count // len(waiting))
        jobs = [(one, b) for one in waiting for b in one.plan.batches(subject, seed, one.episodes, each)]

        def tell(done: int, jobs: list[tuple[Tested, Batch]] = jobs, waiting: list[Tested] = waiting) -> None:
            if told is not None:
                before = sum(one.episodes for one in found)
                left = sum(one.plan.most - one.episodes for one in waiting)
                now = sum(batch.count for _, batch in jobs[:done])
                told(before + now, before + left, f"{len(waiting)} of {len(found)} scenarios open")

        for (one, _), outcome in zip(jobs, crew.outcomes([batch for _, batch in jobs], tell), strict=True):
            if one.open:
                one.add(outcome)
    return found
