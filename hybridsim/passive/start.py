"""Where replays start: at the first measured state, or at one fitted to the flight before the first touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.frames import conjugate, product, rotation_vector
from hybridsim.passive.laid import Paths, Starts
from hybridsim.passive.near import flying
from hybridsim.passive.parameters import Noise
from hybridsim.passive.pieces import Batch, batch
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import Setups
from hybridsim.passive.track import Track
from hybridsim.scatter import Scatter

ROUNDS = 2
"""Of Gauss and Newton; chosen, because flights are all but linear in what is sought."""
LEAST = 4
"""Samples of a flight; chosen, because fewer say less than the measured velocities."""
STEP = 1e-4
"""Of the differences that stand for derivatives, as a share of each unknown's scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Flights:
    """Starts fitted over free flights, and what else those flights say about each log.

    Attributes:
        starts: one row a track, at its first sample.
        varying: per track the values of the parameters that vary from log to log.
        samples: per track how many samples flew; below `LEAST` the start is the measured one.
        misfit: per track sum of squares of what the fit leaves, in units of the noise; 0 without a fit [1].
    """

    starts: Starts
    varying: list[dict[str, float]]
    samples: np.ndarray
    misfit: np.ndarray


def fit_flights(
    setups: Callable[[Sequence[Mapping[str, float]]], Setups],
    tracks: Sequence[Track],
    means: Mapping[str, float],
    scatter: Scatter,
    noise: Noise,
    timestep: float,
    samples: np.ndarray | None = None,
) -> Flights:
    """Fit the state at the first sample, and parameters that vary, to the samples before the first touch.

    Least squares over poses, first velocities and the varying parameters' own scatter around their means; of
    several places that those may have, each log has the one that leaves least.

    Args:
        setups: makes worlds from the varying parameters' values, one set a world.
        tracks: the logs.
        means: of the varying parameters.
        scatter: how they vary from log to log.
        noise: of the measurements.
        timestep: of the simulation [s].
        samples: [track] how many are fitted; None for all that fly.
    """
    samples = flying(setups([dict(means)] * len(tracks)), tracks) if samples is None else samples

    def fitted(step: Mapping[str, float]) -> Flights:
        place = {name: mean + step[name] for name, mean in means.items()}
        around = lambda own: setups([{**place, **one} for one in own])  # noqa: E731
        return _fitted(around, tracks, place, scatter.free, noise, timestep, samples)

    found = [fitted(step) for step in scatter.places()]
    best = np.argmin([flights.misfit for flights in found], axis=0)
    starts = Starts(*(_chosen(parts, best) for parts in zip(*(f.starts for f in found), strict=True)))
    varying = [
        found[place].varying[k] if found[place].samples[k] else dict(means) for k, place in enumerate(best)
    ]
    return Flights(
        starts=starts,
        varying=varying,
        samples=found[0].samples,
        misfit=_chosen([flights.misfit for flights in found], best),
    )


def _chosen(parts: Sequence[np.ndarray], best: np.ndarray) -> np.ndarray:
    """Each track's row of the part that is its best."""
    return np.stack(parts)[best, np.arange(len(best))]


def _fitted(
    setups: Callable[[Sequence[Mapping[str, float]]], Setups],
    tracks: Sequence[Track],
    means: Mapping[str, float],
    scatter: Mapping[str, float],
    noise: Noise,
    timestep: float,
    samples: np.ndarray,
) -> Flights:
    """The same around one place; `scatter` is of what may lie anywhere around it."""
    names = tuple(scatter)
    plain = setups([{}] * len(tracks))
    flown = batch(tracks, [(k, 0, max(int(n), 2)) for k, n in enumerate(samples)])
    unknown = _Unknown(flown.starts, plain.lag, plain.gravity, names, means, scatter, noise)
    for _ in range(ROUNDS):
        unknown = _improved(unknown, flown, setups, timestep)
    good = samples >= LEAST
    starts = Starts(
        *(np.where(_wide(good, a), a, b) for a, b in zip(unknown.starts(), flown.starts, strict=True))
    )
    values = np.where(good[:, None], unknown.values, unknown.prior_values)
    varying = [dict(means) | dict(zip(names, row, strict=True)) for row in values.tolist()]
    return Flights(
        starts=starts,
        varying=varying,
        samples=np.where(good, samples, 0),
        misfit=np.where(good, _misfit(unknown, flown, setups, timestep), 0.0),
    )


def _misfit(
    unknown: _Unknown,
    flown: Batch,
    setups: Callable[[Sequence[Mapping[str, float]]], Setups],
    timestep: float,
) -> np.ndarray:
    """[track] squares of what is left in poses and of how far varying parameters are from their means."""
    left = (_left(unknown, unknown.worlds(setups), flown, timestep) ** 2).sum(axis=1)
    poses = np.add.reduceat(left, flown.pieces.first)
    levers = ((unknown.step[:, 6:] / unknown.spread[6:]) ** 2).sum(axis=1)
    return poses + levers


