"""Tosses in numbers: errors after each impact, by landing and by speed, and energy through impacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.frames import geodesic_angle
from hybridsim.replay import Replay
from hybridsim.report.impacts import HALF, LANDINGS, impact_times, landing, reach_of
from hybridsim.report.toss_body import Body, Motion, Toss, energy, tosses_of

SETTLED = 0.05
"""After an impact at which its error is read [s]."""
MOST_IMPACTS = 4
"""Counted one by one; this one and later ones are taken together."""
FIRST_IMPACTS = 2
"""Whose energies are compared; chosen, because later ones of a replay are not the real ones."""
PAIRED = 25e-3
"""Between a real impact and the simulated one that counts as the same [s]."""
FEW = 3
"""Samples over which energies before and after an impact are averaged."""
SPEED_BINS, FEWEST = 4, 4
"""Of equally many logs each; logs in one."""
UNITS = {"base_position": "m", "base_orientation": "rad"}


@dataclass(frozen=True, kw_only=True, eq=False)
class TossNumbers:
    """What one log adds to the page.

    Attributes:
        impacts: when the measured motion shows them [s].
        speed: of the origin just before the first [m/s]; NaN without one.
        landing: corner, edge or face; empty without an impact.
        mean: variant -> signal -> mean error over the log [m, rad].
        after: variant -> signal -> error before the first impact, after the first, ... [m, rad].
        energy: energy after over energy before each of the first impacts; of `measured` and the variants.
    """

    impacts: Float[np.ndarray, " impact"]
    speed: float
    landing: str
    mean: dict[str, dict[str, float]]
    after: dict[str, dict[str, Float[np.ndarray, " moment"]]]
    energy: dict[str, Float[np.ndarray, " first"]]


def toss_scores(replays: Sequence[Replay], bodies: Mapping[str, Body]) -> dict[str, Any]:
    """What scores.json holds under `passive`; medians and quartiles are over logs, each counts once.

    Args:
        replays: of base_position and base_orientation.
        bodies: by log id, because a body may vary from log to log.
    """
    found = {toss.log_id: toss_numbers(toss, bodies[toss.log_id]) for toss in tosses_of(replays)}
    numbers = list(found.values())
    landed = [one for one in numbers if one.landing]
    return {
        "after_impact": after_impacts(numbers),
        "by_speed": by_speed(landed),
        "by_landing": [
            group(kind, mine) for kind in LANDINGS if (mine := [n for n in landed if n.landing == kind])
        ],
        "body": next(iter(bodies.values())).drawing(),
        "logs": {
            log_id: {
                "impacts_s": one.impacts,
                "speed_m_s": one.speed,
                "landing": one.landing,
                "energy_after_over_before": one.energy,
            }
            for log_id, one in found.items()
        },
    }


def toss_numbers(toss: Toss, body: Body) -> TossNumbers:
    """One log in numbers; impacts are those of the measured motion."""
    impacts = impact_times(toss.measured, body.gravity)
    errors = {name: errors_of(toss.measured, motion) for name, motion in toss.predicted.items()}
    each = lambda read: {n: {s: read(e) for s, e in own.items()} for n, own in errors.items()}  # noqa: E731
    through = lambda motion: through_impacts(body, motion, impacts)  # noqa: E731
    return TossNumbers(
        impacts=impacts,
        speed=first_speed(toss.measured, impacts),
        landing=landing(toss.measured, body) if len(impacts) else "",
        mean=each(lambda error: float(error.mean())),
        after=each(lambda error: at_moments(toss.measured.time_s, error, impacts)),
        energy={"measured": through(toss.measured)} | {n: through(m) for n, m in toss.predicted.items()},
    )


def errors_of(measured: Motion, predicted: Motion) -> dict[str, Float[np.ndarray, " time"]]:
    """Distance [m] and geodesic angle [rad] at every sample."""
    return {
        "base_position": np.linalg.norm(predicted.position - measured.position, axis=1),
        "base_orientation": geodesic_angle(measured.orientation, predicted.orientation),
    }


def at_moments(
    time: Float[np.ndarray, " time"], error: Float[np.ndarray, " time"], impacts: Float[np.ndarray, " impact"]
) -> Float[np.ndarray, " moment"]:
    """Error before the first impact and `SETTLED` after each, or just before the next where that is sooner.

    The last of the moments is the mean over impacts from `MOST_IMPACTS` on; NaN where there are none.
    """
    found = np.full(MOST_IMPACTS + 1, np.nan)
    begins = np.concatenate([[-np.inf], impacts])
    ends = np.concatenate([impacts - HALF, [np.inf]])
    moments = np.minimum(np.where(np.isfinite(begins), begins + SETTLED, np.inf), ends)
    read = np.interp(np.minimum(moments, time[-1]), time, error)
    each = min(MOST_IMPACTS, len(read))
    found[:each] = read[:each]
    if len(read) > MOST_IMPACTS:
        found[MOST_IMPACTS] = read[MOST_IMPACTS:].mean()
    return found


def first_speed(motion: Motion, impacts: Float[np.ndarray, " impact"]) -> float:
    """Speed of the origin just before the first impact [m/s]; NaN without one or without samples before."""
    before = np.flatnonzero(motion.time_s <= impacts[0] - HALF) if len(impacts) else np.zeros(0, int)
    k = reach_of(motion)
    if len(before) <= k:
        return float("nan")
    last, first = before[-1], before[-1] - k
    rate = (motion.position[last] - motion.position[first]) / (motion.time_s[last] - motion.time_s[first])
    return float(np.linalg.norm(rate))


def through_impacts(
    body: Body, motion: Motion, real: Float[np.ndarray, " impact"]
) -> Float[np.ndarray, " first"]:
    """Energy after over before a motion's own first impacts; NaN where it has none near the real one."""
    found, k = np.full(FIRST_IMPACTS, np.nan), reach_of(motion)
    if not body.whole:
        return found
    own, held = impact_times(motion, body.gravity), energy(body, motion, k)
    early, late = np.roll(motion.time_s, k), np.roll(motion.time_s, -k)  # what each velocity was read from
    for n in range(min(FIRST_IMPACTS, len(own), len(real))):
        if abs(own[n] - real[n]) > PAIRED:
            continue
        last = own[n - 1] if n else -np.inf
        following = own[n + 1] if n + 1 < len(own) else np.inf
        before = held[np.isfinite(held) & (early >= last + HALF) & (late <= own[n] - HALF)][-FEW:]
        after = held[np.isfinite(held) & (early >= own[n] + HALF) & (late <= following - HALF)][:FEW]
        if len(before) and len(after):
            found[n] = after.mean() / before.mean()
    return found


