"""Motions that a robot could be asked to make, so that its log says much: within its limits, rest to rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.signal import chirp

from hybridsim.robot import Robot
from hybridsim.walking.smooth import smooth_step

MARGIN = 0.05
"""Of a joint's range, kept away from both of its limits; chosen, because drives overshoot."""
SPEED = 0.9
"""Of a joint's velocity limit, which commands keep to; chosen."""
TURN = np.pi
"""Farthest from the rest pose; chosen, because limits of several turns are placeholders [rad]."""
STILL = 0.5
"""At rest at both ends at least [s]."""
FREQUENCIES = (0.1, 1.5)
"""Slowest and fastest of what swings [1/s]; chosen, because joints that swing faster shake each other, which
replays of one drive along the others' paths leave out: a chirp up to 3 promised more and told less."""
TONES = 6
SWELL = 1.5
"""How long a swinging motion takes to grow, and to fade [s]."""
MIXED = "mixed"
"""Every joint a family of its own."""
Column = Float[np.ndarray, " time"]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far and how fast commands may go, one entry a drive, in joint angles.

    Attributes:
        joints: whose drives.
        low: smallest angle [rad].
        high: largest angle [rad].
        rest: where motions begin and end [rad].
        speed: largest [rad/s].
    """

    joints: tuple[str, ...]
    low: Float[np.ndarray, " drive"]
    high: Float[np.ndarray, " drive"]
    rest: Float[np.ndarray, " drive"]
    speed: Float[np.ndarray, " drive"]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Commands.

    Attributes:
        name: family and joints, for people.
        time_s: of the commands [s].
        angle: of the joints [rad].
    """

    name: str
    time_s: Column
    angle: Float[np.ndarray, "time drive"]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How moves from place to place go.

    Attributes:
        speed: slowest and fastest peak of a move, of the largest allowed.
        far: longest move, of the joint's range.
        pause: shortest and longest rest between moves [s].
    """

    speed: tuple[float, float]
    far: float
    pause: tuple[float, float]


PACES: Mapping[str, Pace] = {
    "slow sweeps": Pace(speed=(0.02, 0.1), far=1.0, pause=(0.1, 0.4)),
    "fast moves": Pace(speed=(0.4, 1.0), far=1.0, pause=(0.2, 0.6)),
    "steps": Pace(speed=(1.0, 1.0), far=0.1, pause=(0.4, 0.9)),
}
"""Chosen: slow ones show friction and load, fast ones damping and inertia, steps delays and gains."""
SWINGS = ("multisine", "chirp")
FAMILIES = (*PACES, *SWINGS)


def reach_of(robot: Robot) -> Reach:
    """What a robot's limits leave to commands; it rests where every joint is as near to 0 as that allows."""
    joints = [robot.joint(drive.joint) for drive in robot.drives]
    lower, upper = (np.array([getattr(j, side).value for j in joints]) for side in ("lower", "upper"))
    margin = MARGIN * (upper - lower)
    rest = np.clip(0.0, lower + margin, upper - margin)
    return Reach(
        joints=tuple(joint.name for joint in joints),
        low=np.maximum(lower + margin, rest - TURN),
        high=np.minimum(upper - margin, rest + TURN),
        rest=rest,
        speed=SPEED * np.array([joint.velocity_limit.value for joint in joints]),
    )


def motions(reach: Reach, *, seconds: float, rate_hz: float, count: int, seed: int) -> list[Motion]:
    """Candidates: each family with all joints at once, then families at single joints, then all over again.

    Args:
        reach: of the robot.
        seconds: that each lasts.
        rate_hz: of the commands.
        count: how many.
        seed: decides everything.
    """
    time = np.arange(max(2, round(seconds * rate_hz) + 1)) / rate_hz
    alone = [(family, joint) for family in FAMILIES for joint in reach.joints]
    np.random.default_rng(seed).shuffle(alone)
    kinds = [*((family, "") for family in (MIXED, *FAMILIES)), *alone]
    return [_motion(reach, time, *kinds[k % len(kinds)], [seed, k]) for k in range(count)]


