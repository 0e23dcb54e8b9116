"""Search for the weakest disturbance that breaks a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import optuna
from jaxtyping import Float
from scipy.stats import binomtest

from hybridsim.verify.battery import Scenario, Search
from hybridsim.verify.criteria import failures
from hybridsim.verify.disturbances import DISTURBANCES, span_of
from hybridsim.verify.episodes import Batch
from hybridsim.verify.hunt import AT_ONCE, Hunt

HALVINGS = 5
"""Of the strength's bounds; chosen, because a thirty-second is below what episodes can tell apart."""
FRESH = 40
"""Episodes of a halving, and of the share that is quoted; chosen: it is then known to about 0.15."""
SAMPLING, SEARCHING, HALVING, QUOTING = 0, 1, 2, 5
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
    all trials meet the same episodes. Along the best choice the strength at which the policy breaks is then
    found by halving on more episodes, which takes for granted that stronger is worse; the share of failures
    that is quoted comes from episodes that nothing was chosen on.
    """
    assert scenario.search is not None
    asked, total = scenario.search, scenario.search.trials + HALVINGS + 2
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
    weakest = halved(scenario, best, hunt, total)
    if weakest is None:
        return Broken(search=asked, values=None, joints=best.joints, trials=tuple(tried))
    return quoted(scenario, weakest, hunt, tried)


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
    """Of failures under each candidate, on the same few episodes."""
    assert scenario.search is not None
    count, seed = scenario.search.episodes, hunt.stream(scenario, SEARCHING)
    batches = [
        Batch(subject=hunt.subject, scenario=under(scenario, one), seed=seed, first=0, count=count)
        for one in some
    ]
    return [hunt.failed(outcome) for outcome in hunt.crew.outcomes(batches)]


def fresh(scenario: Scenario, one: Candidate, hunt: Hunt, part: int) -> Float[np.ndarray, " episode"]:
    """Which of more episodes fail under a candidate."""
    assert scenario.search is not None
    batches = fresh_batches(under(scenario, one), scenario.search, hunt, part)
    outcomes = hunt.crew.outcomes(batches)
    return np.concatenate([failures(outcome.columns, hunt.limits) for outcome in outcomes])


def fresh_batches(scenario: Scenario, search: Search, hunt: Hunt, part: int) -> list[Batch]:
    """Those episodes, a trial's number at a time."""
    every, seed = search.episodes, hunt.stream(scenario, part)
    return [
        Batch(
            subject=hunt.subject,
            scenario=scenario,
            seed=seed,
            first=first,
            count=min(every, FRESH - first),
        )
        for first in range(0, FRESH, every)
    ]


def halved(scenario: Scenario, best: Candidate, hunt: Hunt, total: int) -> Candidate | None:
    """The weakest that breaks in the best one's direction, at its moment, of its joints; None for none."""
    assert scenario.search is not None
    broken, low, high, done = scenario.search.broken, 0.0, 1.0, scenario.search.trials

    def breaks(strength: float) -> bool:
        nonlocal done
        done += 1
        hunt.tell(done, total, scenario)
        share = fresh(scenario, replace(best, strength=strength), hunt, HALVING).mean()
        return bool(share >= broken)

    if breaks(best.strength):
        high = best.strength
    elif breaks(1.0):
        low = best.strength
    else:
        return None
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if breaks(middle) else (middle, high)
    return replace(best, strength=high)


def quoted(scenario: Scenario, found: Candidate, hunt: Hunt, tried: Sequence[tuple[float, float]]) -> Broken:
    """With the share of failures on episodes that nothing was chosen on."""
    asked = scenario.search
    assert asked is not None
    failed = fresh(scenario, found, hunt, QUOTING)
    interval = binomtest(int(failed.sum()), FRESH).proportion_ci(hunt.confidence)
    return Broken(
        search=asked,
        values={asked.key: asked.value(found.strength), **found.chosen},
        joints=found.joints,
        share=float(failed.mean()),
        interval=(float(interval.low), float(interval.high)),
        episodes=FRESH,
        first_failed=int(failed.argmax()),
        trials=tuple(tried),
    )
