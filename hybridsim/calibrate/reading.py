"""The chain of a study of sensors in drives: replay a calibration, and identify what reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from hybridsim.calibrate.noise import Beside, beside, follow, interval_of
from hybridsim.calibrate.work import Work
from hybridsim.calibration import Calibration, Intervals, Lineage
from hybridsim.contacts.parameters import has_law
from hybridsim.effort.settings import effort_signal
from hybridsim.errors import LogError, StudyError, listed
from hybridsim.learn.noise import LearnedNoise, noise_gates
from hybridsim.log import Log
from hybridsim.replay.engine import Trajectory
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.robot import Robot
from hybridsim.sensing.along import Logged, logged
from hybridsim.sensing.drive_reading import fit_reading, readings_err
from hybridsim.sensing.encoder_reading import MOST_RATIO, Turned, fit_encoder, rate_ratio
from hybridsim.sensing.lasting import noise_values
from hybridsim.sensing.values import Found, stated
from hybridsim.sensing.watched import OTHER_UNIT, Watched, samples_of, watched
from hybridsim.sensors import offered
from hybridsim.sensors.parameters import PREFIX
from hybridsim.sensors.residual import IN_DRIVES, NAMES
from hybridsim.signals import signal_word
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.residual import coupled_by_motion
from hybridsim.study import Study

T = TypeVar("T")
Values = dict[str, Found]


def parent_of(plan: Study, robot: Robot) -> Calibration:
    """The calibration whose simulator a study of sensors in drives replays.

    Raises:
        StudyError: it is of another robot, replays no commands, or has networks of sensors already.
        CalibrationError: it does not load.
    """
    name = str(plan.sensor.calibration)
    beside = Path(plan.where).parent / name
    found = Calibration.load(beside if beside.exists() else name)
    where = f"{plan.where}: sensor.calibration: {found.id}"
    if found.record.robot != robot.name:
        raise StudyError(f"{where} is of robot {found.record.robot}; expected one of {robot.name}")
    if any(one.contract.name in NAMES for one in found.networks):
        raise StudyError(
            f"{where} has networks that its sensors' noise follows; expected the one that they were added "
            f"to, {found.record.lineage.parent}"
        )
    values = found.values()
    if (
        effort_signal(values) is not None
        or has_law(values)
        or not robot.drives
        or not coupled_by_motion(robot)
    ):
        raise StudyError(
            f"{where} replays no commands of servos that carry their joints; expected one that does"
        )
    return found


def find_readings(work: Work, parent: Calibration, lineage: Lineage) -> Calibration:
    """The parent with the sensors that the study asks for, found on training logs.

    Raises:
        LogError: no log has readings of any of them; says why of the first.
    """
    asked = logged(work.robot, work.plan.scored_signals)
    bench = Bench(work=work, runs=_replayed(work, parent), refused=[])
    found = bench.encoders([one for one in asked if one.sensor.kind == "encoder"])
    found |= bench.efforts([one for one in asked if one.sensor.kind != "encoder"])
    if not found:
        raise LogError(f"{work.plan.where}: nothing to identify: {listed(bench.refused, most=1)}")
    fitted = [one for one in asked if one.sensor.name in found]
    following = [one for one in fitted if one.sensor.kind in IN_DRIVES]
    values, seen = {**parent.values(), **_values(found)}, bench.seen_by(fitted)
    left = beside(work, bench.runs, values, seen, fitted)
    learned = follow(work, bench.runs, left, following)
    networks = () if learned is None else learned.networks
    if networks:
        left = beside(work, bench.runs, values, seen, fitted, networks)
        for one in following:
            found[one.sensor.name] |= bench.noise(left[one.sensor.name], found[one.sensor.name])
    known = {p.name: p for p in offered(work.robot)}
    parameters = [
        stated(known[f"{PREFIX}{sensor}.{name}"], value)
        for sensor, own in found.items()
        for name, value in own.items()
    ]
    intervals = bench.intervals(fitted, left, _values(found), learned)
    units = {one.sensor.name: signal_word(one.signal).unit for one in following}
    gates = noise_gates(learned, units, "nothing was learned of its noise")
    return parent.with_sensors(parameters, intervals, lineage, networks, gates)


def _values(found: Mapping[str, Values]) -> dict[str, float]:
    """By `sensor.<name>.<parameter>`."""
    return {f"{PREFIX}{s}.{name}": one.value for s, own in found.items() for name, one in own.items()}


def _replayed(work: Work, parent: Calibration) -> dict[str, Trajectory]:
    """Free runs of the parent's parameters on training and validation logs, by log."""
    simulator = CalibratedSimulator(calibration=parent, variant="identified", robot=str(work.robot.folder))
    inputs = work.evidence.of("train", "validation")
    told = work.named("replaying identified")
    replayed = replay_variant(simulator, inputs, name="identified", engine=work.engine, progress=told)
    return {run.log_id: run for run in replayed.runs}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Logs, their replays, and what of them was refused and why."""

    work: Work
    runs: Mapping[str, Trajectory]
    refused: list[str]
    seen: dict[tuple[str, str], list[Watched]] = field(default_factory=dict)
    """By sensor and side: logs are looked at, and refused, once."""

    def encoders(self, asked: Sequence[Logged]) -> dict[str, Values]:
        """Encoders by name, each from the logs that have enough of it."""
        robot, found = self.work.robot, {}
        for one in asked:
            turned = self._of("train", lambda log, inputs: turned_of(log, inputs, robot, one))  # noqa: B023
            if turned:
                prior = next(e.velocity_resolution for e in robot.encoders if e.joint == one.joint)
                step = 0.0 if prior is None else prior.value
                found[one.sensor.name] = fit_encoder(turned, next(iter(self.runs.values())).timestep, step)
        return found

    def efforts(self, asked: Sequence[Logged]) -> dict[str, Values]:
        """Current, torque and duty sensors by name; drives of one model read the same side of a converter."""
        training = [(one, seen) for one in asked if (seen := self._beside(one, "train"))]
        errors: dict[str, tuple[float, float]] = {}
        for n, (one, seen) in enumerate(training):
            if self.work.progress is not None:
                self.work.progress(n, len(training), "identifying sensors")
            if one.sensor.kind != "duty":
                judges = self._beside(one, "validation") or seen
                errors[one.joint] = readings_err(one.sensor.kind, seen, judges, _unsigned(one))
        found: dict[str, Values] = {}
        for one, seen in training:
            alike = [errors[joint] for joint in self._of_model(one.joint) if joint in errors]
            ratio = float(np.exp(np.mean([np.log(s / w) for w, s in alike]))) if alike else 1.0
            supply = one.sensor.kind != "duty" and ratio < 1.0
            judges = self._beside(one, "validation")
            values = fit_reading(one.sensor.kind, seen, judges, supply=supply, stated=_unsigned(one))
            if one.joint in errors and one.sensor.kind != "duty":
                values["supply"] = Found(
                    float(ratio < 1.0), source=_choice(errors[one.joint], ratio, len(alike))
                )
            if self._credible(one, values["gain"].value):
                found[one.sensor.name] = values
        return found

    def _of_model(self, joint: str) -> list[str]:
        """Joints that a drive of the same model moves."""
        drives = self.work.robot.drives
        return [one.joint for one in drives if one.model == self.work.robot.drive(joint).model]

    def seen_by(self, sensors: Sequence[Logged]) -> dict[str, list[Watched]]:
        """Their readings in all logs that were replayed, by sensor."""
        sides = ("train", "validation")
        return {one.sensor.name: [w for side in sides for w in self._beside(one, side)] for one in sensors}

    def noise(self, left: Mapping[str, Beside], found: Values) -> Values:
        """White and lasting noise in training logs, where its strength is 1."""
        rows = [one for log_id, one in left.items() if log_id in self._logs("train")]
        strength = np.concatenate([one.at(one.sensed.strength) for one in rows])
        return noise_values(
            np.concatenate([one.left() for one in rows]) / strength,
            np.concatenate([np.full(len(one.seen.time), n) for n, one in enumerate(rows)]),
            float(np.median(np.diff(rows[0].seen.time))),
            found["resolution"].value ** 2 / 12.0 * float((strength**-2.0).mean()),
        )

    def intervals(
        self,
        fitted: Sequence[Logged],
        left: Mapping[str, Mapping[str, Beside]],
        values: Mapping[str, float],
        learned: LearnedNoise | None,
    ) -> Intervals:
        """90 % intervals of readings, as wide as validation logs say.

        Where they are wide follows from the networks' strength or, without one, grows with the reading.
        """
        found: Intervals = {}
        for one in fitted:
            name = one.sensor.name
            training, judging = (
                [own for log_id, own in left[name].items() if log_id in self._logs(side)]
                for side in ("train", "validation")
            )
            if training:
                follows = learned is not None and name in learned.strength and learned.strength[name].ships
                row = interval_of(one, training, judging or training, values, follows)
                found.setdefault(one.signal, {})[one.joint] = row
        return found

    def _logs(self, side: str) -> set[str]:
        """Ids of the logs of a side."""
        evidence = self.work.evidence
        return {evidence.logs[n].log_id for n in evidence.numbers(side)}

    def _of(self, side: str, look: Callable[[Log, LogInputs], T]) -> list[T]:
        """What a look at each log of a side gives; logs that it refuses are named and left out."""
        found = []
        for n in self.work.evidence.numbers(side):
            try:
                found.append(look(self.work.evidence.logs[n], self.work.evidence.inputs[n]))
            except LogError as error:
                self.work.say(str(error))
                self.refused.append(str(error))
        return found

    def _beside(self, one: Logged, side: str) -> list[Watched]:
        """A sensor's readings in the logs of one side."""
        robot, runs, key = self.work.robot, self.runs, (one.sensor.name, side)
        if key not in self.seen:
            self.seen[key] = self._of(
                side, lambda log, _: watched(log, robot, runs[log.log_id], one.signal, one.joint)
            )
        return self.seen[key]

    def _credible(self, one: Logged, gain: float) -> bool:
        """Whether readings are of the unit that their signal says, by the size of the gain."""
        constant = self.work.robot.drive(one.joint).torque_constant
        if one.sensor.kind == "current":
            gain *= 1.0 if constant is None else constant.value
        if 1.0 / OTHER_UNIT < abs(gain) < OTHER_UNIT or (one.sensor.kind == "current" and constant is None):
            return True
        unit = signal_word(one.signal).unit
        said = (
            f"'{one.signal}' of {one.joint} reads {gain:.3g} times what its drive gives in the replay; "
            f"expected {unit}, this looks like counts or another unit"
        )
        self.work.say(said)
        self.refused.append(said)
        return False


