"""Sequential change detection: since when, at which joint, and which family of parameters moved.

Every log gives evidence about how far its unit is from the context that is believed of it. For each
hypothesis (a family at a joint, or at all joints) and each moment since when, the evidence has a likelihood
ratio against "nothing changed", where the unit is as far from its context as the belief says that it may be.
Their sum over moments is the Shiryaev-Roberts statistic, whose mean after n quiet logs is n, so that an alarm
at 1/rate comes on average not before 1/rate quiet logs. The newest log alone has no say in it: by where its
drives stick and slip it may look like no other.

Source: Pollak 1985, "Optimal detection of a change in distribution"; mixtures as in Shin, Ramdas and Rinaldo
2022, "E-detectors".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.context.evidence import Evidence
from hybridsim.context.families import FAMILIES, Family
from hybridsim.context.space import ContextSpace

Matrix = Float[np.ndarray, "entry entry"]
RATE = 1e-3
"""False alarms a quiet log, unless asked otherwise."""
TOGETHER = 0.7
"""Share of friction's variance that its parameters have in common; chosen, because wear scales all of it."""
WINDOW = 30
"""Logs back to which a change is looked for; chosen, because what has lasted longer has rung before."""
WITNESSES = 2
"""Logs that an alarm wants at least; chosen, because one in a thousand quiet ones looks changed."""
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
        statistic: Shiryaev-Roberts', to be compared with 1/rate; 0 below WITNESSES logs.
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


def noticed(hypotheses: Sequence[Hypothesis], covariance: Matrix, evidence: Sequence[Evidence]) -> Finding:
    """What the logs of a unit since its calibration say, the newest last.

    Args:
        hypotheses: what may have changed.
        covariance: of the belief that the calibration comes from.
        evidence: of every log, wander taken off.
    """
    recent = list(evidence)[-WINDOW:]
    pulls = np.cumsum([one.pull for one in reversed(recent)], axis=0)
    information = np.cumsum([one.information for one in reversed(recent)], axis=0)
    spreads = covariance + np.stack([np.zeros_like(covariance), *(one.spread for one in hypotheses)])
    found = np.stack([log_ratios(spreads, *both) for both in zip(pulls, information, strict=True)])
    ratio = found[:, 1:] - found[:, :1]
    share = np.exp(ratio - ratio.max())
    share /= share.sum()
    by_family: dict[str, float] = dict.fromkeys(FAMILIES, 0.0)
    for one, own in zip(hypotheses, share.sum(0), strict=True):
        by_family[one.family] += float(own)
    best = max(by_family, key=lambda family: by_family[family])
    likely = max(range(len(hypotheses)), key=lambda n: (hypotheses[n].family == best, share[:, n].sum()))
    return Finding(
        statistic=float(np.exp(np.minimum(ratio[WITNESSES - 1 :], LARGEST)).sum() / len(hypotheses)),
        since=len(evidence) - 1 - int(share[:, likely].argmax()),
        likelihoods=by_family,
        hypothesis=hypotheses[likely],
    )
