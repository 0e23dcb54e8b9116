"""Scripted motions on the ground: open loop, planned on the documented robot, slow enough not to fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.standin.robot import PERIOD
from hybridsim.standin.script import Script
from hybridsim.standin.stance import bearing, legs, stance, target_of
from hybridsim.walking.legs import shared_load
from hybridsim.walking.smooth import smooth_step

HEIGHT = 0.50
"""Of the base's origin [m]; chosen, because legs then reach a stride ahead and behind."""
CALM = 1.0
"""At either end of a script, in which motion fades in or out [s]."""
TROT_S, SWING_S, LIFT = 0.6, 0.24, 0.04
"""Period [s], time in the air [s] and height [m] of a foot; chosen, because soft and late drives keep up."""
UNLOAD = 1.0
"""Share of its load that a foot gives up on its way up, at most; chosen: unloading sooner tips the robot."""
SWAYS, DEEPEST = (0.055, 0.045, 0.035), 0.09
"""How far the base sways ahead, aside and up, and squats [m]; chosen, because further out feet slip."""
FASTEST, SHARPEST = 0.15, 0.2
"""Of the walk [m/s, rad/s]; chosen, as above."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Where base and feet are to be, one row a control period.

    Attributes:
        base: origin of the upright base [m].
        heading: of the base [rad].
        feet: lowest points of the feet [m].
        share: of the weight that each foot carries [1].
    """

    base: Float[np.ndarray, "time 3"]
    heading: Float[np.ndarray, " time"]
    feet: Float[np.ndarray, "time foot 3"]
    share: Float[np.ndarray, "time foot"]


def diagonals() -> Bool[np.ndarray, "2 foot"]:
    """Which feet swing together."""
    first = np.array([name[:2] in ("LF", "RH") for name in legs().feet])
    return np.stack([first, ~first])


def ground_script(motion: str, random: np.random.Generator, seconds: float) -> Script:
    """A motion of this name, some seconds long."""
    rows = round(seconds / PERIOD)
    plan = GROUND[motion](random, np.arange(rows) * PERIOD)
    places = turned(plan.feet - plan.base[:, None], -plan.heading[:, None])
    posture = legs().postures(places, stance())
    effort = np.array([bearing(*row) for row in zip(posture, plan.share, strict=True)])
    target = target_of(posture, np.gradient(posture, PERIOD, axis=0), effort)
    return Script(motion=motion, hung=False, posture=posture[0], target=target)


def footprints() -> Float[np.ndarray, "foot 3"]:
    """Where the feet stand around the origin [m]."""
    return legs().places(stance()) * [1.0, 1.0, 0.0]


def over(feet: Float[np.ndarray, "foot 3"]) -> Float[np.ndarray, "3"]:
    """Of the base's origin with the centre of mass over the middle of the feet [m]."""
    middle = feet.mean(axis=0) - legs().centre_of_mass(stance())
    return np.array([middle[0], middle[1], HEIGHT])


def planted(base: Float[np.ndarray, "time 3"]) -> Plan:
    """All feet stay where they are."""
    feet = footprints()
    centre = base + legs().centre_of_mass(stance())
    share = [shared_load(row, feet, np.ones(len(feet))) for row in centre]
    still = np.repeat(feet[None], len(base), axis=0)
    return Plan(base=base, heading=np.zeros(len(base)), feet=still, share=np.array(share))


def faded(time: Float[np.ndarray, " time"]) -> Float[np.ndarray, "time 1"]:
    """0 at either end, 1 between."""
    return smooth_step(np.minimum(time, time[-1] - time), CALM)[:, None]


