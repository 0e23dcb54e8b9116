"""The steps between logs and a calibration, in the order in which they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from hybridsim.actuators import offered
from hybridsim.calibrate.work import Work
from hybridsim.calibration import Intervals, SimulationSettings
from hybridsim.identify.apart import Apart, fit_apart
from hybridsim.identify.fit import FitResult, fit, refine
from hybridsim.identify.problem import WORLD, Problem, new_problem
from hybridsim.identify.signs import FoundSign, find_signs
from hybridsim.identify.stops import found_stops
from hybridsim.jobs import alongside
from hybridsim.learn.interval import fit_intervals
from hybridsim.learn.residual import Learned, gather, learn_residual, spec_of
from hybridsim.networks.blackbox import BlackBox
from hybridsim.parameters import Parameter
from hybridsim.replay.engine import Trajectory, replay_logs
from hybridsim.replay.variants import replay_variant
from hybridsim.robot import Robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.signs import offered_signs, sign_name, with_signs
from hybridsim.simulator.sim import HybridSim
from hybridsim.study import Selection, Study

WARMED = 5
"""Rows of a log that the compiler is warmed up on."""


@dataclass(frozen=True, kw_only=True)
class IdentifiedSimulator:
    """Builds worlds from values alone; small enough to travel to worker processes."""

    robot: Robot
    values: dict[str, float]
    settings: SimulationSettings

    def __call__(self, worlds: int, constants: dict[str, float]) -> HybridSim:
        """Worlds that carry a log's payload."""
        return HybridSim(self.robot, self.values, self.settings, worlds=worlds, constants=constants)


def select_parameters(plan: Study, robot: Robot, training: Sequence[LogInputs]) -> Selection:
    """What the study identifies; stops that the logs show are set to where they show them."""
    models = [*offered(robot), *offered_inertials(robot), *offered_signs(robot), *WORLD]
    selection = plan.resolve(models)
    stops = found_stops(training, [drive.joint for drive in robot.drives])
    source = "found: where the joint stood while pushed on"
    return _found(selection, {name: (value, source) for name, value in stops.items()})


def turn_joints(work: Work, selection: Selection) -> tuple[Work, Selection]:
    """The robot with the signs that the logs show, and those signs among the parameters."""
    work.say("signs of the joints")
    training, plane = work.evidence.of("train"), work.settings.plane
    signs = find_signs(work.robot, selection, training, plane, work.settings.physics_timestep_s)
    clear = {sign_name(joint): sign for joint, sign in signs.items() if sign.clear}
    selection = _found(selection, {name: (float(s.sign), _sign_source(s)) for name, s in clear.items()})
    robot = with_signs(work.robot, {p.name: p.value for p in selection.offered})
    return replace(work, robot=robot), selection


def _found(selection: Selection, values: dict[str, tuple[float, str]]) -> Selection:
    """The selection with values that were found without a search, and how."""
    changed = tuple(
        p.model_copy(update=dict(zip(("value", "source"), values[p.name], strict=True)))
        if p.name in values
        else p
        for p in selection.offered
    )
    return replace(selection, offered=changed)


def _sign_source(found: FoundSign) -> str:
    return f"found: the other sign makes replays of training logs worse by a factor of {found.ratio:.2f}"


def compiling(work: Work, values: dict[str, float]) -> AbstractContextManager[None]:
    """Let another core compile the simulator while this one identifies; the end of the block waits for it.

    Where the kernels are in numba's cache already, it takes a second or two.
    """
    if work.engine == "serial":
        return nullcontext()
    short = work.evidence.inputs[0].rows(slice(WARMED))
    simulator = IdentifiedSimulator(robot=work.robot, values=values, settings=work.settings)
    return alongside(_compile, (simulator, short))


def _compile(work: tuple[IdentifiedSimulator, LogInputs]) -> None:
    replay_logs(work[0], [work[1]])


