"""The chain of a study of drives that push: identify along the measured motion, learn what is left, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import offered
from hybridsim.calibrate.gates import gates
from hybridsim.calibrate.stand import base_parameters
from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Intervals, Lineage
from hybridsim.errors import StudyError
from hybridsim.identify.alike import from_the_others
from hybridsim.identify.apart import fit_apart
from hybridsim.identify.fit import fit
from hybridsim.identify.problem import WORLD
from hybridsim.identify.pushed import GAINS, PushedProblem, pushed_problem, true_gains
from hybridsim.identify.unknown import held_unknown
from hybridsim.learn.interval import fit_intervals
from hybridsim.learn.pushed import gather_pushed
from hybridsim.learn.residual import Gathered, Learned, learn_residual, spec_of
from hybridsim.parameters import Parameter
from hybridsim.replay.variants import by_signal
from hybridsim.robot import Robot
from hybridsim.simulator.along import EFFORT, Along, along_of
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.pushed import (
    READING,
    best_pushed_delays,
    motion_hz_read,
    offered_readings,
    run_drives,
)
from hybridsim.simulator.signs import offered_signs
from hybridsim.study import Selection, Study

UNIT = "N*m"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Logs on the grid, by what they are for."""

    train: list[Along]
    validation: list[Along]


def require_pushing(plan: Study, robot: Robot) -> None:
    """Refuse drives that carry their joints, or measure no effort.

    Raises:
        StudyError: names the first such drive.
    """
    for drive in robot.drives:
        if drive.coupling != "effort" or drive.measured != EFFORT:
            raise StudyError(
                f"{plan.where}: drive: {robot.name}'s drive of {drive.joint} has coupling "
                f"'{drive.coupling}' and measures '{drive.measured}'; expected drives that push "
                f"(coupling 'effort', '{EFFORT}')"
            )
    if not robot.drives:
        raise StudyError(f"{plan.where}: drive: {robot.name} has no drives")


def find_drives(work: Work, synthetic: bool, lineage: Lineage) -> Findings:
    """All that a study of pushing drives asks for, found on the logs."""
    robot, plan = work.robot, work.plan
    sides = _sides(work)
    selection = _selection(plan, robot)
    work.say("drives along the logs")
    problem = pushed_problem(robot, selection, sides.train, work.settings.physics_timestep_s)
    found = fit(
        problem, plan.identify, work.seed, engine=work.engine, memory=work.memory, progress=work.progress
    )
    told = work.named("drives from where the others ended")
    found = replace(found, point=from_the_others(problem, found.point, plan.identify.polish_iterations, told))
    known = held_unknown(problem, found, work.named("parameters that the logs do not tell"))
    learned, intervals = _learned(work, sides, _left_over(work, problem, known.point, sides))
    delays = best_pushed_delays(robot, sides.train, work.settings.physics_timestep_s)
    return Findings(
        robot=robot.name,
        serial=work.evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=_with_base(
            work, sides, [*_in_drives(robot, selection.identified(known.parameters)), _filter(plan)]
        ),
        lineage=lineage,
        gates=gates(robot, learned, UNIT),
        intervals=intervals,
        networks=() if learned is None or learned.networks is None else (learned.networks,),
        delays=by_signal(robot, delays),
    )


def _sides(work: Work) -> Sides:
    """Training and validation logs on the grid of the physics."""
    rule = work.plan.drive
    assert rule is not None, "a study of drives"
    step = work.settings.physics_timestep_s
    read = lambda side: [  # noqa: E731
        along_of(work.evidence.logs[n], work.robot, step, rule.motion_hz) for n in work.evidence.numbers(side)
    ]
    return Sides(train=read("train"), validation=read("validation"))


