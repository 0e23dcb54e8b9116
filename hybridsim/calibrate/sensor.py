"""The chain of a study of an inertial sensor: read, identify, learn what is left, say what is certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hybridsim.calibrate.motion_noise import channels_of, follow_motion
from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Gate, Lineage, Table
from hybridsim.errors import LogError, StudyError, listed
from hybridsim.learn.noise import noise_gates
from hybridsim.log import Log
from hybridsim.parameters import Parameter
from hybridsim.robot import Robot
from hybridsim.sensing.alignment import require_gravity
from hybridsim.sensing.judge import judged
from hybridsim.sensing.model import ANY, fit_model
from hybridsim.sensing.recording import ACC, GYRO, Recording, recording_of, untracked
from hybridsim.sensing.resting import fit_rests
from hybridsim.sensing.stored import arrays_of, rest_arrays_of
from hybridsim.sensing.values import Found, gravity_values, imu_values, rest_values, stated
from hybridsim.sensors import offered
from hybridsim.study import Study

REST_MEANING = "model of hybridsim.sensing.resting.RestModel, as hybridsim.sensing.stored has it"
MEANING = "model of hybridsim.sensing.model.ImuModel, as hybridsim.sensing.stored has it"


def sensor_name(plan: Study, robot: Robot) -> str:
    """The IMU that a study is about.

    Raises:
        StudyError: the robot has none of this name, or several and the study names none.
    """
    names = [one.name for one in robot.sensors if one.kind == "imu"]
    wanted = plan.sensor.name
    if wanted is not None and wanted not in names:
        raise StudyError(
            f"{plan.where}: sensor.name: {robot.name} has no IMU '{wanted}'; it has {listed(names)}"
        )
    if wanted is None and len(names) != 1:
        raise StudyError(
            f"{plan.where}: sensor.name: {robot.name} has {len(names)} IMUs ({listed(names)}); expected the "
            "name of one"
        )
    return wanted or names[0]


def mounting_of(plan: Study, labels: Mapping[str, str]) -> str:
    """Names logs that share a frame."""
    key = plan.sensor.mounting
    return ANY if key is None else labels.get(key, ANY)


def find_sensor(work: Work, synthetic: bool, lineage: Lineage) -> Findings:
    """All that the study asks for, found on training logs; validation logs judge what follows the motion."""
    plan, name = work.plan, sensor_name(work.plan, work.robot)
    if plan.sensor.truth == "rest":
        return _find_by_rests(work, name, synthetic, lineage)
    training, judging = (_recordings(work, side) for side in ("train", "validation"))
    if not training:
        raise LogError(f"{plan.where}: no training log fits; expected at least one")
    told = work.named("identifying the sensor")
    gravity = plan.sensor.gravity_m_s2
    model, found = fit_model(training, lambda one: mounting_of(plan, one.labels), gravity, work.seed, told)
    verdicts = judged(model, [(one, mounting_of(plan, one.labels)) for one in judging], work.seed)
    model = replace(model, follows=(verdicts[GYRO].ships, verdicts[ACC].ships))
    values = imu_values(found)
    learned, why = None, "the study learns nothing of its noise"
    if plan.learn.enabled and training and judging:
        logs = [(one, mounting_of(plan, one.labels)) for one in (*training, *judging)]
        told = work.named("learning what noise follows")
        learned = follow_motion(
            model, name, logs, len(training), found.conversions, plan.learn, work.seed, told
        )
    return Findings(
        robot=work.robot.name,
        serial=work.evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=_parameters(
            work.robot, name, values, f"identified on {len(training)} logs against the tracked pose"
        ),
        lineage=lineage,
        gates={
            signal: Gate(
                ships=v.ships,
                unit=v.unit,
                mean_difference=v.mean_difference,
                interval_95=v.interval_95,
                reason=v.reason,
            )
            for signal, v in verdicts.items()
        }
        | noise_gates(learned, channels_of(name), why),
        networks=() if learned is None else learned.networks,
        tables=(Table.of(f"sensor.{name}", arrays_of(model), MEANING, _words(plan)),),
    )


def _find_by_rests(work: Work, name: str, synthetic: bool, lineage: Lineage) -> Findings:
    """What rests alone tell of training logs."""
    training = _recordings(work, "train", untracked)
    if not training:
        raise LogError(f"{work.plan.where}: no training log fits; expected at least one")
    model, found, weight = fit_rests(training, work.plan.sensor.gravity_m_s2, work.seed)
    values = {**rest_values(found), **gravity_values(weight)}
    source = f"identified on the rests of {len(training)} logs"
    return Findings(
        robot=work.robot.name,
        serial=work.evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=_parameters(work.robot, name, values, source),
        lineage=lineage,
        tables=(Table.of(f"sensor.{name}", rest_arrays_of(model), REST_MEANING, {"truth": "rest"}),),
    )


def _words(plan: Study) -> dict[str, str]:
    return {} if plan.sensor.mounting is None else {"mounting": plan.sensor.mounting}


def _recordings(work: Work, side: str, read: Callable[[Log], Recording] = recording_of) -> list[Recording]:
    """Logs of one side that can be read; the others are named and left out."""
    found = []
    for number in work.evidence.numbers(side):
        log: Log = work.evidence.logs[number]
        try:
            recording = read(log)
            if read is untracked:
                require_gravity(recording)
            found.append(recording)
        except LogError as error:
            work.say(str(error))
            continue
        for fault in recording.faults:
            work.say(f"log {log.name}: {fault}")
    return found


def _parameters(robot: Robot, sensor: str, values: Mapping[str, Found], source: str) -> list[Parameter]:
    """Every sensor parameter of the robot, those that were found at their values."""
    known = {f"sensor.{sensor}.{name}": found for name, found in values.items()}
    return [one if one.name not in known else stated(one, known[one.name], source) for one in offered(robot)]
