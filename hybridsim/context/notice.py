"""Sequential change detection: since when, at which joint, and which family of parameters moved.

Every log gives evidence about how far its unit is from the context that is believed of it. For each
hypothesis (a family at a joint, or at all joints) and each moment since when, the evidence has a likelihood
ratio against "nothing changed", where the unit is as far from its context as the belief says that it may be
after the logs before that moment. Their sum over moments is the Shiryaev-Roberts statistic, whose mean after
n quiet logs is n, so that an alarm at 1/rate comes on average not before 1/rate quiet logs. No log alone
rings: by where its drives stick and slip it may look like no other, so the rest has to speak for it too.

Source: Pollak 1985, "Optimal detection of a change in distribution"; mixtures as in Shin, Ramdas and Rinaldo
2022, "E-detectors".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.context.belief import Belief, followed
from hybridsim.context.evidence import Evidence
from hybridsim.context.families import FAMILIES, Family
from hybridsim.context.space import ContextSpace, Point

Matrix = Float[np.ndarray, "entry entry"]
RATE = 1e-3
"""False alarms a quiet log, unless asked otherwise."""
TOGETHER = 0.7
"""Share of friction's variance that its parameters have in common; chosen, because wear scales all of it."""
WINDOW = 30
"""Logs back to which a change is looked for; chosen, because what has lasted longer has rung before."""
SUSPECT = 2.0
"""Logarithm of the likelihood ratio from which on logs speak for a change: of a log alone, from which the
unit's context is not learned then, and of all of an alarm's but the loudest; chosen."""
LARGEST = 600.0  # of a logarithm whose exponential is still a number


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A family of parameters that changes at a joint or link, or at all of them.

    Attributes:
        family: which.
        place: where; empty for all.
        entries: of the context that are free then.
        spread: covariance of the change, 0 for the entries that stay [typical changes squared].
    """

    family: Family
    place: str
    entries: tuple[int, ...]
    spread: Matrix


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the newest log makes of a unit.

    Attributes:
        statistic: Shiryaev-Roberts', to be compared with 1/rate; 0 where one log alone makes it.
        since: number of the log at which the change most likely came, of those given.
        likelihoods: of every family, adding up to 1.
        hypothesis: the most likely one of the most likely family.
    """

    statistic: float
    since: int
    likelihoods: dict[str, float]
    hypothesis: Hypothesis


def hypotheses_of(space: ContextSpace) -> list[Hypothesis]:
    """Each family at each place that has entries of it, and at all places where there are several."""
    out = []
    for family in FAMILIES:
        own = [k for k, entry in enumerate(space.entries) if entry.family == family]
        places = sorted({space.entries[k].place for k in own})
        parts = [(place, [k for k in own if space.entries[k].place == place]) for place in places]
        if len(parts) > 1:
            parts.append(("", own))
        out += [
            Hypothesis(family=family, place=place, entries=tuple(part), spread=_spread(space, part))
            for place, part in parts
        ]
    return out


def _spread(space: ContextSpace, entries: Sequence[int]) -> Matrix:
    """Unit variance each, in friction a share in common."""
    along = np.zeros(len(space))
    for k in entries:
        along[k] = space.entries[k].family == "friction" and space.entries[k].parameter.value != 0.0
    out = TOGETHER * np.outer(along, along)
    own = np.zeros(len(space))
    own[list(entries)] = 1.0
    return out + np.diag(own - np.diagonal(out))


def log_ratios(
    covariances: Float[np.ndarray, "hypothesis entry entry"],
    pull: Float[np.ndarray, " entry"],
    information: Matrix,
) -> Float[np.ndarray, " hypothesis"]:
    """Logarithms of the likelihoods of contexts spread like these, over that of the believed one."""
    inner = np.eye(len(pull)) + covariances @ information
    sign, size = np.linalg.slogdet(inner)
    assert (sign > 0).all(), "covariances and information are positive"
    return 0.5 * np.linalg.solve(inner, (covariances @ pull)[:, :, None])[:, :, 0] @ pull - 0.5 * size