def _unsigned(one: Logged) -> bool:
    """Whether robot.toml says that magnitudes are read."""
    prior = one.sensor.priors.get("unsigned")
    return prior is not None and prior.value > 0.5


def _choice(errors: tuple[float, float], ratio: float, sensors: int) -> str:
    winding, supply = errors
    return (
        f"on judging logs readings err by {winding:.4g} as the winding's and by {supply:.4g} as the supply's "
        f"current; over {sensors} sensors of such drives the supply's errors are {ratio:.2f} of the other's"
    )


def turned_of(log: Log, inputs: LogInputs, robot: Robot, one: Logged) -> Turned:
    """An encoder's positions and velocities in one log.

    Raises:
        LogError: too few of them, a constant one, or velocities that are no rates of the positions.
    """
    drive = robot.drive(one.joint)
    start = int(log.signal(robot.drives[0].command).stamp_ns[0])
    time, position = samples_of(log, drive.measured, one.joint, start)
    velocity_time, velocity = samples_of(log, one.signal, one.joint, start)
    column = robot.drives.index(drive)
    found = Turned(
        time=time,
        position=drive.command_scale.value * position,
        command=inputs.command[np.searchsorted(inputs.time_s, time + 1e-9, side="right") - 1, column],
        velocity_time=velocity_time,
        velocity=velocity,
    )
    if not 1.0 / MOST_RATIO < (ratio := rate_ratio(found)) < MOST_RATIO:
        raise LogError(
            f"log {log.name}: '{one.signal}' of {one.joint} is {ratio:.3g} times the rate of its positions; "
            "expected rad/s of the same joint, this looks like another unit or sign"
        )
    return found
