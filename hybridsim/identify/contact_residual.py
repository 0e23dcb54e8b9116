"""Networks on the contact law: fitted to what impacts do to velocities, then on whole replays.

Hidden layers stay as they were drawn; what is learned is the last layer, in which replays change smoothly:
Gauss and Newton's steps find it from short stretches after impacts, and an evolution strategy refines it on
whole logs along the directions that those stretches know best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float64, Int

from hybridsim.contacts.residual import NETWORK, OUTPUTS, contact_spec
from hybridsim.frames import conjugate, rotation_vector
from hybridsim.identify.contact import ANGLE, ContactProblem
from hybridsim.identify.evolve import Evolution
from hybridsim.identify.remember import Cost, Told
from hybridsim.networks.contract import NetworkContract, NetworkSpec
from hybridsim.networks.inference import Networks, untrained
from hybridsim.networks.samples import Samples
from hybridsim.networks.scaling import fit_scaling
from hybridsim.networks.selection import Verdict, gate_verdict
from hybridsim.passive.laid import Starts
from hybridsim.passive.parameters import body_size
from hybridsim.passive.pieces import Batch, batch, windows
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import Setups
from hybridsim.progress import Progress
from hybridsim.simulator.body import bare_body

LOOKS = 6
"""Starts of every log from which networks are judged."""
BOUND = 0.7
"""Of the logarithms that the networks give; chosen, because a law that is wrong by more than 2 is wrong."""
MARGIN, FADE = 0.1, 0.5
"""Of the support beyond what was seen, as `fit_scaling` takes them."""
AFTER, EVERY = 0.2, 3
"""How long after the first touch poses count [s], and one sample in how many."""
POSES = 2
"""That a log's poses after its first touch are worth together: they share start and impact."""
ROUNDS = 2
"""Of Gauss and Newton."""
IMPACT, APART = 0.1, 0.05
"""Length of a stretch around an impact where nothing flies, and between the starts of two [s]."""
NUDGE = 0.02
"""Of a weight, for a difference; chosen, because the law then changes by a percent or so."""
TAIL = 2.0
"""Medians of the error from which on a stretch counts by its size and not by its square."""
PRIOR = 0.3
"""Standard deviation of a last layer's weights before any data."""
DIRECTIONS, STEP = 8, 0.1
"""In which the evolution strategy searches, and how far at first along the one that matters most; along the
others as far as does as much to stretches around impacts, but within the prior."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of its output that a network may ship with; chosen, because logs tell no finer ones apart."""

Weights = Float64[np.ndarray, " weight"]


@dataclass(frozen=True, kw_only=True)
class LearnedContact:
    """What learning gave.

    Attributes:
        networks: at their share; None where they do not ship.
        share: of the output.
        verdict: on the logs that judged, in the cost of `ContactProblem`.
    """

    networks: Networks | None
    share: float
    verdict: Verdict


def learn_contact(
    pairs: Sequence[tuple[ContactProblem, ContactProblem]],
    values: dict[str, float],
    hidden: tuple[int, ...],
    trials: int,
    seed: int,
    memory: Path | None = None,
    progress: Progress | None = None,
) -> LearnedContact:
    """Learn from some logs and judge on others, once a pair; what ships is the mean over the pairs.

    All have the same hidden layers, so that the mean of their last layers is that of their outputs.

    Args:
        pairs: logs to learn from and logs that judge, with starts fitted under the values.
        values: of every parameter, which the networks leave as they are.
        hidden: widths of the hidden layers.
        trials: evaluations of each refinement on whole logs.
        seed: of hidden layers, searches and bootstrap.
        memory: folder in which refinements remember what they were told.
        progress: called as progress(done, total).
    """
    first = first_networks(pairs[0][0], values, hidden, seed)
    each = ROUNDS * (len(last_layer(first)) + 1) + trials
    weights, judged = [], []
    for n, (training, judging) in enumerate(pairs):
        told = Told(each, _of_pair(progress, n, len(pairs)), memory, f"contact-residual-{n + 1}")
        start, ways = regress(training, values, first, told.count)
        weights.append(refine(training, values, first, np.column_stack([start, ways]), trials, seed, told))
        judged.append(share_costs(judging, values, first, weights[-1], seed))
    share, verdict = judge(np.concatenate(judged, axis=1), seed)
    if not verdict.ships:
        return LearnedContact(networks=None, share=0.0, verdict=verdict)
    shipped = with_last_layer(first, share * np.mean(weights, axis=0))
    return LearnedContact(networks=shipped, share=share, verdict=verdict)


def _of_pair(progress: Progress | None, pair: int, pairs: int) -> Progress | None:
    """Progress of one pair as a share of all."""
    return None if progress is None else lambda done, total: progress(pair * total + done, pairs * total)