def _wide(mask: np.ndarray, like: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *[1] * (like.ndim - 1))


class _Unknown:
    """Starts and varying values of all tracks, as steps from where they were measured."""

    def __init__(
        self,
        first: Starts,
        lag: np.ndarray,
        gravity: np.ndarray,
        names: Sequence[str],
        means: Mapping[str, float],
        scatter: Mapping[str, float],
        noise: Noise,
    ) -> None:
        self.first = first._replace(linear_velocity=first.linear_velocity + gravity * lag[:, None])
        self.names, self.joints = tuple(names), first.joint.shape[1]
        self.prior_values = np.tile([means[name] for name in names], (len(lag), 1))
        spread = [noise.position] * 3 + [noise.angle] * 3 + [noise.linear_velocity] * 3
        spread += [noise.angular_velocity] * 3 + [noise.angle] * self.joints
        spread += [noise.angular_velocity] * self.joints + [scatter[name] for name in names]
        self.spread, self.noise = np.array(spread), noise
        self.step = np.zeros((len(lag), len(spread)))

    def moved(self, step: np.ndarray) -> _Unknown:
        """The same with other steps."""
        found = object.__new__(_Unknown)
        found.__dict__ = self.__dict__ | {"step": step}
        return found

    @property
    def values(self) -> np.ndarray:
        """[track name]."""
        return self.prior_values + self.step[:, 12 + 2 * self.joints :]

    def worlds(self, setups: Callable[[Sequence[Mapping[str, float]]], Setups]) -> Setups:
        """One world a track."""
        return setups([dict(zip(self.names, row, strict=True)) for row in self.values.tolist()])

    def starts(self) -> Starts:
        """As `roll` wants them."""
        d, j, first = self.step, self.joints, self.first
        half = d[:, 3:6] / 2
        turn = np.concatenate([half, np.sqrt(np.maximum(1 - (half**2).sum(1, keepdims=True), 0.0))], axis=1)
        return Starts(
            position=first.position + d[:, :3],
            orientation=product(turn, first.orientation),
            linear_velocity=first.linear_velocity + d[:, 6:9],
            angular_velocity=first.angular_velocity + d[:, 9:12],
            joint=first.joint + d[:, 12 : 12 + j],
            joint_velocity=first.joint_velocity + d[:, 12 + j : 12 + 2 * j],
        )


def _improved(
    unknown: _Unknown,
    flown: Batch,
    setups: Callable[[Sequence[Mapping[str, float]]], Setups],
    timestep: float,
) -> _Unknown:
    """One step of Gauss and Newton for every track."""
    worlds = unknown.worlds(setups)
    here = _left(unknown, worlds, flown, timestep)
    columns = []
    for k, spread in enumerate(unknown.spread):
        step = unknown.step.copy()
        step[:, k] += STEP * spread
        trial = unknown.moved(step)
        varied = k >= len(unknown.spread) - len(unknown.names)
        there = _left(trial, trial.worlds(setups) if varied else worlds, flown, timestep)
        columns.append((there - here) / STEP)
    slope = np.stack(columns, axis=-1)
    new = unknown.step.copy()
    own = np.eye(len(unknown.spread))[
        6:
    ]  # measured velocities and varying parameters have a say of their own
    for k, (first, count) in enumerate(zip(flown.pieces.first, flown.pieces.count, strict=True)):
        rows = slice(first, first + count)
        matrix = np.concatenate([slope[rows].reshape(-1, len(unknown.spread)), own])
        right = np.concatenate([here[rows].ravel(), unknown.step[k, 6:] / unknown.spread[6:]])
        new[k] -= unknown.spread * np.linalg.lstsq(matrix, right, rcond=None)[0]
    return unknown.moved(new)


def _left(trial: _Unknown, worlds: Setups, flown: Batch, timestep: float) -> np.ndarray:
    """What a trial leaves of the flights' poses, in units of the noise."""
    pieces = flown.pieces._replace(measured=np.zeros(len(flown.pieces.world), bool))
    return _residual(roll(worlds, pieces, trial.starts(), timestep, False), flown, trial.noise)


def _residual(paths: Paths, flown: Batch, noise: Noise) -> Float[np.ndarray, "sample column"]:
    """Predicted minus measured poses, in units of their scatter."""
    turned = rotation_vector(conjugate(flown.orientation), paths.orientation)
    parts = [
        (paths.position - flown.position) / noise.position,
        turned / noise.angle,
        (paths.joint - flown.joint) / noise.angle,
    ]
    return np.concatenate(parts, axis=1)