def after_impacts(numbers: Sequence[TossNumbers]) -> list[dict[str, Any]]:
    """One group before the first impact, one after each of the first, one after all later ones."""
    found = []
    for n in range(MOST_IMPACTS + 1):
        label = "before" if n == 0 else f"{n}+" if n == MOST_IMPACTS else str(n)
        found.append(_group(label, numbers, lambda one, n=n: _moment(one, n)))
    return [one for one in found if one["logs"]]


def _moment(one: TossNumbers, n: int) -> dict[str, dict[str, float]]:
    return {name: {s: float(e[n]) for s, e in own.items()} for name, own in one.after.items()}


def by_speed(numbers: Sequence[TossNumbers]) -> list[dict[str, Any]]:
    """Groups of equally many logs by speed at the first impact, slow ones first."""
    fast = sorted((one for one in numbers if np.isfinite(one.speed)), key=lambda one: one.speed)
    bins = max(1, min(SPEED_BINS, len(fast) // FEWEST))
    parts = [part for part in np.array_split(np.arange(len(fast)), bins) if len(part)]
    return [
        group(f"{fast[part[0]].speed:.2f} to {fast[part[-1]].speed:.2f}", [fast[i] for i in part])
        for part in parts
    ]


def group(label: str, numbers: Sequence[TossNumbers]) -> dict[str, Any]:
    """Logs together: their mean errors."""
    return _group(label, numbers, lambda one: one.mean)


def _group(
    label: str,
    numbers: Iterable[TossNumbers],
    read: Callable[[TossNumbers], Mapping[str, Mapping[str, float]]],
) -> dict[str, Any]:
    """A label, the number of logs, and per variant and signal median and quartiles over logs."""
    held = [read(one) for one in numbers]
    names = list(held[0]) if held else []
    errors = {
        name: {signal: spread([one[name][signal] for one in held], unit) for signal, unit in UNITS.items()}
        for name in names
    }
    logs = max((own["logs"] for variant in errors.values() for own in variant.values()), default=0)
    return {"label": label, "logs": logs, "variants": errors}


def spread(values: Sequence[float], unit: str) -> dict[str, Any]:
    """Median and quartiles of what is not NaN."""
    held = np.array([value for value in values if np.isfinite(value)])
    if not len(held):
        return {"unit": unit, "logs": 0, "median": None, "quartiles": [None, None]}
    low, middle, high = np.quantile(held, [0.25, 0.5, 0.75]).tolist()
    return {"unit": unit, "logs": len(held), "median": middle, "quartiles": [low, high]}
