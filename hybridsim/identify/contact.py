"""Identify what a passive body's contacts are like, from free-running replays of its logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cmaes
import numpy as np
from jaxtyping import Float

from hybridsim.passive.parameters import Noise, body_size
from hybridsim.passive.pieces import Batch, Errors, errors_of, whole, windows
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import Setups, setups_of
from hybridsim.passive.start import Flights, fit_flights
from hybridsim.passive.track import Track
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.simulator.body import bare_body
from hybridsim.study import ContactRule, Selection

ANGLE = 0.5
"""Of an error in angle [rad] beside one of position over the body's size; chosen, because both then weigh
alike on tossed cubes."""
RENEWALS = 3
"""How often starts are fitted again along a search, which moves the parameters that they depend on."""
EVERY, FINE = 3, 0.25
"""The first search reads every so many logs, the second one all of them with that share of the trials."""
WIDE, NARROW = 0.15, 0.04
"""First widths of the two searches in the unit cube: chosen, because the second only has to settle."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactProblem:
    """Logs to replay and parameters to replay them under.

    Attributes:
        robot: the design.
        selection: what is searched.
        scatter: standard deviation from log to log of the parameters that vary [their units].
        tracks: the logs.
        noise: of their measurements.
        timestep: of the simulation [s].
        batches: whole logs, then windows of each length.
        flights: where whole logs start when the start is fitted too; None before they are fitted.
    """

    robot: Robot
    selection: Selection
    scatter: Mapping[str, float]
    tracks: Sequence[Track]
    noise: Noise
    timestep: float
    batches: tuple[Batch, ...]
    flights: Flights | None = None

    def setups(self, values: Mapping[str, float], own: Sequence[Mapping[str, float]] = ()) -> Setups:
        """One world a log, all under the same values but for what varies."""
        return setups_of(self.robot, [{**values, **one} for one in own or [{}] * len(self.tracks)])

    def renewed(self, values: Mapping[str, float]) -> ContactProblem:
        """The same with starts fitted under these values."""
        means = {name: values[name] for name in self.scatter}
        flights = fit_flights(
            lambda own: self.setups(values, own), self.tracks, means, self.scatter, self.noise, self.timestep
        )
        return replace(self, flights=flights)

    def costs(self, values: Mapping[str, float]) -> list[Float[np.ndarray, " piece"]]:
        """Error of every piece: whole logs from first states, the same from fitted ones, windows."""
        plain = self.setups(values)
        found = [self._whole(plain, self.batches[0])]
        if self.flights is not None:
            batch = self.batches[0]
            flown = replace(
                batch,
                starts=self.flights.starts,
                pieces=batch.pieces._replace(measured=np.zeros(len(self.tracks), bool)),
            )
            found.append(self._whole(self.setups(values, self.flights.varying), flown))
        for batch in self.batches[1:]:
            errors = errors_of(roll(plain, batch.pieces, batch.starts, self.timestep), batch)
            found.append(self.weighed(errors)[batch.last])
        return found

    def relative(self, values: Mapping[str, float], scales: Sequence[float]) -> float:
        """Mean over batches of their costs over `scales` [1]."""
        costs = self.costs(values)
        return float(np.mean([cost.mean() / scale for cost, scale in zip(costs, scales, strict=True)]))

    def by_log(self, values: Mapping[str, float], scales: Sequence[float]) -> Float[np.ndarray, " track"]:
        """The same log by log; a log without windows counts by what it has."""
        whole_logs = [self.batches[0]] * (2 if self.flights is not None else 1)
        total, seen = np.zeros(len(self.tracks)), np.zeros(len(self.tracks))
        for batch, cost, scale in zip(
            [*whole_logs, *self.batches[1:]], self.costs(values), scales, strict=True
        ):
            count = np.bincount(batch.pieces.world, minlength=len(total))
            total += np.bincount(batch.pieces.world, cost / scale, len(total)) / np.maximum(count, 1)
            seen += count > 0
        return total / seen

    def _whole(self, setups: Setups, batch: Batch) -> np.ndarray:
        errors = errors_of(roll(setups, batch.pieces, batch.starts, self.timestep), batch)
        return batch.means(self.weighed(errors))

    def weighed(self, errors: Errors) -> Float[np.ndarray, " sample"]:
        """Position over the body's size, angles beside it [1]."""
        joints = errors.joint.mean(axis=1) if errors.joint.shape[1] else 0.0
        return errors.position / body_size(bare_body(self.robot)) + ANGLE * (errors.angle + joints)


