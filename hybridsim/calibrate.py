"""From logs to a calibration: identify, replay, learn, judge, score, save."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hybridsim import __version__
from hybridsim.actuators import offered
from hybridsim.calibration import (
    Calibration,
    Findings,
    Gate,
    Lineage,
    LoggedEvidence,
    SimulationSettings,
)
from hybridsim.evaluate import score_logs
from hybridsim.identify.fit import FitResult, fit, refine
from hybridsim.identify.problem import WORLD, new_problem
from hybridsim.identify.signs import FoundSign, find_signs
from hybridsim.identify.stops import found_stops
from hybridsim.ingest.open import open_logs
from hybridsim.jobs import Engine
from hybridsim.learn.interval import fit_intervals
from hybridsim.learn.residual import Learned, gather, learn_residual, spec_of
from hybridsim.log import Log
from hybridsim.parameters import Parameter
from hybridsim.replay.engine import Trajectory
from hybridsim.replay.variants import best_delays, by_signal, replay_variant
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.simulator.signs import offered_signs, sign_name, with_signs
from hybridsim.simulator.sim import HybridSim
from hybridsim.study import Selection, Split, Study, load_study, split_logs

Progress = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The logs of a calibration, by what they are for."""

    logs: Sequence[Log]
    inputs: Sequence[LogInputs]
    split: Split

    def numbers(self, *sides: str) -> list[int]:
        """Places of the logs of some sides."""
        return [n for n, log in enumerate(self.logs) if self.split.side(log.log_id) in sides]

    def of(self, *sides: str) -> list[LogInputs]:
        """Inputs of the logs of some sides."""
        return [self.inputs[n] for n in self.numbers(*sides)]


