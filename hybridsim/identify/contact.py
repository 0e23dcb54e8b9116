"""Identify what a passive body's contacts are like, from free-running replays of its logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.frames import product
from hybridsim.identify.evolve import Evolution
from hybridsim.identify.remember import Told
from hybridsim.networks.inference import Networks
from hybridsim.passive.laid import Starts
from hybridsim.passive.parameters import Noise, body_size
from hybridsim.passive.pieces import Batch, Errors, errors_of, whole, windows
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import Setups, setups_of
from hybridsim.passive.start import Flights, fit_flights
from hybridsim.passive.track import Track
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.scatter import Scatter
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
        scatter: how parameters vary from log to log.
        tracks: the logs.
        noise: of their measurements.
        timestep: of the simulation [s].
        batches: whole logs, then windows of each length.
        flights: where whole logs start when the start is fitted too; None before they are fitted.
    """

    robot: Robot
    selection: Selection
    scatter: Scatter
    tracks: Sequence[Track]
    noise: Noise
    timestep: float
    batches: tuple[Batch, ...]
    flights: Flights | None = None

    def setups(self, values: Mapping[str, float], own: Sequence[Mapping[str, float]] = ()) -> Setups:
        """One world a log, all under the same values but for what varies."""
        return setups_of(self.robot, [{**values, **one} for one in own or [{}] * len(self.tracks)])

    def renewed(self, values: Mapping[str, float], samples: np.ndarray | None = None) -> ContactProblem:
        """The same with starts fitted under these values, to all samples that fly or as many as are named."""
        means = {name: values[name] for name in self.scatter.sigma}
        flights = fit_flights(
            lambda own: self.setups(values, own),
            self.tracks,
            means,
            self.scatter,
            self.noise,
            self.timestep,
            samples,
        )
        return replace(self, flights=flights)

    def scattered(self, random: np.random.Generator) -> ContactProblem:
        """The same with measured starts moved by as much as measurements scatter."""
        return replace(self, batches=tuple(self._scattered(batch, random) for batch in self.batches))

    def _scattered(self, batch: Batch, random: np.random.Generator) -> Batch:
        noise, drawn = self.noise, [random.standard_normal(part.shape) for part in batch.starts]
        place, turn, speed, spin, joint, rate = drawn
        half = noise.angle / 2.0 * turn[:, :3]
        turned = np.concatenate([half, np.sqrt(1.0 - (half**2).sum(axis=1, keepdims=True))], axis=1)
        starts = batch.starts
        moved = Starts(
            position=starts.position + noise.position * place,
            orientation=product(turned, starts.orientation),
            linear_velocity=starts.linear_velocity + noise.linear_velocity * speed,
            angular_velocity=starts.angular_velocity + noise.angular_velocity * spin,
            joint=starts.joint + noise.angle * joint,
            joint_velocity=starts.joint_velocity + noise.angular_velocity * rate,
        )
        return replace(batch, starts=moved)

    @property
    def flown(self) -> Flights | None:
        """Fitted starts; None before they are fitted, and where no log flies long enough to fit one."""
        return self.flights if self.flights is not None and self.flights.samples.any() else None

    def costs(
        self, values: Mapping[str, float], networks: Networks | None = None
    ) -> list[Float[np.ndarray, " piece"]]:
        """Error of every piece: whole logs from first states, the same from fitted ones, windows."""
        plain = self.setups(values)
        found = [self._whole(plain, self.batches[0], networks)]
        if self.flown is not None:
            batch = self.batches[0]
            flown = replace(
                batch,
                starts=self.flown.starts,
                pieces=batch.pieces._replace(measured=batch.pieces.measured & (self.flown.samples == 0)),
            )
            found.append(self._whole(self.setups(values, self.flown.varying), flown, networks))
        found += [self._errors(plain, batch, networks)[batch.last] for batch in self.batches[1:]]
        return found

    def relative(
        self, values: Mapping[str, float], scales: Sequence[float], networks: Networks | None = None
    ) -> float:
        """Mean over batches of their costs over `scales` [1]."""
        costs = self.costs(values, networks)
        return float(np.mean([cost.mean() / scale for cost, scale in zip(costs, scales, strict=True)]))

    def by_log(
        self, values: Mapping[str, float], scales: Sequence[float], networks: Networks | None = None
    ) -> Float[np.ndarray, " track"]:
        """The same log by log; a log without windows counts by what it has."""
        whole_logs = [self.batches[0]] * (2 if self.flown is not None else 1)
        total, seen = np.zeros(len(self.tracks)), np.zeros(len(self.tracks))
        for batch, cost, scale in zip(
            [*whole_logs, *self.batches[1:]], self.costs(values, networks), scales, strict=True
        ):
            count = np.bincount(batch.pieces.world, minlength=len(total))
            total += np.bincount(batch.pieces.world, cost / scale, len(total)) / np.maximum(count, 1)
            seen += count > 0
        return total / seen

    def _whole(self, setups: Setups, batch: Batch, networks: Networks | None) -> np.ndarray:
        return batch.means(self._errors(setups, batch, networks))

    def _errors(self, setups: Setups, batch: Batch, networks: Networks | None) -> np.ndarray:
        paths = roll(setups, batch.pieces, batch.starts, self.timestep, networks=networks)
        return self.weighed(errors_of(paths, batch))

    def weighed(self, errors: Errors) -> Float[np.ndarray, " sample"]:
        """Position over the body's size, angles beside it [1]."""
        joints = errors.joint.mean(axis=1) if errors.joint.shape[1] else 0.0
        return errors.position / body_size(bare_body(self.robot)) + ANGLE * (errors.angle + joints)


