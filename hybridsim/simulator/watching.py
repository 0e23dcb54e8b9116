"""What sensors look at after a physics step, in one compiled call: feet, links, drives, then the sensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.actuators.drive import ANGLE, DUTY, MOTOR, SPEED
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.counting import ZERO
from hybridsim.lending import Lent, Places, integers1, numbers1, numbers2, numbers3
from hybridsim.physics.felt_loop import (
    LawForces,
    LinkForces,
    add_forces,
    add_impulses,
    law_forces_at,
    link_forces_at,
)
from hybridsim.sensors import Sources
from hybridsim.sensors import fronts as front
from hybridsim.sensors.suite import SUITE, Suite, sense, suite_at
from hybridsim.simulator.link_frames import CARRIED, ROOT, Carried, Root, carried_at, ride_root, root_at
from hybridsim.simulator.stepping import Carrying, Pushing


class Shafts(NamedTuple):
    """Joints and their drives; numba reads the arrays that others advance."""

    motion: np.ndarray
    """[1] 1 where drives carry their joints, else 0."""
    parameters: np.ndarray
    state: np.ndarray
    effort: np.ndarray
    """[world drive] on the joint [N*m]."""
    correction: np.ndarray
    """[world drive] of the residual: an angle where drives carry, else an effort."""
    order: np.ndarray
    sign: np.ndarray
    zero: np.ndarray
    position: np.ndarray
    """[world joint]."""
    velocity: np.ndarray


class Watched(NamedTuple):
    """What is read after a step, and who reads it; see `watch`."""

    suite: Suite
    sources: Sources
    before: np.ndarray
    shafts: Shafts
    carried: Carried
    root: Root
    feet: LinkForces
    law: LawForces


SHAFTS, SOURCES, FEET = len(Shafts._fields), len(Sources._fields), len(LinkForces._fields)


def shafts_of(stepping: Carrying | Pushing) -> Shafts:
    """The very arrays of what moves."""
    drives, mounting, body = stepping.drives, stepping.mounting, stepping.body
    return Shafts(
        motion=np.array([int(isinstance(stepping, Carrying))], np.int64),
        parameters=drives.parameters,
        state=drives.state,
        effort=drives.effort,
        correction=stepping.correction.value,
        order=mounting.order,
        sign=mounting.sign,
        zero=mounting.zero,
        position=body.joint_position,
        velocity=body.joint_velocity,
    )


@njit(cache=True, nogil=True)
def shafts_at(places: Places, k: int) -> Shafts:
    """What was lent from the k-th array on."""
    return Shafts(
        integers1(places, k),
        numbers3(places, k + 1),
        numbers3(places, k + 2),
        numbers2(places, k + 3),
        numbers2(places, k + 4),
        integers1(places, k + 5),
        numbers1(places, k + 6),
        numbers1(places, k + 7),
        numbers2(places, k + 8),
        numbers2(places, k + 9),
    )


@njit(cache=True, nogil=True)
def sources_at(places: Places, k: int) -> Sources:
    """What was lent from the k-th array on."""
    return Sources(
        numbers3(places, k),
        numbers3(places, k + 1),
        numbers2(places, k + 2),
        numbers3(places, k + 3),
        numbers1(places, k + 4),
        numbers1(places, k + 5),
    )


def lend(
    suite: Suite,
    sources: Sources,
    before: np.ndarray,
    shafts: Shafts,
    links: tuple[Carried, Root],
    feet: tuple[LinkForces, LawForces],
) -> Lent:
    """What `watch` reads; see there."""
    return Lent(suite, sources, before, shafts, *links, *feet)


@njit(cache=True, nogil=True)
def watched_at(places: Places) -> Watched:
    """What was lent."""
    suite, k = suite_at(places, ZERO), ZERO + SUITE
    sources, before = sources_at(places, k), numbers3(places, k + SOURCES)
    k += SOURCES + 1
    shafts, k = shafts_at(places, k), k + SHAFTS
    carried, root = carried_at(places, k), root_at(places, k + CARRIED)
    k += CARRIED + ROOT
    feet, law = link_forces_at(places, k), law_forces_at(places, k + FEET)
    return Watched(suite, sources, before, shafts, carried, root, feet, law)


@njit(cache=True, nogil=True)
def watch(places: Places, worlds: np.ndarray, h: float, touched: bool) -> int:
    """See how some worlds are now, and let their sensors read it.

    Args:
        places: of a suite of sensors, which is advanced; its sources, of which temperature and gravity are
            read, and forces where nobody is asked for them; their frames of the step before, written; the
            drives' shafts; links that the root carries, and the root; feet to be asked for, and feet on an
            identified ground.
        worlds: which.
        h: timestep [s].
        touched: whether forces are asked for; after a reset nothing touches yet.

    Returns:
        See `suite.sense`.
    """
    return look(watched_at(places), worlds, h, touched)


@njit(cache=True, nogil=True)
def look(watched: Watched, worlds: np.ndarray, h: float, touched: bool) -> int:
    """The same with everything at hand."""
    sources = watched.sources
    if touched and len(watched.feet.handles) > 0:
        add_forces(watched.feet, worlds, sources.force)
    if touched and len(watched.law.impulse) > 0:
        add_impulses(watched.law, worlds, h, sources.force)
    ride_root(watched.carried, watched.root, sources.frames, watched.before, worlds)
    read_drives(watched.shafts, sources.drives, worlds)
    return sense(watched.suite, sources, worlds, h)


@njit(cache=True, nogil=True)
def read_drives(shafts: Shafts, drives: np.ndarray, worlds: np.ndarray) -> None:
    """Angle as an ideal encoder reads it, speed, efforts of motor and joint, duty, see `sensors.Sources`.

    A drive that carries its joint has no effort on it but its motor's.
    """
    parameters, state, effort, correction = shafts.parameters, shafts.state, shafts.effort, shafts.correction
    position, velocity, order = shafts.position, shafts.velocity, shafts.order
    sign, zero, motion = shafts.sign, shafts.zero, shafts.motion[0] == 1
    for w in worlds:
        for d in range(len(order)):
            j, motor = order[d], state[w, d, MOTOR]
            drives[w, d, front.MOTOR] = motor
            if motion:
                angle, speed, joint = state[w, d, ANGLE], state[w, d, SPEED], motor
                angle += parameters[w, d, ENCODER_OFFSET]
                angle += correction[w, d]
            else:
                angle, speed = (position[w, j] - zero[j]) * sign[j], velocity[w, j] * sign[j]
                angle += parameters[w, d, ENCODER_OFFSET]
                joint = effort[w, d] + correction[w, d]
            drives[w, d, front.ANGLE], drives[w, d, front.SPEED] = angle, speed
            drives[w, d, front.JOINT], drives[w, d, front.DUTY] = joint, state[w, d, DUTY]