def _motion(reach: Reach, time: Column, family: str, joint: str, seed: list[int]) -> Motion:
    """One candidate; joints that do not move with the others wait in some posture."""
    random = np.random.default_rng(seed)
    columns = []
    for d, name in enumerate(reach.joints):
        own = str(random.choice(FAMILIES)) if family == MIXED else family
        if joint in ("", name):
            column = _moves(random, time, reach, d, PACES[own]) if own in PACES else None
            column = _swing(random, time, reach, d, own) if column is None else column
        else:
            posture = random.uniform(reach.low[d], reach.high[d])
            column = reach.rest[d] + _swell(time) * (posture - reach.rest[d])
        columns.append(within(column, time, float(reach.rest[d]), float(reach.speed[d])))
    return Motion(name=f"{family}, {joint or 'all joints'}", time_s=time, angle=np.stack(columns, 1))


def within(column: Column, time: Column, rest: float, speed: float) -> Column:
    """The same, nearer to the rest pose where it is too fast [rad, rad/s]; between limits it stays there."""
    peak = float(np.abs(np.diff(column) / np.diff(time)).max())
    return rest + min(1.0, speed / max(peak, 1e-12)) * (column - rest)


def _moves(random: np.random.Generator, time: Column, reach: Reach, d: int, pace: Pace) -> Column:
    """One joint's way from place to place, with pauses, and back in time."""
    low, high, rest, top = (float(one[d]) for one in (reach.low, reach.high, reach.rest, reach.speed))
    here, now, out = rest, STILL, np.full(len(time), rest)
    home = lambda place: 1.875 * abs(place - rest) / (0.5 * top)  # noqa: E731
    while True:
        far = pace.far * (high - low)
        target = random.uniform(max(low, here - far), min(high, here + far))
        duration = 1.875 * abs(target - here) / (top * np.exp(random.uniform(*np.log(pace.speed))))
        left = float(time[-1]) - STILL - home(here) - now
        if left <= 0.0:
            break
        if duration + home(target) - home(here) > left:  # as far as there is time for
            target = here + (target - here) * max(0.0, left / (duration + home(target)))
            duration = min(duration, left)
        out = _step(out, time, now, (here, target), duration)
        here, now = target, now + duration + random.uniform(*pace.pause)
    return _step(out, time, float(time[-1]) - STILL - home(here), (here, rest), home(here))


def _step(out: Column, time: Column, start: float, ends: tuple[float, float], duration: float) -> Column:
    """A column that moves on from a moment on."""
    moved = ends[0] + (ends[1] - ends[0]) * smooth_step(time - start, duration)
    return np.where(time >= start, moved, out)


def _swell(time: Column) -> Column:
    """0 at both ends, 1 in between."""
    rise = min(SWELL, 0.25 * float(time[-1]))
    return smooth_step(time - STILL, rise) * smooth_step(time[-1] - STILL - time, rise)


def _swing(random: np.random.Generator, time: Column, reach: Reach, d: int, family: str) -> Column:
    """One joint's swinging about some place; slower where it would be too fast."""
    half = 0.5 * random.uniform(0.3, 1.0) * float(reach.high[d] - reach.low[d])
    middle = random.uniform(reach.low[d] + half, reach.high[d] - half)
    slow, fast = FREQUENCIES
    if family == "chirp":
        frequency = slow * (fast / slow) ** (time / time[-1])
        most = np.minimum(half, 0.7 * reach.speed[d] / (2 * np.pi * frequency))
        shape = most * chirp(time, slow, time[-1], fast, method="logarithmic", phi=int(random.integers(360)))
    else:
        tones = np.geomspace(slow, fast, TONES)
        phase = random.uniform(0.0, 2 * np.pi, TONES)
        waves = np.sin(2 * np.pi * np.outer(time, tones) + phase) / tones
        total = waves.sum(1)
        peak = max(
            np.abs(total).max() / half, np.abs(np.gradient(total, time)).max() / (0.7 * reach.speed[d])
        )
        shape = total / peak
    return reach.rest[d] + _swell(time) * (middle + shape - reach.rest[d])