def contact_problem(
    robot: Robot,
    selection: Selection,
    scatter: Mapping[str, float],
    tracks: Sequence[Track],
    rule: ContactRule,
    timestep: float,
) -> ContactProblem:
    """Lay the logs out."""
    noise = Noise(
        position=rule.position_noise_m,
        angle=rule.angle_noise_rad,
        linear_velocity=rule.linear_velocity_noise_m_s,
        angular_velocity=rule.angular_velocity_noise_rad_s,
    )
    pieces = [windows(tracks, length, rule.every_s) for length in rule.windows_s]
    return ContactProblem(
        robot=robot,
        selection=selection,
        scatter=scatter,
        tracks=tracks,
        noise=noise,
        timestep=timestep,
        batches=(whole(tracks), *(piece for piece in pieces if piece is not None)),
    )


@dataclass(frozen=True, kw_only=True)
class FoundContact:
    """Where a search ended.

    Attributes:
        values: every parameter [its unit].
        point: of the unit cube.
        cost: over that of the start [1].
        problem: with starts fitted under these values.
    """

    values: dict[str, float]
    point: Float[np.ndarray, " entry"]
    cost: float
    problem: ContactProblem


def identify_contact(
    problem: Callable[[Sequence[Track]], ContactProblem],
    tracks: Sequence[Track],
    trials: int,
    seed: int,
    progress: Progress | None = None,
) -> FoundContact:
    """Search on a part of the logs from the prior, then closer on all of them.

    Args:
        problem: lays logs out.
        tracks: the training logs.
        trials: evaluations of both searches together; one on all logs counts as much as one on a part.
        seed: of the searches.
        progress: called as progress(done, total).
    """
    coarse, fine = problem(tracks[::EVERY]), problem(tracks)
    space = fine.selection.space
    start = np.clip(space.to_vector(space.prior()), 0.02, 0.98)
    last = max(1, round(trials * FINE))
    told = (lambda done, _: progress(done, trials)) if progress is not None else None
    found = search(coarse, start, WIDE, trials - last, seed, told)
    told = (lambda done, _: progress(trials - last + done, trials)) if progress is not None else None
    return search(fine, found.point, NARROW, last, seed + 1, told)


def search(
    problem: ContactProblem,
    start: Float[np.ndarray, " entry"],
    width: float,
    trials: int,
    seed: int,
    progress: Progress | None = None,
) -> FoundContact:
    """CMA-ES around a point, on the mean over batches of each batch's cost relative to the first one.

    Fitted starts are renewed on the way; the centre of the last generations counts, because the best of many
    noisy costs is lucky.
    """
    selection = problem.selection
    problem = problem.renewed(selection.values(start))
    scales = [cost.mean() for cost in problem.costs(selection.values(start))]
    size = 4 + int(3 * np.log(len(start) + 1))
    sampler = cmaes.CMA(
        mean=start,
        sigma=width,
        bounds=np.tile([0.0, 1.0], (len(start), 1)),
        seed=seed % 2**32,
        population_size=size,
    )
    generations = max(1, trials // size)
    renew = {generations * (k + 1) // (RENEWALS + 1) for k in range(RENEWALS)}
    recent: list[tuple[np.ndarray, float]] = []
    for generation in range(generations):
        told = []
        for n in range(size):
            point = sampler.ask()
            told.append((point, problem.relative(selection.values(point), scales)))
            if progress is not None:
                progress(min(generation * size + n + 1, trials), trials)
        sampler.tell(told)
        recent = [*recent[-2 * size :], *told]
        if generation in renew:
            problem = problem.renewed(selection.values(_centre(recent)))
    point = _centre(recent)
    values = selection.values(point)
    problem = problem.renewed(values)
    return FoundContact(values=values, point=point, cost=problem.relative(values, scales), problem=problem)


def _centre(recent: Sequence[tuple[np.ndarray, float]]) -> np.ndarray:
    """Mean of the better third of the last points."""
    ordered = sorted(recent, key=lambda one: one[1])
    return np.mean([point for point, _ in ordered[: max(1, len(ordered) // 3)]], axis=0)
