"""Scripted motions of a robot that hangs in a crane, each of which shows the drives from another side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from hybridsim.standin.model import design
from hybridsim.standin.robot import PERIOD
from hybridsim.standin.script import Script, within_limits
from hybridsim.standin.stance import stance

Offsets = Float[np.ndarray, "time joint"]
REACH = {"HAA": 0.24, "HFE": 0.45, "KFE": 0.45}
"""How far targets go from the stance, by the end of a joint's name [rad]; chosen: legs stay clear of each
other and of the stops, overshoot included."""
SLOW, FAST = 0.2, 4.0
"""Frequencies that are excited [Hz]; chosen: from friction alone to beyond the drives' bandwidth."""
CALM = 0.5
"""At either end of a script, in which motion fades in or out [s]."""
SINES = 8


def reach() -> Float[np.ndarray, " joint"]:
    """How far targets go from the stance [rad]."""
    return np.array([REACH[joint.name[-3:]] for joint in design().joints])


def hung_script(motion: str, random: np.random.Generator, seconds: float) -> Script:
    """A motion of this name around the stance [rad], some seconds long."""
    time = np.arange(round(seconds / PERIOD)) * PERIOD
    fade = np.clip(np.minimum(time, time[-1] - time) / CALM, 0.0, 1.0)[:, None]
    offsets = HUNG[motion](random, time) * reach() * fade
    return Script(motion=motion, hung=True, posture=stance(), target=within_limits(stance() + offsets))


def multisine(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Offsets:
    """All joints at once, each a sum of sines of its own, slower ones wider; -1 to 1."""
    shape = (SINES, len(reach()))
    frequency = np.exp(random.uniform(np.log(SLOW), np.log(FAST), shape))
    phase = random.uniform(0.0, 2.0 * np.pi, shape)
    waves = frequency**-0.7 * np.sin(2.0 * np.pi * frequency * time[:, None, None] + phase)
    return unit(waves.sum(axis=1))


def chirp(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Offsets:
    """Hips aside, hips ahead and knees in turn, ever faster, all four legs with phases of their own."""
    kinds = np.array([list(REACH).index(joint.name[-3:]) for joint in design().joints])
    turn = len(REACH) * time / (time[-1] + PERIOD)
    share = turn % 1.0  # of the time of the kind whose turn it is
    seconds = time[-1] / len(REACH)
    cycles = SLOW * seconds * ((FAST / SLOW) ** share - 1.0) / np.log(FAST / SLOW)
    phase = random.uniform(0.0, 2.0 * np.pi, len(kinds))
    waves = np.sin(2.0 * np.pi * cycles[:, None] + phase) * (1.0 - 0.6 * share[:, None])
    edge = np.clip(np.minimum(share, 1.0 - share) * seconds / CALM, 0.0, 1.0)[:, None]
    return waves * edge * (kinds == turn.astype(int)[:, None])


def steps(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Offsets:
    """One joint after the other jumps aside, to a random place, and rests there; the others stay."""
    joints = len(reach())
    found, here = np.zeros((len(time), joints)), np.zeros(joints)
    now, order = CALM, random.permutation(joints)
    for k in range(10 * joints * len(time)):
        if now >= time[-1]:
            break
        here[order[k % joints]] = random.choice([-1.0, 1.0]) * random.uniform(0.4, 1.0)
        found[time >= now] = here
        now += random.uniform(0.15, 0.45)
    return found


def wander(random: np.random.Generator, time: Float[np.ndarray, " time"]) -> Offsets:
    """Noise below some 3 Hz, all joints at once; -1 to 1."""
    white = random.normal(size=(len(time), len(reach())))
    return unit(gaussian_filter1d(white, 0.055 / PERIOD, axis=0))


def unit(waves: Offsets) -> Offsets:
    """Scaled to reach 1 somewhere in every column."""
    return waves / np.abs(waves).max(axis=0)


HUNG: dict[str, Callable[[np.random.Generator, Float[np.ndarray, " time"]], Offsets]] = {
    "multisine": multisine,
    "chirp": chirp,
    "steps": steps,
    "wander": wander,
}
