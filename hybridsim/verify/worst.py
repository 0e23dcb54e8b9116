"""Search for the draw, within a calibration's intervals, that a policy copes with worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna

from hybridsim.calibration import Calibration
from hybridsim.envs.draws import within
from hybridsim.envs.worlds import Source
from hybridsim.verify.battery import Scenario, Worst
from hybridsim.verify.episodes import Batch
from hybridsim.verify.hunt import AT_ONCE, Hunt

EDGE = 1.96
"""Standard deviations from the middle of a 95 % interval to its end."""
SAMPLING, SEARCHING = 3, 4
"""Parts of a search that have random numbers of their own."""


@dataclass(frozen=True, kw_only=True)
class WorstDraw:
    """A draw within the calibration's intervals.

    Attributes:
        values: by name [their units].
        places: of each group of parameters in its interval: -1 its low end, 1 its high one.
        score: mean return under it, on the search's own episodes.
        usual: the same under draws at random.
    """

    values: Mapping[str, float]
    places: Mapping[str, float]
    score: float
    usual: float


def worst_draw(scenario: Scenario, hunt: Hunt) -> WorstDraw:
    """The draw with the lowest mean return, as far as so many trials find it.

    Optuna's CMA-ES moves parameters within their 95 % intervals; those of the same name at other joints move
    together, because twelve times as many directions would need as many more trials.
    """
    calibration, asked = hunt.source.calibration, scenario.worst
    assert calibration is not None and asked is not None and hunt.source.draws is not None
    groups = groups_of(calibration, hunt.source)
    study = optuna.create_study(sampler=sampler_of(len(groups), hunt.stream(scenario, SAMPLING)))
    space: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(-1.0, 1.0) for name in groups
    }
    usual = scores(scenario, [{}], asked, hunt)[0]
    best, done = WorstDraw(values={}, places={}, score=usual, usual=usual), 0
    while done < asked.trials:
        trials = [study.ask(space) for _ in range(min(AT_ONCE, asked.trials - done))]
        draws = [draw_at(calibration, groups, trial.params) for trial in trials]
        for trial, draw, score in zip(trials, draws, scores(scenario, draws, asked, hunt), strict=True):
            study.tell(trial, score)
            if score < best.score:
                best = WorstDraw(values=draw, places=dict(trial.params), score=score, usual=usual)
        done += len(trials)
        hunt.tell(done, asked.trials, scenario)
    return best


def sampler_of(dimensions: int, seed: int) -> optuna.samplers.BaseSampler:
    """CMA-ES, which wants two dimensions."""
    if dimensions < 2:
        return optuna.samplers.TPESampler(seed=seed)
    return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


def groups_of(calibration: Calibration, source: Source) -> dict[str, list[str]]:
    """Parameters with an interval in which worlds may differ, by `drive.*.delay` and the like."""
    assert source.draws is not None
    found: dict[str, list[str]] = {}
    for name, parameter in calibration.parameters.items():
        if parameter.interval_95 is None or name not in source.values:
            continue
        if name.startswith(source.draws.kinds):
            first, *middle, last = name.split(".")
            group = f"{first}.*.{last}" if middle and first == "drive" else name
            found.setdefault(group, []).append(name)
    return found


def draw_at(
    calibration: Calibration, groups: Mapping[str, Sequence[str]], places: Mapping[str, float]
) -> dict[str, float]:
    """Values by name where every group is at its place in its intervals."""
    known = calibration.parameters
    return {name: within(known[name], EDGE * places[group]) for group in groups for name in groups[group]}


def scores(scenario: Scenario, draws: Sequence[Mapping[str, float]], asked: Worst, hunt: Hunt) -> list[float]:
    """Mean return under each draw, on the same episodes."""
    batches = [
        Batch(
            subject=hunt.subject,
            scenario=scenario,
            seed=hunt.stream(scenario, SEARCHING),
            first=0,
            count=asked.episodes,
            own=draw,
        )
        for draw in draws
    ]
    return [float(outcome.columns["return"].mean()) for outcome in hunt.crew.outcomes(batches)]
