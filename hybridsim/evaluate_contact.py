"""A calibration of a passive body on logs: replayed in PyBullet from first states, or from fitted ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.contacts.parameters import law_of
from hybridsim.contacts.residual import NETWORK
from hybridsim.contacts.residual_map import law_map
from hybridsim.evaluate_spread import spread_scores
from hybridsim.frames import geodesic_angle
from hybridsim.jobs import Engine, map_jobs
from hybridsim.log import Log
from hybridsim.networks.inference import Networks
from hybridsim.passive.bullet import BulletAlone, LawInBullet, play
from hybridsim.passive.laid import Paths, new_paths
from hybridsim.passive.near import buried
from hybridsim.passive.parameters import is_passive, noise_of
from hybridsim.passive.pieces import Batch, whole, windows
from hybridsim.passive.setup import deepest, setups_of
from hybridsim.passive.start import Flights, fit_flights
from hybridsim.passive.track import Track, tracks_of
from hybridsim.progress import NamedProgress, named
from hybridsim.replay import Replay
from hybridsim.report.toss_body import Body, bodies_of
from hybridsim.report.tosses import toss_scores
from hybridsim.robot import Robot, load_robot
from hybridsim.scatter import Scatter
from hybridsim.score import WindowError, score
from hybridsim.score.scores import plain
from hybridsim.simulator.draws import scatter_of

Start = Literal["first", "flight"]
HORIZONS, EVERY = (0.2, 0.4), 0.1
"""Of windows, and between their starts [s]."""
WORTH = 8
"""Pieces for which a worker builds a world; chosen, because building takes as long as a few of them."""
PROTOCOL = {
    "first": "free-running from the first measured state alone: pose and velocity of the first sample",
    "flight": (
        "free-running from a state fitted to the samples before the first touch, which also say where "
        "parameters that vary from log to log lie; nothing after the first touch is looked at"
    ),
}
ABSENT = "command, delayed and blackbox are absent: nothing is commanded"


def score_passive(
    calibration: Calibration,
    robot: Robot,
    logs: Sequence[Log],
    start: Start = "first",
    progress: NamedProgress | None = None,
    engine: Engine = "loky",
) -> tuple[dict[str, Any], list[Replay]]:
    """Replay every variant on the logs and score them."""
    values = calibration.values()
    assert is_passive(values), "a calibration of a passive body"
    ground = setups_of(robot, [values])
    tracks, refused = tracks_of(logs, robot, lambda some: buried(ground, some, deepest(robot)))
    timestep = calibration.record.simulation.physics_timestep_s
    scatter = scatter_of(values, calibration.record.variation)
    flights = _flights(robot, values, scatter, tracks, timestep) if start == "flight" else None
    runs: dict[str, Paths] = {}
    seconds = 0.0
    laid = _laid(tracks, flights)
    networks = _networks(calibration)
    variants = ("nominal", "identified", *(("hybrid",) if networks is not None else ()))
    for variant in variants:
        own = flights.varying if flights is not None and variant != "nominal" else None
        told = named(progress, f"replaying {variant}")
        learned = networks if variant == "hybrid" else None
        runs[variant], seconds = _replayed(robot, variant, values, learned, own, laid, timestep, engine, told)
    runs.setdefault("hybrid", runs["identified"])
    windowed = _windowed(robot, values, networks, variants, tracks, timestep, engine, progress)
    replays = [record for k, track in enumerate(tracks) for record in _records(track, k, laid, runs)]
    scores = score(
        replays,
        calibration=calibration.id,
        robot=robot.name,
        serial=logs[0].serial,
        replay_seconds={"simulated_s": sum(t.time_s[-1] for t in tracks), "wall_s": max(seconds, 1e-9)},
        windowed=windowed,
        notes=[*refused, *_notes(calibration, tracks, flights)],
        seed=calibration.record.lineage.seed,
    )
    scores["protocol"]["replay"] = PROTOCOL[start]
    scores["protocol"]["windowed"] = "error at the end of windows that restart from measured states"
    scores["passive"] = plain(toss_scores(replays, _bodies(robot, values, tracks, flights)))
    scores["passive"]["law"] = plain(law_map(law_of(values), networks))
    if start == "first" and calibration.record.variation is not None:  # draws scatter around that start
        ends = runs["hybrid"].position[laid.last, :2]
        told = named(progress, "drawing worlds")
        scores["variation"] = plain(spread_scores(calibration, robot, tracks, ends, told, networks))
    return scores, replays


def _bodies(
    robot: Robot, values: Mapping[str, float], tracks: Sequence[Track], flights: Flights | None
) -> dict[str, Body]:
    """What is tossed in each log, as identified; with what a fitted flight says about the log."""
    own = [{}] * len(tracks) if flights is None else flights.varying
    bodies = bodies_of(setups_of(robot, [{**values, **one} for one in own]))
    return {track.log_id: body for track, body in zip(tracks, bodies, strict=True)}


def _flights(
    robot: Robot, values: Mapping[str, float], scatter: Scatter, tracks: Sequence[Track], timestep: float
) -> Flights:
    return fit_flights(
        lambda own: setups_of(robot, [{**values, **one} for one in own]),
        tracks,
        {name: values[name] for name in scatter.sigma},
        scatter,
        noise_of(values),
        timestep,
    )


def _laid(tracks: Sequence[Track], flights: Flights | None) -> Batch:
    """Whole logs from their starts; fitted velocities do not lag."""
    found = whole(tracks)
    if flights is None:
        return found
    pieces = found.pieces._replace(measured=found.pieces.measured & (flights.samples == 0))
    return replace(found, starts=flights.starts, pieces=pieces)


@dataclass(frozen=True, kw_only=True)
class PassiveJob:
    """Pieces for a worker process."""

    robot: str
    variant: str
    values: list[dict[str, float]]
    networks: Networks | None
    batch: Batch
    timestep: float


def _replayed(
    robot: Robot,
    variant: str,
    values: Mapping[str, float],
    networks: Networks | None,
    own: Sequence[Mapping[str, float]] | None,
    laid: Batch,
    timestep: float,
    engine: Engine,
    progress: Any,
) -> tuple[Paths, float]:
    """Paths of all pieces in PyBullet, and the time that one core was busy with them [s]."""
    step = robot.rigid_body.timestep.value if variant == "nominal" else timestep
    jobs, count = [], len(laid.pieces.world)
    for group in np.array_split(np.arange(count), max(1, min(count // WORTH, 4 * (os.cpu_count() or 1)))):
        mine = laid.picked(group)
        worlds = [{**values, **(own[int(laid.pieces.world[k])] if own is not None else {})} for k in group]
        job = PassiveJob(
            robot=str(robot.folder),
            variant=variant,
            values=worlds,
            networks=networks,
            batch=mine,
            timestep=step,
        )
        jobs.append(job)
    found = map_jobs(_replay, jobs, engine=engine, progress=progress)
    paths = Paths(*(np.concatenate(parts) for parts in zip(*(path for path, _ in found), strict=True)))
    return paths, sum(wall for _, wall in found)


def _replay(job: PassiveJob) -> tuple[Paths, float]:
    """Replay a group of pieces; a world is built again only where a piece has values of its own."""
    robot = load_robot(job.robot)
    samples = len(job.batch.position)
    paths = new_paths(samples, job.batch.joint.shape[1])
    world: LawInBullet | BulletAlone | None = None
    wall, built = 0.0, {}
    for k, values in enumerate(job.values):
        if world is None or (job.variant != "nominal" and values != built):
            if world is not None:
                world.close()
            alone = job.variant == "nominal"
            law = (robot, values, job.timestep, job.networks)
            world = BulletAlone(robot, job.timestep) if alone else LawInBullet(*law)
            built = values
            world.enter(job.batch, k)
            world.step()  # compiled once a process, which is nobody's replay time
        begin = perf_counter()
        play(world, job.batch, job.timestep, paths, k)
        wall += perf_counter() - begin
    if world is not None:
        world.close()
    return paths, wall


def _records(track: Track, k: int, laid: Batch, runs: Mapping[str, Paths]) -> list[Replay]:
    """One record a signal."""
    rows = slice(laid.pieces.first[k], laid.pieces.first[k] + laid.pieces.count[k])
    speed = {"base_position": track.linear_velocity, "base_orientation": np.zeros((len(track.time_s), 4))}
    found = []
    for signal, unit, names, field in (
        ("base_position", "m", ("x", "y", "z"), "position"),
        ("base_orientation", "1", ("x", "y", "z", "w"), "orientation"),
    ):
        measured = getattr(track, field)
        found.append(
            Replay(
                log_id=track.log_id,
                signal=signal,
                unit=unit,
                components=names,
                time_s=track.time_s,
                measured=measured,
                command=np.full_like(measured, np.nan),
                predicted={name: getattr(paths, field)[rows] for name, paths in runs.items()},
                low=None,
                high=None,
                speed=speed[signal],
                load=np.full_like(measured, np.nan),
                enabled=np.ones(len(measured), bool),
            )
        )
    return found


def _windowed(
    robot: Robot,
    values: Mapping[str, float],
    networks: Networks | None,
    variants: Sequence[str],
    tracks: Sequence[Track],
    timestep: float,
    engine: Engine,
    progress: NamedProgress | None,
) -> list[WindowError]:
    """Errors at the ends of windows, log by log."""
    found = []
    for horizon in HORIZONS:
        laid = windows(tracks, horizon, EVERY)
        if laid is None:
            continue
        for variant in variants:
            told = named(progress, f"windows of {horizon:g} s, {variant}")
            learned = networks if variant == "hybrid" else None
            paths, _ = _replayed(robot, variant, values, learned, None, laid, timestep, engine, told)
            ends = {
                "base_position": np.linalg.norm(paths.position - laid.position, axis=1)[laid.last],
                "base_orientation": geodesic_angle(paths.orientation, laid.orientation)[laid.last],
            }
            for k in np.unique(laid.pieces.world):
                mine = laid.pieces.world == k
                found += [
                    WindowError(
                        log_id=tracks[k].log_id,
                        signal=signal,
                        horizon_s=horizon,
                        variant=name,
                        mae=np.array([errors[mine].mean()]),
                        count=int(mine.sum()),
                    )
                    for signal, errors in ends.items()
                    for name in _named(variant, variants)
                ]
    return found


def _named(variant: str, variants: Sequence[str]) -> tuple[str, ...]:
    """Under which names a variant is scored: without a network, hybrid is identified."""
    return ("identified", "hybrid") if variant == "identified" and "hybrid" not in variants else (variant,)


def _networks(calibration: Calibration) -> Networks | None:
    """The contact residual; None where none ships."""
    names = [one.contract.name for one in calibration.networks]
    return calibration.network(NETWORK) if NETWORK in names else None


def _notes(calibration: Calibration, tracks: Sequence[Track], flights: Flights | None) -> list[str]:
    notes = [ABSENT]
    if _networks(calibration) is None:
        notes.append("no residual network ships; hybrid is identified")
    seen = set(calibration.record.lineage.fitted_on) & {track.log_id for track in tracks}
    if seen:
        notes.append(f"in-sample: the calibration's own fit has seen {len(seen)} of {len(tracks)} logs")
    if flights is not None and (short := int((flights.samples == 0).sum())):
        notes.append(f"{short} logs fly for too few samples to fit a start; they start as measured")
    return notes
