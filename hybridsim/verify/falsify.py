"""Search for the weakest disturbance that breaks a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import optuna
from scipy.stats import binomtest

from hybridsim.verify.battery import Scenario, Search
from hybridsim.verify.criteria import failures
from hybridsim.verify.disturbances import DISTURBANCES, span_of
from hybridsim.verify.episodes import Batch
from hybridsim.verify.hunt import AT_ONCE, Hunt

HALVINGS = 5
"""Of the found strength; chosen, because a thirty-second of it is below what episodes can tell apart."""
STEP = 1.1
"""By which a strength grows whose break fresh episodes do not confirm."""
MOST_STEPS = 8
CONFIRMING = 40
"""Fresh episodes that confirm a break; chosen: a share is then known to about 0.15."""
SAMPLING, SEARCHING, FRESH = 0, 1, 2
"""Parts of a search that have random numbers of their own."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """What a search for the weakest breaking disturbance found.

    Attributes:
        search: what was asked.
        values: of the disturbance and of what was chosen with it; None where nothing broke the policy.
        joints: pattern of those that a derating means.
        share: of fresh episodes that failed under it.
        interval: of that share.
        episodes: fresh ones.
        first_failed: the first of them that failed.
        trials: that were tried: (strength, share of failures).
    """

    search: Search
    values: Mapping[str, float] | None
    joints: str
    share: float = float("nan")
    interval: tuple[float, float] = (0.0, 1.0)
    episodes: int = 0
    first_failed: int = 0
    trials: tuple[tuple[float, float], ...] = ()

    @property
    def stands(self) -> bool:
        """Whether the policy stands what it has to."""
        wanted, values = self.search.stands, self.values
        if wanted is None or values is None:
            return True
        return self.search.strength(values[self.search.key]) >= self.search.strength(wanted)

    def scenario(self, scenario: Scenario) -> Scenario:
        """The scenario under what was found."""
        assert self.values is not None, "something was found"
        given = {**scenario.disturbances, **self.values}
        return scenario.model_copy(update={"disturbances": given, "derating_joints": self.joints})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial: how strong, and where, when or which."""

    strength: float
    chosen: Mapping[str, float] = field(default_factory=dict)
    joints: str = "*"