def calibrate(
    study: str | Path | Study,
    logs: Sequence[Path] = (),
    *,
    out: Path | None = None,
    quick: bool = False,
    engine: Engine = "loky",
    seed: int = 0,
    synthetic: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Make a calibration and return its folder.

    What is finished is remembered under `<out>/.resume` until the end: a killed run goes on from there.

    Args:
        study: study.toml, or one in memory.
        logs: log stores or raw recordings.
        out: folder that gets `<id>/`; None is the study's own folder.
        quick: smaller budgets, as the study's `[quick]` says.
        engine: where jobs run.
        seed: the one number that all randomness comes from.
        synthetic: whether the logs come from a simulated robot.
        progress: called as progress(done, total, what).
    """
    plan = study if isinstance(study, Study) else load_study(study)
    plan = plan.quick() if quick else plan
    root = out if out is not None else (Path() if isinstance(study, Study) else Path(study).parent)
    robot = load_robot(plan.robot_path)
    memory = Path(root) / ".resume"
    evidence = gather_evidence(plan, robot, logs, memory / "logs", progress)
    memory = memory / _key(plan, evidence, seed)
    settings = SimulationSettings(
        physics_timestep_s=plan.simulation.physics_timestep_s or robot.rigid_body.timestep.value,
        rate_hz=plan.simulation.rate_hz,
        plane=plan.simulation.plane,
    )
    selection = select_parameters(plan, robot, evidence.of("train"))
    robot, selection = turn_joints(robot, selection, evidence, settings, progress)
    found = identify(plan, robot, selection, evidence, settings, engine, seed, memory, progress)
    space = selection.space.from_vector(np.clip(found.point, 0.0, 1.0))
    values = selection.expand(space)
    runs = replay_identified(robot, values, settings, evidence, engine, progress)
    learned, intervals = learn(plan, robot, settings, evidence, runs, seed, progress)
    if plan.identify.refit and (learned is None or learned.networks is None):
        found = refit(plan, robot, selection, evidence, settings, found, seed)
    findings = Findings(
        robot=robot.name,
        serial=evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=settings,
        parameters=_known(selection.identified(found.parameters)),
        lineage=lineage(plan, evidence, seed),
        gates=gates(robot, learned),
        intervals=intervals,
        networks=() if learned is None or learned.networks is None else (learned.networks,),
        delays=by_signal(robot, best_delays(evidence.of("train"))),
        blackbox=_blackbox(plan, evidence, seed, progress),
    )
    return _save(Calibration.create(findings), robot, evidence, Path(root), memory, engine, progress)


def gather_evidence(
    plan: Study, robot: Robot, logs: Sequence[Path], cache: Path, progress: Progress | None
) -> Evidence:
    """Read and split the logs."""
    usable = open_logs([Path(p) for p in logs], robot, cache=cache, progress=_named(progress, "reading logs"))
    inputs = [log_inputs(log, robot) for log in usable]
    return Evidence(logs=usable, inputs=inputs, split=split_logs(plan, usable))


def select_parameters(plan: Study, robot: Robot, training: Sequence[LogInputs]) -> Selection:
    """What the study identifies; stops that the logs show are set to where they show them."""
    models = [*offered(robot), *offered_inertials(robot), *offered_signs(robot), *WORLD]
    selection = plan.resolve(models)
    stops = found_stops(training, [drive.joint for drive in robot.drives])
    changed = tuple(
        p.model_copy(
            update={"value": stops[p.name], "source": "found: where the joint stood while pushed on"}
        )
        if p.name in stops
        else p
        for p in selection.offered
    )
    return replace(selection, offered=changed)


def turn_joints(
    robot: Robot,
    selection: Selection,
    evidence: Evidence,
    settings: SimulationSettings,
    progress: Progress | None,
) -> tuple[Robot, Selection]:
    """The robot with the signs that the logs show, and those signs among the parameters."""
    _say(progress, 0, 1, "signs of the joints")
    found = find_signs(robot, selection, evidence.of("train"), settings.plane, settings.physics_timestep_s)
    by_name = {sign_name(joint): sign for joint, sign in found.items() if sign.clear}
    changed = tuple(
        p.model_copy(update={"value": float(by_name[p.name].sign), "source": _sign_source(by_name[p.name])})
        if p.name in by_name
        else p
        for p in selection.offered
    )
    return with_signs(robot, {p.name: p.value for p in changed}), replace(selection, offered=changed)


def _sign_source(found: FoundSign) -> str:
    return f"found: the other sign makes replays of training logs worse by a factor of {found.ratio:.2f}"


def identify(
    plan: Study,
    robot: Robot,
    selection: Selection,
    evidence: Evidence,
    settings: SimulationSettings,
    engine: Engine,
    seed: int,
    memory: Path,
    progress: Progress | None,
) -> FitResult:
    """Fit the selected parameters on the training logs."""
    _say(progress, 0, 1, "rigid body along the logs")
    problem = new_problem(
        robot, selection, evidence.of("train"), timestep=settings.physics_timestep_s, plane=settings.plane
    )
    return fit(problem, plan.identify, seed, engine=engine, memory=memory, progress=progress)


def refit(
    plan: Study,
    robot: Robot,
    selection: Selection,
    evidence: Evidence,
    settings: SimulationSettings,
    found: FitResult,
    seed: int,
) -> FitResult:
    """Fit training and validation logs together: anew, and by a polish of what the training logs gave."""
    logs = evidence.of("train", "validation")
    problem = new_problem(robot, selection, logs, timestep=settings.physics_timestep_s, plane=settings.plane)
    candidates = [
        refine(problem, plan.identify, found.point),
        fit(problem, plan.identify, seed, engine="serial"),
    ]
    return min(candidates, key=lambda candidate: float(candidate.error.sum()))


@dataclass(frozen=True, kw_only=True)
class IdentifiedSimulator:
    """Builds worlds from values alone; small enough to travel to worker processes."""

    robot: Robot
    values: dict[str, float]
    settings: SimulationSettings

    def __call__(self, worlds: int, constants: dict[str, float]) -> HybridSim:
        """Worlds that carry a log's payload."""
        return HybridSim(self.robot, self.values, self.settings, worlds=worlds, constants=constants)


def replay_identified(
    robot: Robot,
    values: dict[str, float],
    settings: SimulationSettings,
    evidence: Evidence,
    engine: Engine,
    progress: Progress | None,
) -> list[Trajectory]:
    """Free runs of the identified simulator on training and validation logs."""
    simulator = IdentifiedSimulator(robot=robot, values=values, settings=settings)
    named = _named(progress, "replaying identified")
    return replay_variant(
        simulator, evidence.of("train", "validation"), name="identified", engine=engine, progress=named
    ).runs


def learn(
    plan: Study,
    robot: Robot,
    settings: SimulationSettings,
    evidence: Evidence,
    runs: Sequence[Trajectory],
    seed: int,
    progress: Progress | None,
) -> tuple[Learned | None, dict]:
    """Residual networks where they help, and 90 % intervals."""
    inputs = evidence.of("train", "validation")
    sides = [evidence.split.side(log.log_id) for log in inputs]
    training = [n for n, side in enumerate(sides) if side == "train"]
    validation = [n for n, side in enumerate(sides) if side == "validation"]
    spec = spec_of(robot, plan.learn, settings.physics_timestep_s)
    gathered = gather(spec, inputs, runs)
    learned = None
    if plan.learn.enabled:
        named = _named(progress, "learning residuals")
        learned = learn_residual(spec, gathered, training, validation, plan.learn, seed, named)
    networks = None if learned is None else learned.networks
    return learned, fit_intervals(robot, gathered, networks, training, validation)


def _known(parameters: Sequence[Parameter]) -> list[Parameter]:
    """What was found without a search (signs, stops) is known too."""
    return [
        p.model_copy(update={"identifiable": True}) if p.source.startswith("found:") else p
        for p in parameters
    ]


def gates(robot: Robot, learned: Learned | None) -> dict[str, Gate]:
    """The verdict on every drive's network, `signal.component`."""
    names = [f"{drive.measured}.{drive.joint}" for drive in robot.drives]
    if learned is None:
        return {name: Gate(ships=False, reason="the study learns no residual") for name in names}
    return {
        name: Gate(
            ships=v.ships,
            unit="rad",
            mean_difference=v.mean_difference,
            interval_95=v.interval_95,
            reason=v.reason,
        )
        for name, v in ((name, learned.verdict.groups[name.split(".", 1)[1]]) for name in names)
    }


def lineage(plan: Study, evidence: Evidence, seed: int) -> Lineage:
    """Where the calibration comes from."""
    entries = [
        LoggedEvidence(
            log_id=log.log_id,
            sha256=log.header.content_sha256,
            name=log.name,
            split=evidence.split.side(log.log_id),
        )
        for log in evidence.logs
    ]
    return Lineage(
        logs=tuple(sorted(entries, key=lambda entry: entry.log_id)),
        code_version=__version__,
        seed=seed,
        quick=plan.is_quick,
        study=plan.text,
        study_sha256=plan.sha256,
    )


def _blackbox(plan: Study, evidence: Evidence, seed: int, progress: Progress | None):  # noqa: ANN202
    if not plan.blackbox.enabled:
        return None
    from hybridsim.learn.blackbox import train_blackbox

    named = _named(progress, "training the black-box baseline")
    return train_blackbox(evidence.of("train"), evidence.of("validation"), plan.blackbox, seed, named)


def _save(
    calibration: Calibration,
    robot: Robot,
    evidence: Evidence,
    root: Path,
    memory: Path,
    engine: Engine,
    progress: Progress | None,
) -> Path:
    """Score on the logs that nothing was fitted on, write everything in one step, forget the memory."""
    sides = ("test",) if evidence.numbers("test") else ("validation",)
    held_out = [evidence.logs[n] for n in evidence.numbers(*sides)]
    # Saved once before it is scored, because the black box is replayed from its file.
    folder = calibration.save(root)
    evaluation = score_logs(Calibration.load(folder), robot, held_out, progress=progress, engine=engine)
    from hybridsim.report.card import card
    from hybridsim.report.info import info_of

    note = f"scored on the {sides[0]} logs of the study's split"
    evaluation.scores.setdefault("notes", []).append(note)
    names = {log.log_id: log.name for log in held_out}
    page = card(evaluation.scores, info_of(calibration.record, log_names=names))
    folder = calibration.save(root, scores=evaluation.scores, card=page)
    shutil.rmtree(memory, ignore_errors=True)
    return folder


def _key(plan: Study, evidence: Evidence, seed: int) -> str:
    """What a remembered step depends on."""
    said = [plan.sha256, plan.is_quick, seed, __version__, sorted(log.log_id for log in evidence.logs)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(done, total, what)


def _say(progress: Progress | None, done: int, total: int, what: str) -> None:
    if progress is not None:
        progress(done, total, what)