def first_networks(
    problem: ContactProblem, values: dict[str, float], hidden: tuple[int, ...], seed: int
) -> Networks:
    """Untrained networks whose scaling and support are what contacts of the training logs look like."""
    spec = contact_spec(problem.timestep, hidden, members=1)
    blank = untrained(contract_of(spec, None), seed)
    batch = problem.batches[0]
    paths = roll(problem.setups(values), batch.pieces, batch.starts, problem.timestep, networks=blank)
    seen = paths.features[np.isfinite(paths.features).all(axis=1)]
    return untrained(contract_of(spec, seen), seed)


def contract_of(spec: NetworkSpec, seen: np.ndarray | None) -> NetworkContract:
    """A spec with the scaling of what was seen; bounds are fixed."""
    rows = np.zeros((2, len(spec.feature_names)), np.float32) if seen is None else seen
    features = np.repeat(rows[:, None], len(spec.groups), axis=1)
    samples = Samples(
        features=features,
        targets=np.ones((len(rows), len(spec.groups))),
        log_index=np.zeros(len(rows), np.int64),
    )
    scaling = tuple(
        one.model_copy(update={"bound": BOUND, "output_scale": 1.0})
        for one in fit_scaling(spec, samples, margin=MARGIN, fade=FADE, bound=1.0)
    )
    known = {name: getattr(spec, name) for name in type(spec).model_fields}
    return NetworkContract(**known, scaling=scaling, weights=f"{spec.name}.safetensors", sha256="0" * 64)


def last_layer(networks: Networks) -> Weights:
    """Weights and bias of the last layer, group by group."""
    layers = (networks.weights[-1][:, 0, :, 0], networks.biases[-1][:, 0])
    return np.concatenate(layers, axis=1).ravel().astype(float)


def with_last_layer(networks: Networks, weights: Weights) -> Networks:
    """The same networks with another last layer."""
    table = weights.reshape(len(OUTPUTS), -1).astype(np.float32)
    return replace(
        networks,
        weights=(*networks.weights[:-1], table[:, None, :-1, None]),
        biases=(*networks.biases[:-1], table[:, None, -1:]),
    )


def regress(
    problem: ContactProblem, values: dict[str, float], networks: Networks, told: Callable[[], None]
) -> tuple[Weights, Float64[np.ndarray, "weight way"]]:
    """Weights that explain the motion after impacts best, and the directions that matter most to it.

    Two steps of Gauss and Newton from zero on poses soon after impacts, beside a prior; poses that nothing
    explains count less (Huber), and all poses of a log as much as two that know nothing of each other.
    """
    stretches = after_impacts(problem, values, networks)
    base = last_layer(networks)
    found, rows = base, np.zeros((0, len(base)))
    for _ in range(ROUNDS):
        here = stretches.errors(with_last_layer(networks, found))
        told()
        columns = []
        for one in np.eye(len(base)):
            there = stretches.errors(with_last_layer(networks, found + NUDGE * one))
            columns.append((there - here) / NUDGE)
            told()
        length = np.linalg.norm(here, axis=1)
        scale = np.median(length)
        worth = np.sqrt(min(1.0, POSES * stretches.logs / len(here))) / scale
        share = worth * np.sqrt(np.minimum(1.0, TAIL * scale / np.maximum(length, 1e-12)))[:, None]
        rows = (np.stack(columns, axis=-1) * share[..., None]).reshape(-1, len(base))
        pull = rows.T @ (here * share).ravel() + (found - base) / PRIOR**2
        found = found - np.linalg.solve(rows.T @ rows + np.eye(len(base)) / PRIOR**2, pull)
    known, vector = np.linalg.eigh(rows.T @ rows)
    known, vector = known[::-1][:DIRECTIONS], vector[:, ::-1][:, :DIRECTIONS]
    return found, vector * np.minimum(STEP * np.sqrt(known[0] / np.maximum(known, 1e-12)), PRIOR)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretches:
    """Short replays through impacts.

    Attributes:
        setups: worlds.
        batch: what is replayed.
        rows: samples that are looked at.
        timestep: of the simulation [s].
        size: of the body, against which errors of position are weighed [m].
    """

    setups: Setups
    batch: Batch
    rows: Int[np.ndarray, " sample"]
    timestep: float
    size: float

    @property
    def logs(self) -> int:
        """How many logs the stretches are of."""
        return len(np.unique(self.batch.pieces.world))

    def errors(self, networks: Networks | None) -> Float[np.ndarray, "sample column"]:
        """Predicted minus measured poses: position over the body's size, angles as costs weigh them."""
        batch, rows = self.batch, self.rows
        paths = roll(self.setups, batch.pieces, batch.starts, self.timestep, networks=networks)
        turned = rotation_vector(conjugate(batch.orientation[rows]), paths.orientation[rows])
        parts = [(paths.position - batch.position)[rows] / self.size, ANGLE * turned]
        return np.concatenate([*parts, ANGLE * (paths.joint - batch.joint)[rows]], axis=1)


