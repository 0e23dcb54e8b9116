"""Where a fleet's units lie in what they differ in, and of which least is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from hybridsim.context.triage import loosened
from hybridsim.fleet.health import Story
from hybridsim.fleet.outlook import Outlook
from hybridsim.fleet.registry.knowledge import Context
from hybridsim.report.fleet_facts import EntrySpread, Wanted

WORST = 3
"""Entries named of a unit; chosen, because a motion that tells of three is already hard to find."""


def spread_of(common: Outlook, contexts: Mapping[str, Context]) -> list[EntrySpread]:
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


def wanted_of(common: Outlook, contexts: Mapping[str, Context], stories: Mapping[str, Story]) -> list[Wanted]:
    """Units, those first of which least is known; those without a context of their own stand as one."""
    own = {s: one for s, one in contexts.items() if one.population == common.population.id}
    found = [_own(common, own[serial], story) for serial, story in stories.items() if serial in own]
    if alike := sorted(set(stories) - set(own)):
        covariance = common.population.prior().covariance
        one = _wanted(common, alike[0], covariance, "nothing but what units have in common")
        found.append(replace(one, others=len(alike) - 1))
    return sorted(found, key=lambda one: (-one.log_det, one.serial))


def _own(common: Outlook, context: Context, story: Story) -> Wanted:
    """A unit, by the belief that its next logs will meet."""
    if story.alarm is None:
        return _wanted(common, context.serial, context.belief.covariance, "")
    cause = (story.alarm.family, story.alarm.place)
    belief = loosened(context.belief, common.bench.hypotheses, [cause])
    return _wanted(common, context.serial, belief.covariance, "changed: " + " of ".join(filter(None, cause)))


def _wanted(common: Outlook, serial: str, covariance: Float[np.ndarray, "entry entry"], why: str) -> Wanted:
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
