"""Where a fleet's units lie in what they differ in, and of which least is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.context.belief import Belief
from hybridsim.context.population import Population, read_population
from hybridsim.context.triage import LARGE
from hybridsim.fleet.bench import Basis, Bench
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.health import Story
from hybridsim.fleet.registry.knowledge import Context
from hybridsim.report.fleet_facts import EntrySpread, Wanted

WORST = 3
"""Entries named of a unit; chosen, because a motion that tells of three is already hard to find."""


@dataclass(frozen=True, kw_only=True)
class Common:
    """What the units have in common, with the space that contexts are points of."""

    population: Population
    bench: Bench


def common_of(fleet: Fleet) -> Common | None:
    """Of a fleet; None before anything was learned.

    Raises:
        FleetError: population and reference do not fit.
        CalibrationError: no reference there.
    """
    newest = fleet.registry.knowledge.population()
    if newest is None:
        return None
    population = read_population(fleet.artefacts.folder("populations", newest))
    basis = Basis(fleet.robot.folder, fleet.artefacts.folder("calibrations", population.reference))
    population.require(basis.bench().space)
    return Common(population=population, bench=basis.bench())


def spread_of(common: Common, contexts: Mapping[str, Context]) -> list[EntrySpread]:
    """Of every entry, from the units whose contexts today's population understands."""
    space, population = common.bench.space, common.population
    own = [one.belief.mean for one in contexts.values() if one.population == population.id]
    points = np.array(own).reshape(-1, len(space))
    sizes = np.array([entry.size for entry in space.entries])
    values = np.array([list(space.own_values(point).values()) for point in points])
    values = values.reshape(-1, len(space))
    mean = np.array([entry.parameter.value for entry in space.entries]) + np.array(population.mean) * sizes
    deviation = np.sqrt(np.diagonal(np.array(population.covariance))) * sizes
    return [
        EntrySpread(
            name=entry.parameter.name,
            unit=entry.parameter.unit,
            mean=float(mean[k]),
            deviation=float(deviation[k]),
            low=entry.parameter.low,
            high=entry.parameter.high,
            values=values[:, k],
        )
        for k, entry in enumerate(space.entries)
    ]


def wanted_of(common: Common, contexts: Mapping[str, Context], stories: Mapping[str, Story]) -> list[Wanted]:
    """Units, those first of which least is known; those without a context of their own stand as one."""
    own = {s: one for s, one in contexts.items() if one.population == common.population.id}
    found = [_own(common, own[serial], story) for serial, story in stories.items() if serial in own]
    if alike := sorted(set(stories) - set(own)):
        covariance = common.population.prior().covariance
        one = _wanted(common, alike[0], covariance, "nothing but what units have in common")
        found.append(replace(one, others=len(alike) - 1))
    return sorted(found, key=lambda one: (-one.log_det, one.serial))


def _own(common: Common, context: Context, story: Story) -> Wanted:
    """A unit, by the belief that its next logs will meet."""
    if story.alarm is None:
        return _wanted(common, context.serial, context.belief.covariance, "")
    cause = (story.alarm.family, story.alarm.place)
    covariance = _changed(common.bench, context.belief, cause)
    return _wanted(common, context.serial, covariance, "changed: " + " of ".join(filter(None, cause)))


def _wanted(common: Common, serial: str, covariance: Float[np.ndarray, "entry entry"], why: str) -> Wanted:
    log_det = float(np.linalg.slogdet(covariance)[1])
    deviation = np.sqrt(np.diagonal(covariance))
    entries = common.bench.space.entries
    worst = [(entries[k], float(deviation[k])) for k in np.argsort(-deviation)[:WORST].tolist()]
    return Wanted(
        serial=serial,
        log_det=log_det,
        typical=float(np.exp(0.5 * log_det / len(deviation))),
        why=why,
        worst=[(e.parameter.name, away * e.size, e.parameter.unit, away) for e, away in worst],
    )


def _changed(bench: Bench, belief: Belief, cause: tuple[str, str]) -> np.ndarray:
    """A belief's covariance after something changed, as relearning begins with it."""
    spread = [one.spread for one in bench.hypotheses if (one.family, one.place) == cause]
    return belief.covariance + LARGE * sum(spread, np.zeros_like(belief.precision))
