"""All sensors of a robot in all its worlds: ideal values in, readings out, one compiled call a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from hybridsim.counting import ZERO
from hybridsim.lending import Places, integers1, integers2, numbers3
from hybridsim.networks.inference import Networks
from hybridsim.sensors.backs import RING, differentiate, switch, turn
from hybridsim.sensors.fronts import (
    CHANNELS,
    CONTACT,
    EFFORT,
    ENCODER,
    FORCE,
    IMU,
    POSE,
    WINDOW,
    WRENCH,
    Sources,
    efforts,
    encoders,
    forces,
    inertial,
    loads,
    poses,
    wrenches,
)
from hybridsim.sensors.layout import (
    Mounted,
    channels_of,
    draws_in_a_step,
    front_of,
    in_order,
    mix_of,
    starts_of,
    table_of,
    timing_of,
)
from hybridsim.sensors.line import (
    FIRST,
    GROWTH,
    KIND,
    MIXED,
    READING,
    STAMP,
    Lines,
    carry,
    find_due,
    lines_at,
    new_lines,
    sample,
)
from hybridsim.sensors.residual import forget, renew, residual_of

LEAST_BLOCK = 512
"""Random numbers that a world fetches at once; chosen, because a call then costs less than its numbers."""


class Suite(NamedTuple):
    """Sensors as compiled loops step them."""

    table: np.ndarray
    """[sensor 5] see `fronts`; sensors of one kind follow each other."""
    starts: np.ndarray
    """[kind + 1] where each kind's rows begin."""
    front: np.ndarray
    """[world sensor parameter] see `fronts`."""
    memory: np.ndarray
    """[world sensor slot] what front and back ends remember."""
    lines: Lines


SUITE = len(Suite._fields) - 1 + len(Lines._fields)
"""Arrays in all."""


