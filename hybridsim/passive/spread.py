"""Where bodies come to rest in worlds that are drawn, and how well those places foretell the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Variation
from hybridsim.frames import product
from hybridsim.networks.inference import Networks
from hybridsim.parameters import Parameter
from hybridsim.passive.laid import Starts
from hybridsim.passive.parameters import Noise, noise_of
from hybridsim.passive.pieces import whole
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.passive.track import Track
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.simulator.draws import drawn

AT_ONCE = 16
"""Logs that are rolled together; chosen, because progress then moves every second or so."""
SMALLEST = 1e-6
"""Width that a spread of places is given at least [m]; chosen, because no tracker sees less."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rests:
    """Where logs end, in the lengths of the data.

    Attributes:
        drawn: in worlds of their own draw each, from the first measured state and its scatter [m].
        real: position at the log's last sample [m].
    """

    drawn: Float[np.ndarray, "log draw 2"]
    real: Float[np.ndarray, "log 2"]

    def energy_score(self) -> Float[np.ndarray, " log"]:
        """Mean distance of draws from the real place, less half their mean distance from each other [m].

        Least in the mean where draws come from the truth's own distribution; of draws that are all the same
        it is their distance. Source: Gneiting and Raftery 2007, "Strictly Proper Scoring Rules".
        """
        draws = self.drawn.shape[1]
        away = np.linalg.norm(self.drawn - self.real[:, None], axis=2).mean(axis=1)
        apart = np.linalg.norm(self.drawn[:, :, None] - self.drawn[:, None], axis=3).sum(axis=(1, 2))
        return away - apart / (2 * draws * (draws - 1))

    def level(self) -> Float[np.ndarray, " log"]:
        """How large the region of the draws has to be to hold the real place, as a share of them [1].

        The region of 90 % is where a kernel density over the draws is higher than at the rest of them. Each
        place, the real one too, has its density from all others, so that the level of a place that is one
        more draw is uniform, whatever the density is like; (number of denser draws + 1/2) / (draws + 1).
        """
        return np.array([_level(d, r) for d, r in zip(self.drawn, self.real, strict=True)])


def _level(places: Float[np.ndarray, "draw 2"], real: Float[np.ndarray, "2"]) -> float:
    density = densities(np.concatenate([places, real[None]]))
    return float(((density[:-1] > density[-1]).sum() + 0.5) / len(density))


def densities(places: Float[np.ndarray, "place 2"]) -> Float[np.ndarray, " place"]:
    """Gaussian kernel density at every place from all others, but for a factor.

    Source: Scott 1992, "Multivariate Density Estimation": width count^(-1/6) of the places' own spread.
    """
    spread = np.cov(places.T) + SMALLEST**2 * np.eye(2)
    apart = places[:, None] - places[None]
    squares = np.einsum("abi,ij,abj->ab", apart, np.linalg.inv(spread), apart)
    kernel = np.exp(-0.5 * squares * len(places) ** (1 / 3))
    np.fill_diagonal(kernel, 0.0)
    return kernel.sum(axis=1)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What worlds are drawn from.

    Attributes:
        robot: the design.
        parameters: of a calibration.
        variation: ensemble and scale.
        timestep: of the simulation [s].
        networks: contact residual; None for the law alone.
    """

    robot: Robot
    parameters: Mapping[str, Parameter]
    variation: Variation
    timestep: float
    networks: Networks | None = None


def rests(
    source: Source,
    tracks: Sequence[Track],
    draws: int,
    seed: int,
    progress: Progress | None = None,
    among: Sequence[Sequence[int]] | None = None,
) -> Rests:
    """Drawn and real resting places of logs, from their first measured states.

    Args:
        source: what worlds are drawn from.
        tracks: the logs.
        draws: of every log.
        seed: a log's draws follow from it and the log's place among the tracks.
        progress: called as progress(done, total).
        among: per log the members that it may draw; None for all of them.
    """
    found = []
    for first in range(0, len(tracks), AT_ONCE):
        some = range(first, min(first + AT_ONCE, len(tracks)))
        members = [None if among is None else among[k] for k in some]
        randoms = [np.random.default_rng((seed, k)) for k in some]
        found.append(_ends(source, [tracks[k] for k in some], draws, randoms, members))
        if progress is not None:
            progress(some.stop, len(tracks))
    real = np.array([track.position[-1, :2] for track in tracks])
    return Rests(drawn=np.concatenate(found), real=real)


def _ends(
    source: Source,
    tracks: Sequence[Track],
    draws: int,
    randoms: Sequence[np.random.Generator],
    among: Sequence[Sequence[int] | None],
) -> Float[np.ndarray, "log draw 2"]:
    """Drawn places at the logs' last samples."""
    values = {name: parameter.value for name, parameter in source.parameters.items()}
    noise = scaled(noise_of(values), source.variation.scale)
    measured, worlds, moved = whole(tracks), [], []
    for k, random in enumerate(randoms):
        for _ in range(draws):
            worlds.append({**values, **drawn(source.parameters, source.variation, random, among[k])})
            moved.append(scattered(Starts(*(part[k] for part in measured.starts)), noise, random))
    laid = measured.picked(np.repeat(np.arange(len(tracks)), draws))
    pieces = laid.pieces._replace(world=np.arange(len(worlds)))
    starts = Starts(*(np.array(part) for part in zip(*moved, strict=True)))
    setups = setups_of(source.robot, worlds)
    paths = roll(setups, pieces, starts, source.timestep, networks=source.networks)
    return paths.position[laid.last, :2].reshape(len(tracks), draws, 2)


def scaled(noise: Noise, scale: float) -> Noise:
    """Scatter of the measurements, so many times as wide."""
    return Noise(**{name: scale * value for name, value in vars(noise).items()})


def scattered(start: Starts, noise: Noise, random: np.random.Generator) -> Starts:
    """A first state as it may have been where this one was measured; one row."""
    some = random.standard_normal
    half = noise.angle * some(3) / 2
    turn = np.array([*half, np.sqrt(max(1.0 - float(half @ half), 0.0))])
    joints = len(start.joint)
    return Starts(
        position=start.position + noise.position * some(3),
        orientation=product(turn[None], start.orientation[None])[0],
        linear_velocity=start.linear_velocity + noise.linear_velocity * some(3),
        angular_velocity=start.angular_velocity + noise.angular_velocity * some(3),
        joint=start.joint + noise.angle * some(joints),
        joint_velocity=start.joint_velocity + noise.angular_velocity * some(joints),
    )