def sway(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Plan:
    """The base goes ahead, aside and up and down by sines that do not repeat together."""
    frequency = random.uniform(0.15, 0.5, (3, 3))
    phase = random.uniform(0.0, 2.0 * np.pi, (3, 3))
    waves = np.sin(2.0 * np.pi * frequency * time[:, None, None] + phase).mean(axis=1)
    return planted(over(footprints()) + faded(time) * waves * SWAYS)


def squat(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Plan:
    """Down and up again, each time as deep and as fast as chance has it, with rests between."""
    down, now = np.zeros(len(time)), CALM
    while now + CALM < time[-1]:
        depth, half, rest = random.uniform(0.03, DEEPEST), random.uniform(0.5, 1.0), random.uniform(0.1, 0.6)
        down += depth * (smooth_step(time - now, half) - smooth_step(time - now - half - rest, half))
        now += 2.0 * half + 2.0 * rest
    lowered = np.zeros((len(time), 3))
    lowered[:, 2] = -down
    return planted(over(footprints()) + lowered * faded(time))


def trot(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Plan:
    """In place: the feet of one diagonal lift, then those of the other."""
    return trotted(time, np.zeros(len(time)), np.zeros(len(time)))


def walk(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Plan:
    """The same trot, slowly ahead and back and in curves, as chance has it."""
    frequency, phase = random.uniform(0.04, 0.1, 2), random.uniform(0.0, 2.0 * np.pi, 2)
    walking = np.minimum(time - CALM, time[-1] - 2.0 * CALM - time)  # while feet step, see `trotted`
    ahead, turn = np.sin(2.0 * np.pi * frequency * time[:, None] + phase).T * smooth_step(walking, CALM)
    return trotted(time, FASTEST * ahead, SHARPEST * turn)


def trotted(
    time: Float[np.ndarray, " time"], speed: Float[np.ndarray, " time"], turning: Float[np.ndarray, " time"]
) -> Plan:
    """A trot at some speed [m/s], turning at some rate [rad/s]; feet land where they stand best meanwhile."""
    heading = np.cumsum(turning) * PERIOD
    ahead = np.stack([np.cos(heading), np.sin(heading), np.zeros(len(time))], axis=1)
    base = over(footprints()) + np.cumsum(speed[:, None] * ahead, axis=0) * PERIOD
    feet, half = np.repeat(footprints()[None], len(time), axis=0), 0.5 * TROT_S
    carries = np.ones(feet.shape[:2])
    for step in range(int((time[-1] - 2.0 * CALM) / half)):
        begin = CALM + step * half
        middle = min(round((begin + 1.5 * half) / PERIOD), len(time) - 1)  # of the stance that follows
        places = footholds(base[middle], heading[middle])
        done = smooth_step(time - begin, SWING_S)[:, None]
        up = np.where((done > 0.0) & (done < 1.0), 4.0 * done * (1.0 - done), 0.0)
        for foot in np.flatnonzero(diagonals()[step % 2]):
            feet[:, foot] += done * (places[foot] - feet[-1, foot]) + up * [0.0, 0.0, LIFT]
            carries[:, foot] -= np.minimum(UNLOAD * up[:, 0], 1.0)
    share = carries / carries.sum(axis=1, keepdims=True)
    return Plan(base=base, heading=heading, feet=feet, share=share)


def footholds(base: Float[np.ndarray, "3"], heading: float) -> Float[np.ndarray, "foot 3"]:
    """Where the feet stand best under a base [m]."""
    from_base = footprints() - over(footprints()) * [1.0, 1.0, 0.0]
    return base * [1.0, 1.0, 0.0] + turned(from_base, np.full(len(from_base), heading))


def turned(
    place: Float[np.ndarray, "*#row 3"], heading: Float[np.ndarray, "*#row"]
) -> Float[np.ndarray, "*#row 3"]:
    """Places turned about the vertical by a heading [rad]."""
    x, y, z = np.moveaxis(np.asarray(place), -1, 0)
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)


GROUND: dict[str, Callable[[np.random.Generator, Float[np.ndarray, " time"]], Plan]] = {
    "sway": sway,
    "squat": squat,
    "trot": trot,
    "walk": walk,
}