class Sensors:
    """Sensors of N worlds; a world's readings do not depend on the others."""

    def __init__(
        self,
        mounted: Sequence[Mounted],
        values: Sequence[Mapping[str, Mapping[str, float]]],
        timestep: float,
        seed: int = 0,
        networks: Sequence[Networks] = (),
    ) -> None:
        """Build them; `reset` comes before the first step.

        Args:
            mounted: the sensors; `in_order` says in which order they are kept.
            values: per world every sensor's parameters by its name, see `parameters.sensor_values`.
            timestep: of one step [s].
            seed: of everything that is left to chance.
            networks: that noise follows, see `residual`; none for noise as the parameters say.

        Raises:
            CalibrationError: networks of other sensors.
        """
        self.mounted, self.timestep, self.seed = tuple(in_order(mounted)), timestep, seed
        worlds = len(values)
        arrays: dict[int, tuple[np.ndarray, ...]] = {}
        for one in values:
            arrays.setdefault(id(one), _arrays(self.mounted, one, timestep))
        rows = [arrays[id(one)] for one in values]
        coefficient, timing, front, mix = (np.stack(parts) for parts in zip(*rows, strict=True))
        table = table_of(self.mounted)
        probe = new_lines(coefficient, timing, mix, 0)
        self.need = draws_in_a_step(probe, front, table)
        """Random numbers that a world uses in a step, at most."""
        block = max(LEAST_BLOCK, 16 * self.need) if self.need else 0
        windows = front[:, table[:, KIND] == ENCODER, WINDOW]
        memory = np.zeros((worlds, len(mounted), RING + 2 * (int(windows.max(initial=0.0)) + 1)))
        self.arrays = Suite(
            table, starts_of(table), front, memory, new_lines(coefficient, timing, mix, block)
        )
        self.residuals = [residual_of(one, self.mounted, worlds, timestep) for one in networks]
        self._episode, self._first = np.zeros(worlds, np.int64), 0
        self._random: list[np.random.Generator | None] = [None] * worlds

    @property
    def reading(self) -> Float[np.ndarray, "world channel"]:
        """What every channel reads now."""
        return self.arrays.lines.state[:, :, READING]

    @property
    def strength(self) -> Float[np.ndarray, "world channel"]:
        """How strong every channel's noise is now, over what its parameters say [1]."""
        return 1.0 + self.arrays.lines.state[:, :, GROWTH]

    @property
    def stamp(self) -> Float[np.ndarray, "world sensor"]:
        """Moment of each sensor's reading, counted from its world's reset [s]."""
        return self.arrays.lines.moment[:, :, STAMP]

    @property
    def age(self) -> Float[np.ndarray, "world sensor"]:
        """Time since that moment; a sensor's delay comes on top [s]."""
        return self.arrays.lines.count[:, :1] * self.timestep - self.stamp

    def columns(self, sensor: int) -> slice:
        """The channels of a sensor."""
        first = int(self.arrays.table[sensor, FIRST])
        return slice(first, first + CHANNELS[self.arrays.table[sensor, KIND]])

    def restart(self, seed: int, first: int = 0) -> None:
        """Leave to chance as new sensors would, by another seed; `first` is the first world's number."""
        self.seed, self._first = seed, first
        self._episode[:] = 0

    def begin(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Forget everything in some worlds and start another episode there; sense their state next.

        What is left to chance follows from the seed, the world's number and how often it was reset before.
        """
        suite = self.arrays
        for array in (suite.memory, suite.lines.count, suite.lines.moment, suite.lines.state):
            array[worlds] = 0
        for residual in self.residuals:
            forget(residual, worlds)
        suite.lines.count[worlds, 0] = -1
        for w in worlds.tolist():
            if self.need:
                self._random[w] = np.random.default_rng([self.seed, self._first + w, int(self._episode[w])])
                self._fetch(w)
        self._episode[worlds] += 1

    def sense(self, sources: Sources, worlds: Int[np.ndarray, " some"]) -> None:
        """One step: sensors look at the state in which the worlds are now."""
        self.spend(sense(self.arrays, sources, worlds, self.timestep))
        self.follow(sources, worlds)

    def follow(self, sources: Sources, worlds: Int[np.ndarray, " some"]) -> None:
        """After a step that compiled code sensed: let networks look at it."""
        for residual in self.residuals:
            renew(residual, self.arrays.lines, sources.drives, worlds)

    def spend(self, used: int | None = None) -> None:
        """Fetch numbers where a world might run out of them; `used` is what a compiled step returned."""
        if self.need and (used is None or used + self.need > self.arrays.lines.normal.shape[1]):
            for w in np.flatnonzero(self.arrays.lines.at + self.need > self.arrays.lines.normal.shape[1]):
                self._fetch(int(w))

    def _fetch(self, w: int) -> None:
        """New numbers for one world; what was left is dropped, which depends on that world alone."""
        random, lines = self._random[w], self.arrays.lines
        assert random is not None, "worlds begin before they are sensed"
        random.standard_normal(out=lines.normal[w])
        lines.at[w] = 0


def _arrays(
    mounted: Sequence[Mounted], values: Mapping[str, Mapping[str, float]], timestep: float
) -> tuple[np.ndarray, ...]:
    """One world's coefficients, timing, front ends and mixes."""
    own = [values[one.sensor.name] for one in mounted]
    channels = [channels_of(one.sensor.kind, p, timestep) for one, p in zip(mounted, own, strict=True)]
    imus = [(one, p) for one, p in zip(mounted, own, strict=True) if one.sensor.kind == "imu"]
    return (
        np.concatenate(channels),
        np.array([timing_of(p) for p in own]),
        np.stack([front_of(one, p, timestep) for one, p in zip(mounted, own, strict=True)]),
        np.array([mix_of(one.sensor.name, p) for one, p in imus]).reshape(-1, MIXED, MIXED),
    )


@njit(cache=True, nogil=True)
def suite_at(places: Places, k: int) -> Suite:
    """What was lent from the k-th array on."""
    return Suite(
        integers2(places, k),
        integers1(places, k + 1),
        numbers3(places, k + 2),
        numbers3(places, k + 3),
        lines_at(places, k + 4),
    )


@njit(cache=True, nogil=True)
def sense(suite: Suite, sources: Sources, worlds: np.ndarray, h: float) -> int:
    """Advance all sensors of some worlds by one step of h seconds.

    Returns:
        The most random numbers that any of the worlds has used of its store.
    """
    table, starts, front, memory, lines = suite.table, suite.starts, suite.front, suite.memory, suite.lines
    count, ideal = lines.count, lines.ideal
    for w in worlds:
        count[w, 0] += 1
    inertial(table, range(starts[IMU], starts[IMU + 1]), front, memory, ideal, sources, worlds, count, h)
    encoders(
        table,
        range(starts[ENCODER], starts[ENCODER + 1]),
        front,
        memory,
        ideal,
        sources.drives,
        worlds,
        count,
    )
    efforts(table, range(starts[EFFORT], starts[EFFORT + 1]), front, ideal, sources.drives, worlds)
    forces(table, range(starts[FORCE], starts[FORCE + 1]), front, memory, ideal, sources.force, worlds, count)
    loads(table, range(starts[CONTACT], starts[CONTACT + 1]), ideal, sources.force, worlds)
    wrenches(table, range(starts[WRENCH], starts[WRENCH + 1]), front, ideal, sources.wrench, worlds)
    poses(table, range(starts[POSE], starts[POSE + 1]), ideal, sources.frames, worlds, count)
    carry(lines, worlds)
    find_due(lines, worlds, h)
    sample(lines, table, worlds)
    differentiate(table, range(starts[ENCODER], starts[ENCODER + 1]), front, memory, lines, worlds)
    switch(table, range(starts[CONTACT], starts[CONTACT + 1]), front, memory, lines, worlds)
    turn(table, range(starts[POSE], starts[POSE + 1]), lines, worlds)
    used = ZERO
    for w in worlds:
        used = max(used, int(lines.at[w]))
    return used