def _selection(plan: Study, robot: Robot) -> Selection:
    """What the study identifies of what drives and readings offer; bodies stay as the URDF has them."""
    own = [*offered(robot), *offered_readings(robot)]
    table = WORLD if robot.urdf.base == "fixed" else ()
    selection = plan.resolve([*own, *offered_inertials(robot), *offered_signs(robot), *table])
    mine = {parameter.name for parameter in own}
    if odd := [name for names in selection.members.values() for name in names if name not in mine]:
        raise StudyError(
            f"{plan.where}: parameter '{odd[0]}': nothing along the measured motion tells it; expected "
            f"parameters of drives ('drive.*') or of readings ('{READING}*')"
        )
    if not len(selection.space):
        raise StudyError(f"{plan.where}: parameter: none is identified; expected some of 'drive.*'")
    return selection


def _left_over(
    work: Work, problem: PushedProblem, point: Float[np.ndarray, " parameter"], sides: Sides
) -> Gathered:
    """What free runs leave: of training logs under parameters polished without them, where folds say so."""
    robot, plan, step = work.robot, work.plan, work.settings.physics_timestep_s
    spec = spec_of(robot, plan.learn, step)
    told = work.named("training logs left out in turn")
    apart = fit_apart(problem, point, plan.identify.folds, work.seed, engine=work.engine, progress=told)
    under: dict[str, Mapping[str, float]] = {}
    for one in apart:
        own = true_gains(robot, problem.values(one.point))
        under |= {sides.train[n].log_id: own for n in one.logs}
    rest = true_gains(robot, problem.values(point))
    logs = [*sides.train, *sides.validation]
    values = [under.get(log.log_id, rest) for log in logs]
    runs = [run_drives(robot, own, log, step) for own, log in zip(values, logs, strict=True)]
    return gather_pushed(spec, robot, values, logs, runs)


def _learned(work: Work, sides: Sides, gathered: Gathered) -> tuple[Learned | None, Intervals]:
    """Residual networks where they help, and 90 % intervals."""
    plan = work.plan
    training = list(range(len(sides.train)))
    validation = list(range(len(sides.train), len(sides.train) + len(sides.validation)))
    spec = spec_of(work.robot, plan.learn, work.settings.physics_timestep_s)
    learned = None
    if plan.learn.enabled:
        progress = work.named("learning residuals")
        learned = learn_residual(spec, gathered, training, validation, plan.learn, work.seed, progress)
    networks, mean = (None, None) if learned is None else (learned.networks, learned.mean)
    if plan.learn.folds > 1:  # then every log has judged networks that never saw it
        training = validation = [*training, *validation]
    return learned, fit_intervals(work.robot, gathered, networks, training, validation, mean)


def _in_drives(robot: Robot, parameters: Sequence[Parameter]) -> list[Parameter]:
    """Gains as shares of the stall effort that was found, not of its prior, see `true_gains`."""
    by_name = {p.name: p for p in parameters}
    for drive in robot.drives:
        own = f"drive.{drive.joint}."
        ratio = drive.stall_effort.value / by_name[own + "stall_effort"].value
        for gain in GAINS if ratio != 1.0 else ():
            p = by_name[own + gain]
            ends = None if p.interval_95 is None else tuple(ratio * x for x in p.interval_95)
            scaled = {"value": ratio * p.value, "low": ratio * p.low, "high": ratio * p.high}
            by_name[p.name] = p.model_copy(update={**scaled, "interval_95": ends})
    return list(by_name.values())


def _with_base(work: Work, sides: Sides, parameters: list[Parameter]) -> list[Parameter]:
    """The same with the base's mass and centre, where the study asks for them and training logs show them."""
    assert work.plan.drive is not None, "a study of drives"
    if not work.plan.drive.stand:
        return parameters
    work.say("weighing the base")
    logs = [work.evidence.logs[n] for n in work.evidence.numbers("train")]
    values = {p.name: p.value for p in parameters}
    found = {p.name: p for p in base_parameters(work.robot, logs, sides.train, values)}
    return [found.get(p.name, p) for p in parameters]


def _filter(plan: Study) -> Parameter:
    """The study's low-pass, which scoring needs again."""
    assert plan.drive is not None, "a study of drives"
    return motion_hz_read(plan.drive.motion_hz)
