"""A challenger for a unit: its context anew, from the logs since it changed, and from nothing older."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief
from hybridsim.context.individual import calibration_of
from hybridsim.context.population import Population
from hybridsim.context.triage import loosened
from hybridsim.fleet.bench import Basis, logs_of

MOST_LOGS = 8
"""The newest ones that a challenger is made from; so that cost does not grow with what is remembered."""


@dataclass(frozen=True, kw_only=True)
class RelearnJob:
    """A unit that is new, or that has changed.

    Attributes:
        basis: robot and reference.
        population: what units have in common.
        serial: of the unit.
        logs: folders of those that may teach.
        belief: about the unit before; None for a new one.
        causes: families and places that rang, most likely first.
        parent: the unit's calibration before.
    """

    basis: Basis
    population: Population
    serial: str
    logs: Sequence[Path]
    belief: Belief | None
    causes: Sequence[tuple[str, str]]
    parent: str | None

    def __str__(self) -> str:
        return f"unit {self.serial}"


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """What relearning gives.

    Attributes:
        calibration: of the unit's own.
        belief: that is in it.
        from_ns: beginning of its first log.
        to_ns: end of its last one.
    """

    calibration: Calibration
    belief: Belief
    from_ns: int
    to_ns: int


def relearn(job: RelearnJob) -> Challenger:
    """The unit's context fitted to its logs: all of it where it is new, else what changed."""
    bench = job.basis.bench()
    logs = logs_of(list(job.logs)[-MOST_LOGS:])
    belief = bench.told(prior_of(job), logs, job.population.noise())
    calibration = calibration_of(
        bench.reference, bench.space, belief, serial=job.serial, logs=logs, parent=job.parent
    )
    stamps = [signal.stamp_ns for log in logs for signal in log.signals.values() if len(signal.stamp_ns)]
    return Challenger(
        calibration=calibration,
        belief=belief,
        from_ns=min(int(one[0]) for one in stamps),
        to_ns=max(int(one[-1]) for one in stamps),
    )


def prior_of(job: RelearnJob) -> Belief:
    """What is believed before the logs: of a relative, or of the unit itself but for what changed."""
    if job.belief is None:
        return job.population.prior()
    wandered = job.belief.widened(np.array(job.population.wander))
    return loosened(wandered, job.basis.bench().hypotheses, job.causes)