def contact_problem(
    robot: Robot,
    selection: Selection,
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
        scatter=Scatter(sigma=selection.varies, kind=rule.scatter),
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
    memory: Path | None = None,
    progress: Progress | None = None,
) -> FoundContact:
    """Search on a part of the logs from the prior, then closer on all of them.

    Args:
        problem: lays logs out.
        tracks: the training logs.
        trials: evaluations of both searches together; one on all logs counts as much as one on a part.
        seed: of the searches.
        memory: folder in which both remember what they were told.
        progress: called as progress(done, total).
    """
    coarse, fine = problem(tracks[::EVERY]), problem(tracks)
    space = fine.selection.space
    start = np.clip(space.to_vector(space.prior()), 0.02, 0.98)
    last = max(1, round(trials * FINE))
    shown = (lambda done, _: progress(done, trials)) if progress is not None else None
    told = Told(trials - last, shown, memory, "contact-part")
    found = search(coarse, start, WIDE, seed, told)
    shown = (lambda done, _: progress(trials - last + done, trials)) if progress is not None else None
    return search(fine, found.point, NARROW, seed + 1, Told(last, shown, memory, "contact-all"))


def search(
    problem: ContactProblem,
    start: Float[np.ndarray, " entry"],
    width: float,
    seed: int,
    told: Told,
    networks: Networks | None = None,
) -> FoundContact:
    """CMA-ES around a point, on the mean over batches of each batch's cost relative to the first one.

    Every generation sees the logs from starts moved by the noise of the measurements: tosses are chaotic, and
    a law that fits exactly those starts has learned their luck. Fitted starts are renewed on the way.
    """
    selection = problem.selection
    problem = problem.renewed(selection.values(start))
    scales = [float(cost.mean()) for cost in problem.costs(selection.values(start), networks)]
    evolution = Evolution(start, width, seed, box=(0.0, 1.0))
    generations = max(1, told.total // evolution.size)
    renew = {generations * (k + 1) // (RENEWALS + 1) for k in range(RENEWALS)}
    random = np.random.default_rng(seed)
    for generation in range(generations):
        evolution.generation(told.costs(_cost(problem.scattered(random), scales, networks)))
        if generation in renew:
            problem = problem.renewed(selection.values(evolution.centre))
    values = selection.values(evolution.centre)
    problem = problem.renewed(values)
    cost = problem.relative(values, scales, networks)
    return FoundContact(values=values, point=evolution.centre, cost=cost, problem=problem)


def _cost(
    problem: ContactProblem, scales: Sequence[float], networks: Networks | None
) -> Callable[[Float[np.ndarray, " entry"]], float]:
    """Of a point of the unit cube."""
    return lambda point: problem.relative(problem.selection.values(point), scales, networks)