def after_impacts(problem: ContactProblem, values: dict[str, float], networks: Networks) -> Stretches:
    """From states fitted to free flights through the first touch; from measured ones where nothing flies.

    Measured velocities are blunt around impacts: what a network learns from them holds for a tenth of a
    second and makes whole logs worse.
    """
    size, flown = body_size(bare_body(problem.robot)), problem.flown
    if flown is None:
        found = around_impacts(problem, values, networks)
        worlds = problem.setups(values)
        return Stretches(setups=worlds, batch=found, rows=found.last, timestep=problem.timestep, size=size)
    logs = np.flatnonzero(flown.samples).tolist()
    spans = []
    for k in logs:
        time = problem.tracks[k].time_s
        spans.append((k, 0, int(np.searchsorted(time, time[flown.samples[k] - 1] + AFTER, "right"))))
    found = batch(problem.tracks, spans)
    free = found.pieces._replace(measured=np.zeros(len(logs), bool))
    starts = Starts(*(part[logs] for part in flown.starts))
    ends = found.pieces.first + found.pieces.count
    touched = found.pieces.first + flown.samples[logs] + EVERY - 1
    return Stretches(
        setups=problem.setups(values, flown.varying),
        batch=replace(found, pieces=free, starts=starts),
        rows=np.concatenate([np.arange(a, b, EVERY) for a, b in zip(touched, ends, strict=True)]),
        timestep=problem.timestep,
        size=size,
    )


def around_impacts(problem: ContactProblem, values: dict[str, float], networks: Networks) -> Batch:
    """Stretches from measured states in which something touches down."""
    found = windows(problem.tracks, IMPACT, APART)
    assert found is not None, "logs that land are longer than an impact"
    paths = roll(problem.setups(values), found.pieces, found.starts, problem.timestep, networks=networks)
    touching = np.isfinite(paths.features[:, 0])
    first = np.logical_or.reduceat(touching, found.pieces.first)
    fresh = np.array(
        [
            (~touching[a : a + n]).any() and hit
            for a, n, hit in zip(found.pieces.first, found.pieces.count, first, strict=True)
        ]
    )
    return found.picked(np.flatnonzero(fresh))


def refine(
    problem: ContactProblem,
    values: dict[str, float],
    networks: Networks,
    ways: Float64[np.ndarray, "weight way"],
    trials: int,
    seed: int,
    told: Told,
) -> Weights:
    """CMA-ES on whole logs and windows, from half the first way: what stretches learned, made shorter."""
    scales = [float(cost.mean()) for cost in problem.costs(values)]
    evolution = Evolution(np.r_[0.5, np.zeros(ways.shape[1] - 1)], 0.3, seed)
    random = np.random.default_rng(seed)

    def cost(scattered: ContactProblem) -> Cost:
        return lambda point: scattered.relative(values, scales, with_last_layer(networks, ways @ point))

    for _ in range(max(1, trials // evolution.size)):
        evolution.generation(told.costs(cost(problem.scattered(random))))
    return ways @ evolution.centre


def share_costs(
    problem: ContactProblem, values: dict[str, float], networks: Networks, weights: Weights, seed: int
) -> Float64[np.ndarray, "share log"]:
    """What logs cost with each share of a last layer, as the mean over starts that scatter.

    Tosses are chaotic: one start says little.
    """
    random = np.random.default_rng([seed, 1])
    scattered = [problem.scattered(random) for _ in range(LOOKS)]
    scales = [float(cost.mean()) for cost in problem.costs(values)]
    shared = [with_last_layer(networks, share * weights) for share in SHARES]
    return np.array([_judged(scattered, values, scales, one) for one in shared])


def judge(costs: Float64[np.ndarray, "share log"], seed: int) -> tuple[float, Verdict]:
    """The share of the output that does best on the logs that judge, and whether it is better than none.

    Each log is judged at the share that the others ask for.
    """
    others = costs.sum(axis=1, keepdims=True) - costs
    apart = costs[np.argmin(others, axis=0), np.arange(costs.shape[1])]
    verdict = gate_verdict(apart[:, None], costs[:1].T, (NETWORK,), seed=seed).overall
    return SHARES[int(np.argmin(costs.sum(axis=1)))], verdict


def _judged(
    problems: Sequence[ContactProblem], values: dict[str, float], scales: Sequence[float], networks: Networks
) -> Float64[np.ndarray, " log"]:
    """Cost of every log, mean over problems that differ in their starts."""
    return np.mean([problem.by_log(values, scales, networks) for problem in problems], axis=0)