def identify(work: Work, selection: Selection) -> tuple[FitResult, list[Apart]]:
    """Fit the selected parameters on the training logs, and again without some of them each."""
    work.say("rigid body along the logs")
    problem, budget = _problem(work, selection, work.evidence.of("train")), work.plan.identify
    found = fit(problem, budget, work.seed, engine=work.engine, memory=work.memory, progress=work.progress)
    apart = fit_apart(
        problem,
        found.point,
        budget.folds,
        work.seed,
        engine=work.engine,
        memory=work.memory,
        progress=work.named("training logs left out in turn"),
    )
    return found, apart


def refit(work: Work, selection: Selection, found: FitResult) -> FitResult:
    """Fit training and validation logs together: anew, and by a polish of what the training logs gave."""
    problem = _problem(work, selection, work.evidence.of("train", "validation"))
    candidates = [
        refine(problem, work.plan.identify, found.point),
        fit(problem, work.plan.identify, work.seed, engine="serial"),
    ]
    return min(candidates, key=lambda candidate: float(candidate.error.sum()))


def _problem(work: Work, selection: Selection, logs: Sequence[LogInputs]) -> Problem:
    step, plane = work.settings.physics_timestep_s, work.settings.plane
    return new_problem(work.robot, selection, logs, timestep=step, plane=plane)


def replay_identified(
    work: Work, selection: Selection, found: FitResult, apart: Sequence[Apart]
) -> list[Trajectory]:
    """Free runs of the identified simulator on training logs, as `apart` has them, and on validation logs."""
    training, validation = work.evidence.of("train"), work.evidence.of("validation")
    parts = [(found.point, validation), *((one.point, [training[n] for n in one.logs]) for one in apart)]
    runs: dict[str, Trajectory] = {}
    for n, (point, logs) in enumerate(parts):
        if work.progress is not None:
            work.progress(n, len(parts), "replaying identified")
        simulator = IdentifiedSimulator(
            robot=work.robot, values=selection.values(point), settings=work.settings
        )
        replayed = replay_variant(simulator, logs, name="identified", engine=work.engine)
        runs |= {run.log_id: run for run in replayed.runs}
    return [runs[log.log_id] for log in work.evidence.of("train", "validation")]


def learn(work: Work, runs: Sequence[Trajectory]) -> tuple[Learned | None, Intervals]:
    """Residual networks where they help, and 90 % intervals."""
    inputs, plan = work.evidence.of("train", "validation"), work.plan
    sides = [work.evidence.split.side(log.log_id) for log in inputs]
    training = [n for n, side in enumerate(sides) if side == "train"]
    validation = [n for n, side in enumerate(sides) if side == "validation"]
    spec = spec_of(work.robot, plan.learn, work.settings.physics_timestep_s)
    gathered = gather(spec, inputs, runs)
    learned = None
    if plan.learn.enabled:
        progress = work.named("learning residuals")
        learned = learn_residual(spec, gathered, training, validation, plan.learn, work.seed, progress)
    networks, mean = (None, None) if learned is None else (learned.networks, learned.mean)
    if plan.learn.folds > 1:  # then every log has judged networks that never saw it
        training = validation = [*training, *validation]
    return learned, fit_intervals(work.robot, gathered, networks, training, validation, mean)


def train_baseline(work: Work) -> BlackBox | None:
    """The black box that the hybrid is compared with."""
    plan = work.plan.blackbox
    if not plan.enabled:
        return None
    from hybridsim.learn.blackbox import train_blackbox

    training, validation = work.evidence.of("train"), work.evidence.of("validation")
    progress = work.named("training the black-box baseline")
    return train_blackbox(training, validation, plan, work.seed, progress)


def known(parameters: Sequence[Parameter]) -> list[Parameter]:
    """What was found without a search (signs, stops) is known too."""
    return [
        p.model_copy(update={"identifiable": True}) if p.source.startswith("found:") else p
        for p in parameters
    ]