def falsify(scenario: Scenario, hunt: Hunt) -> Broken:
    """The weakest disturbance that breaks the policy, as far as so many trials find it.

    Optuna's TPE chooses strength and, with it, directions, moments or joints that the scenario leaves open;
    all trials meet the same episodes. What it found is then halved towards nothing, which takes for granted
    that stronger is worse, and confirmed on episodes that it was not chosen on.
    """
    assert scenario.search is not None
    asked, total = scenario.search, scenario.search.trials + HALVINGS + 1
    seed, first = hunt.stream(scenario, SAMPLING), max(AT_ONCE, asked.trials // 4)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=first, constant_liar=True)
    study = optuna.create_study(sampler=sampler)
    space = space_of(scenario, hunt)
    best: Candidate | None = None
    tried: list[tuple[float, float]] = []
    while len(tried) < asked.trials:
        trials = [study.ask(space) for _ in range(min(AT_ONCE, asked.trials - len(tried)))]
        some = [candidate_of(scenario, trial.params) for trial in trials]
        for trial, one, share in zip(trials, some, shares(scenario, some, hunt), strict=True):
            broken = share >= asked.broken
            study.tell(trial, one.strength if broken else 2.0 - share / asked.broken)
            tried.append((one.strength, share))
            if broken and (best is None or one.strength < best.strength):
                best = one
        hunt.tell(len(tried), total, scenario)
    if best is None:
        return Broken(search=asked, values=None, joints=scenario.derating_joints, trials=tuple(tried))
    weakest = halved(scenario, best, hunt, tried)
    return confirmed(scenario, weakest, hunt, tried)


def space_of(scenario: Scenario, hunt: Hunt) -> dict[str, optuna.distributions.BaseDistribution]:
    """What is chosen: the strength, and what the disturbance has that nobody gave."""
    assert scenario.search is not None
    found: dict[str, optuna.distributions.BaseDistribution] = {
        "strength": optuna.distributions.FloatDistribution(0.0, 1.0)
    }
    for name in DISTURBANCES[scenario.search.key].free:
        if name == "derating_joints":
            if scenario.derating_joints == "*":
                joints = ("*", *hunt.source.robot.joint_names)
                found[name] = optuna.distributions.CategoricalDistribution(joints)
        elif name not in scenario.disturbances:
            found[name] = optuna.distributions.FloatDistribution(*span_of(name, hunt.episode_s))
    return found


def candidate_of(scenario: Scenario, given: Mapping[str, float | str]) -> Candidate:
    """A trial's choice."""
    chosen = {name: float(x) for name, x in given.items() if name in DISTURBANCES}
    joints = str(given.get("derating_joints", scenario.derating_joints))
    return Candidate(strength=float(given["strength"]), chosen=chosen, joints=joints)


def under(scenario: Scenario, one: Candidate) -> Scenario:
    """The scenario with a candidate's disturbance."""
    assert scenario.search is not None
    found = {scenario.search.key: scenario.search.value(one.strength), **one.chosen}
    given = {**scenario.disturbances, **found}
    return scenario.model_copy(update={"disturbances": given, "derating_joints": one.joints})


def shares(scenario: Scenario, some: Sequence[Candidate], hunt: Hunt) -> list[float]:
    """Of failures under each candidate, on the same episodes."""
    assert scenario.search is not None
    batches = [
        Batch(
            subject=hunt.subject,
            scenario=under(scenario, one),
            seed=hunt.stream(scenario, SEARCHING),
            first=0,
            count=scenario.search.episodes,
        )
        for one in some
    ]
    return [hunt.failed(outcome) for outcome in hunt.crew.outcomes(batches)]


def halved(scenario: Scenario, best: Candidate, hunt: Hunt, tried: list[tuple[float, float]]) -> Candidate:
    """The same direction, moment and joints, weaker, as long as it breaks."""
    assert scenario.search is not None
    low, high = 0.0, best.strength
    for _ in range(HALVINGS):
        middle = Candidate(strength=0.5 * (low + high), chosen=best.chosen, joints=best.joints)
        share = shares(scenario, [middle], hunt)[0]
        tried.append((middle.strength, share))
        if share >= scenario.search.broken:
            high = middle.strength
        else:
            low = middle.strength
    return Candidate(strength=high, chosen=best.chosen, joints=best.joints)


def confirmed(scenario: Scenario, found: Candidate, hunt: Hunt, tried: list[tuple[float, float]]) -> Broken:
    """On fresh episodes; a little stronger where they do not break often enough."""
    asked = scenario.search
    assert asked is not None
    for step in range(MOST_STEPS + 1):
        strength = min(1.0, found.strength * STEP**step)
        one = Candidate(strength=strength, chosen=found.chosen, joints=found.joints)
        own, seed = under(scenario, one), hunt.stream(scenario, FRESH)
        firsts = range(0, CONFIRMING, asked.episodes)
        batches = [
            Batch(
                subject=hunt.subject,
                scenario=own,
                seed=seed,
                first=first,
                count=min(asked.episodes, CONFIRMING - first),
            )
            for first in firsts
        ]
        outcomes = hunt.crew.outcomes(batches)
        failed = np.concatenate([failures(outcome.columns, hunt.limits) for outcome in outcomes])
        bad = int(failed.sum())
        if bad >= asked.broken * CONFIRMING:
            break
        if strength >= 1.0 or step == MOST_STEPS:
            return Broken(search=asked, values=None, joints=found.joints, trials=tuple(tried))
    interval = binomtest(bad, CONFIRMING).proportion_ci(hunt.confidence)
    return Broken(
        search=asked,
        values={asked.key: asked.value(strength), **found.chosen},
        joints=found.joints,
        share=bad / CONFIRMING,
        interval=(float(interval.low), float(interval.high)),
        episodes=CONFIRMING,
        first_failed=int(failed.argmax()),
        trials=tuple(tried),
    )