def expectations(
    hypotheses: Sequence[Hypothesis], belief: Belief, evidence: Sequence[Evidence]
) -> list[Belief]:
    """What is believed before each of a unit's logs, as told by those before it that look unchanged.

    Args:
        hypotheses: what may have changed.
        belief: that the calibration comes from.
        evidence: of every log at the belief's mean, wander taken off; from old to new.
    """
    spreads, now, out = _spreads(hypotheses), belief, []
    for one in evidence:
        out.append(now)
        away = one.pull - one.information @ (now.mean - belief.mean)
        ratio = log_ratios(now.covariance + spreads, away, one.information)
        if ratio[1:].max() - ratio[0] <= SUSPECT:
            now = followed(now, belief.mean, [one])
    return out


def noticed(
    hypotheses: Sequence[Hypothesis],
    expected: Sequence[Belief],
    evidence: Sequence[Evidence],
    settled: int = 0,
) -> Finding | None:
    """What the logs of a unit since its calibration say, the newest last.

    Args:
        hypotheses: what may have changed.
        expected: before each of the logs, the calibration's own belief first.
        evidence: of every log, wander taken off.
        settled: logs from the beginning that are no younger than those that the calibration comes from, so
            that no change since can be in them.

    Returns:
        What the newest log makes of it; None where all logs are settled.
    """
    first = max(settled, len(evidence) - WINDOW)
    recent = list(zip(expected, evidence, strict=True))[first:]
    if not recent:
        return None
    pulls = np.cumsum([one.pull for _, one in reversed(recent)], axis=0)
    information = np.cumsum([one.information for _, one in reversed(recent)], axis=0)
    spreads, point = _spreads(hypotheses), expected[0].mean
    found = np.stack(
        [
            log_ratios(before.covariance + spreads, pull - said @ (before.mean - point), said)
            for (before, _), pull, said in zip(reversed(recent), pulls, information, strict=True)
        ]
    )
    ratio = found[:, 1:] - found[:, :1]
    share = np.exp(ratio - ratio.max())
    share /= share.sum()
    by_family: dict[str, float] = dict.fromkeys(FAMILIES, 0.0)
    for one, own in zip(hypotheses, share.sum(0), strict=True):
        by_family[one.family] += float(own)
    best = max(by_family, key=lambda family: by_family[family])
    likely = max(range(len(hypotheses)), key=lambda n: (hypotheses[n].family == best, share[:, n].sum()))
    since = len(evidence) - 1 - int(share[:, likely].argmax())
    told = without_each(hypotheses[likely], expected[since], point, evidence[since:]) > SUSPECT
    return Finding(
        statistic=float(np.exp(np.minimum(ratio, LARGEST)).sum() / len(hypotheses)) if told else 0.0,
        since=since,
        likelihoods=by_family,
        hypothesis=hypotheses[likely],
    )


def without_each(hypothesis: Hypothesis, before: Belief, point: Point, evidence: Sequence[Evidence]) -> float:
    """Logarithm of a hypothesis' likelihood ratio, without the log that speaks most for it.

    Args:
        hypothesis: what may have changed.
        before: what is believed before the first of the logs.
        point: at which their evidence is.
        evidence: of logs since.
    """
    both = before.covariance + _spreads([hypothesis])
    pull, information = sum(one.pull for one in evidence), sum(one.information for one in evidence)
    left = [
        log_ratios(both, pull - one.pull - said @ (before.mean - point), said)
        for one in evidence
        for said in [information - one.information]
    ]
    return float(min(changed - usual for usual, changed in left))


def _spreads(hypotheses: Sequence[Hypothesis]) -> Float[np.ndarray, "hypothesis entry entry"]:
    """Of all hypotheses, that nothing changed before them."""
    return np.stack([np.zeros_like(hypotheses[0].spread), *(one.spread for one in hypotheses)])
