"""Steps of pushed worlds in one compiled call: drives, networks, ground, friction, PyBullet, sensors.

A few worlds after the others go through all their steps, so that what PyBullet touches for them stays in the
cache. Worlds do not know each other, so the numbers are those of step after step through Python, to the bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.actuators.batch import DriveArrays
from hybridsim.counting import ZERO
from hybridsim.lending import Places
from hybridsim.networks.stepped import Past
from hybridsim.physics.brake import Rubbing, rub
from hybridsim.physics.native_loop import Moved, Wiring, advance, invoke
from hybridsim.simulator.carry import Mounting
from hybridsim.simulator.ground_lent import SETTLED, Called
from hybridsim.simulator.push import push
from hybridsim.simulator.recall import Clock, Recall
from hybridsim.simulator.watching import Watched, look, watched_at

DONE, DRY, REFUSED, BROKEN = 0, 1, 2, 3
"""All steps are done; sensors need new random numbers; PyBullet refused a step; a state is not finite."""


@njit(cache=True, nogil=True)
def hold(
    drives: DriveArrays,
    outputs: tuple[np.ndarray, np.ndarray],
    recall: Recall,
    mounting: Mounting,
    rubbing: Rubbing,
    wiring: Wiring,
    moved: Moved,
    ground: Called,
    places: Places | None,
    command: np.ndarray,
    steps: int,
    timestep: float,
    need: int,
    together: int,
    begin: tuple[int, int],
) -> tuple[int, int, int]:
    """Hold a command for some steps in every world.

    Args:
        drives: state, advanced.
        outputs: efforts and friction of the drives, written [world drive].
        recall: networks, advanced.
        mounting: load and inertia that the drives meet.
        rubbing: dry friction, advanced.
        wiring: to PyBullet.
        moved: read and written.
        ground: what pushes the worlds from outside, see `ground_lent`; zeros for nobody.
        places: of sensors, see `watching.watch`, or no sensors.
        command: [world drive].
        steps: how many.
        timestep: [s].
        need: random numbers that sensors use in a step, at most.
        together: worlds that go through their steps side by side.
        begin: world and step to begin with.

    Returns:
        How it ended, and world and step where; from there it goes on.
    """
    first = begin[1]
    for w in range(begin[0], len(command), together):
        own = slice(w, min(w + together, len(command)))
        outcome, step = hold_some(
            drives_in(drives, own),
            (outputs[0][own], outputs[1][own]),
            recall_in(recall, own),
            mounting_in(mounting, own),
            Rubbing(rubbing.friction[own], rubbing.bend[own], rubbing.stiffness[own], rubbing.damping[own]),
            wiring_in(wiring, own),
            Moved(moved.state[:, own], moved.base[own], moved.effort[own], moved.steps[own]),
            ground,
            places,
            command[own],
            (first, steps),
            timestep,
            need,
            np.arange(own.start, own.stop),
        )
        if outcome != DONE:
            return outcome, w, step
        first = 0
    return DONE, len(command), 0


@njit(cache=True, nogil=True)
def hold_some(
    drives: DriveArrays,
    outputs: tuple[np.ndarray, np.ndarray],
    recall: Recall,
    mounting: Mounting,
    rubbing: Rubbing,
    wiring: Wiring,
    moved: Moved,
    ground: Called,
    places: Places | None,
    command: np.ndarray,
    span: tuple[int, int],
    timestep: float,
    need: int,
    worlds: np.ndarray,
) -> tuple[int, int]:
    """The same for a few worlds, whose rows the arrays are; `worlds` are their numbers among the sensors'.

    Returns:
        How it ended, and at which step of the span.
    """
    state, effort = moved.state, moved.effort
    body = (state[0], state[1], effort, rubbing.friction)
    active, quiet = np.ones(len(worlds), np.bool_), np.zeros(len(worlds), np.bool_)
    if places is not None:
        watched = watched_at(places)
    for k in range(span[0], span[1]):
        if places is not None and dry(watched, worlds, need):
            return DRY, k
        push(drives, outputs, recall, mounting, body, command, active, timestep)
        if ground[0] != 0 and invoke(ground[0], (ground[1], worlds[0], worlds[-1] + 1)) != SETTLED:
            return BROKEN, k
        rub(rubbing.friction, state[1], rubbing.bend, rubbing.stiffness, rubbing.damping, timestep, effort)
        if advance(wiring, effort, quiet, effort, effort, state, moved.base) >= 0:
            return REFUSED, k
        for w in range(len(worlds)):
            moved.steps[w] += 1
        if not np.isfinite(state[0].sum() + state[1].sum()):
            return BROKEN, k
        if places is not None:
            look(watched, worlds, timestep, True)
    return DONE, span[1]


@njit(cache=True, nogil=True)
def dry(watched: Watched, worlds: np.ndarray, need: int) -> bool:
    """Whether one of the worlds might run out of random numbers in a step."""
    lines, most = watched.suite.lines, ZERO
    for w in worlds:
        most = max(most, lines.at[w])
    return need > 0 and most + need > lines.normal.shape[1]


@njit(cache=True, nogil=True)
def drives_in(drives: DriveArrays, own: slice) -> DriveArrays:
    """Rows of some worlds."""
    return DriveArrays(
        drives.parameters[own],
        drives.modes,
        drives.state[own],
        drives.past[own],
        drives.head[own],
        drives.delayed[own],
        drives.gain[own],
        drives.voltage[own],
        drives.enabled[own],
    )


@njit(cache=True, nogil=True)
def recall_in(recall: Recall, own: slice) -> Recall:
    """Rows of some worlds; they share what holds for a call alone."""
    clock, past = recall.clock, recall.past
    return Recall(
        Clock(clock.every, clock.period, clock.error, clock.members, clock.count[own], clock.before[own]),
        Past(
            past.ring[own],
            past.head[own],
            past.fresh[own],
            past.memory[own],
            past.values[own],
            past.features[own],
            past.tap_reads,
            past.tap_part,
            past.leak_reads,
            past.leak_weights,
        ),
        recall.brain,
        recall.value[own],
        recall.spread[own],
        recall.glide[own],
    )


@njit(cache=True, nogil=True)
def mounting_in(mounting: Mounting, own: slice) -> Mounting:
    """Rows of some worlds."""
    return Mounting(mounting.order, mounting.sign, mounting.zero, mounting.load[own], mounting.inertia[own])


@njit(cache=True, nogil=True)
def wiring_in(wiring: Wiring, own: slice) -> Wiring:
    """Rows of some worlds."""
    return Wiring(
        wiring.functions,
        wiring.handles[own],
        wiring.bodies[own],
        wiring.q_index,
        wiring.u_index,
        wiring.link,
    )
