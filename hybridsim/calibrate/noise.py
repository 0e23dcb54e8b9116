"""What sensors in drives leave over, and networks that follow it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.calibrate.work import Work
from hybridsim.learn.noise import LearnedNoise, learn_noise, specs_of
from hybridsim.learn.residual import Leftover
from hybridsim.networks.conformal import conformal_multipliers
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks
from hybridsim.replay.engine import Trajectory
from hybridsim.sensing.along import GROWTH, NOISE, Logged, Sensed, driving, readings
from hybridsim.sensing.lines import scatter_of
from hybridsim.sensing.watched import Watched
from hybridsim.sensors.parameters import PREFIX
from hybridsim.sensors.residual import COLUMNS, DRIVE, inputs_given

SHORTEST = 0.005
"""Period of networks where neither study nor readings are slower [s]; chosen, because drives are slower."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A sensor's real readings in one log, beside what it reads in the replay.

    Attributes:
        seen: real readings.
        sensed: simulated ones at every step, before magnitudes.
        unsigned: whether magnitudes are read.
    """

    seen: Watched
    sensed: Sensed
    unsigned: bool

    def left(self) -> Float[np.ndarray, " row"]:
        """Real readings less simulated ones; where magnitudes are read, on the side of the simulated one."""
        simulated = self.at(self.sensed.reading)
        side = np.where(simulated < 0.0, -1.0, 1.0) if self.unsigned else 1.0
        return side * self.seen.reading - simulated

    def at(self, values: Float[np.ndarray, " step"]) -> Float[np.ndarray, " row"]:
        """Values at every step, when real readings were taken."""
        return np.interp(self.seen.time, np.arange(len(values)) * self.seen.timestep, values)

    def size(self) -> Float[np.ndarray, " row"]:
        """Of the simulated readings."""
        return np.abs(self.at(self.sensed.reading))


def beside(
    work: Work,
    runs: Mapping[str, Trajectory],
    values: Mapping[str, float],
    seen: Mapping[str, Sequence[Watched]],
    sensors: Sequence[Logged],
    networks: Sequence[Networks] = (),
) -> dict[str, dict[str, Beside]]:
    """By sensor and log, for logs that have readings of it.

    Args:
        work: names the robot.
        runs: replays by log.
        values: parameters by name, those of the sensors among them.
        seen: readings by sensor.
        sensors: in drives.
        networks: that noise follows.
    """
    found: dict[str, dict[str, Beside]] = {one.sensor.name: {} for one in sensors}
    for log_id, run in runs.items():
        sensed = readings(work.robot, values, run, sensors, networks=networks, signed=True)
        for one in sensors:
            name = one.sensor.name
            own = values.get(f"{PREFIX}{name}.unsigned", 0.0) > 0.5
            for each in seen[name]:
                if each.log_id == log_id:
                    found[name][log_id] = Beside(seen=each, sensed=sensed[name], unsigned=own)
    return found


def follow(
    work: Work,
    runs: Mapping[str, Trajectory],
    found: Mapping[str, Mapping[str, Beside]],
    sensors: Sequence[Logged],
) -> LearnedNoise | None:
    """Networks that the noise of sensors follows, where the study learns any.

    Args:
        work: names study, drives and sides of the logs.
        runs: replays by log.
        found: see `beside`.
        sensors: whose noise it is.
    """
    learn, evidence = work.plan.learn, work.evidence
    numbers = {log.log_id: n for n, log in enumerate(evidence.logs)}
    shared = [log_id for log_id in runs if all(log_id in found[one.sensor.name] for one in sensors)]
    if not learn.enabled or not sensors or not shared:
        return None
    specs = _specs(work, found, sensors)
    names = specs[0].groups
    parts = [
        _gathered(work, runs[log_id], [found[name][log_id] for name in names], specs[0]) for log_id in shared
    ]
    left = Leftover(
        features=np.concatenate([features for features, _ in parts]),
        left=np.concatenate([left for _, left in parts]),
        log=np.concatenate([np.full(len(p[1]), numbers[k]) for k, p in zip(shared, parts, strict=True)]),
    )
    sides = [[n for n in evidence.numbers(side) if n in set(left.log)] for side in ("train", "validation")]
    if not all(sides):
        return None
    told = work.named("learning what noise follows")
    return learn_noise(specs, left, sides[0], sides[1], learn, work.seed, told)


def interval_of(
    one: Logged,
    training: Sequence[Beside],
    judging: Sequence[Beside],
    values: Mapping[str, float],
    follows: bool,
) -> dict[str, tuple[float, ...]]:
    """Numbers behind the 90 % intervals of a sensor's readings, as wide as judging logs say.

    Args:
        one: the sensor.
        training: where they are wide is read from these, unless it follows networks.
        judging: how wide they are.
        values: parameters by name.
        follows: whether the strength of its noise ships.
    """
    name = f"{PREFIX}{one.sensor.name}"
    if follows:
        sigma = math.hypot(values[f"{name}.white"], values[f"{name}.drift"])
        wide, said = [sigma * own.at(own.sensed.strength) for own in judging], {NOISE: (sigma,)}
    else:
        word = "velocity_resolution" if one.sensor.kind == "encoder" else "resolution"
        size, left = (np.concatenate(v) for v in zip(*((o.size(), o.left()) for o in training), strict=True))
        floor, growth = scatter_of(size, np.abs(left), max(0.5 * values[f"{name}.{word}"], 1e-9))
        wide, said = [floor + growth * own.size() for own in judging], {GROWTH: (floor, growth)}
    number = np.concatenate([np.full(len(w), n) for n, w in enumerate(wide)])
    away = np.concatenate([own.left() for own in judging])
    multiplier = conformal_multipliers(away[:, None], np.concatenate(wide)[:, None], number)[0]
    return {"multiplier": (float(multiplier),), **said}


def _specs(
    work: Work, found: Mapping[str, Mapping[str, Beside]], sensors: Sequence[Logged]
) -> tuple[NetworkSpec, NetworkSpec]:
    """Of shift and strength: a look for every reading."""
    learn, one = work.plan.learn, next(iter(found[sensors[0].sensor.name].values())).seen
    wanted = learn.sample_period_s or max(float(np.median(np.diff(one.time))), SHORTEST)
    period = max(1, round(wanted / one.timestep)) * one.timestep
    return specs_of(DRIVE, [one.sensor.name for one in sensors], period, learn)


def _gathered(
    work: Work, run: Trajectory, own: Sequence[Beside], spec: NetworkSpec
) -> tuple[Float[np.ndarray, "look group feature"], Float[np.ndarray, "look group"]]:
    """What networks see at every look, as worlds feed them, and the first reading after it; NaN for none."""
    every = round(spec.sample_period / run.timestep)
    looks = np.arange(0, len(run.angle), every)
    joints = [drive.joint for drive in work.robot.drives]
    column = [joints.index(one.seen.joint) for one in own]
    values = driving(run)[looks][:, column][:, :, list(COLUMNS)]
    features = log_features(spec, values, inputs=inputs_given(DRIVE), period=spec.sample_period)
    left = np.full((len(looks), len(spec.groups)), np.nan)
    for g, one in enumerate(own):
        time = one.seen.time
        first = np.searchsorted(time, looks * run.timestep, side="right")
        there = first < len(time)
        there[there] &= time[first[there]] <= (looks[there] + every) * run.timestep
        left[there, g] = one.left()[first[there]]
    return features, left
