"""The whole chain: from a study and logs to a calibration on the disk."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hybridsim import __version__
from hybridsim.calibrate.contact import find_contact
from hybridsim.calibrate.drive import find_drives, require_pushing
from hybridsim.calibrate.effort import find_effort
from hybridsim.calibrate.gates import gates
from hybridsim.calibrate.reading import find_readings, parent_of
from hybridsim.calibrate.sensor import find_sensor, sensor_name
from hybridsim.calibrate.steps import (
    compiling,
    identify,
    known,
    learn,
    refit,
    replay_identified,
    select_parameters,
    train_baseline,
    turn_joints,
)
from hybridsim.calibrate.work import Evidence, Work, gather_evidence
from hybridsim.calibration import (
    Calibration,
    Findings,
    Lineage,
    LoggedEvidence,
    SimulationSettings,
)
from hybridsim.errors import CalibrationError, StudyError, listed
from hybridsim.evaluate import score_logs
from hybridsim.jobs import Engine
from hybridsim.progress import NamedProgress
from hybridsim.replay.variants import best_delays, by_signal
from hybridsim.robot import Robot, load_robot
from hybridsim.sensing.along import logged
from hybridsim.study import Study, load_study

LOGS = "logs"  # store of raw recordings once they are read, beside what is remembered

SYNTHETIC = "synthetic"  # label of logs that a simulated robot made


def calibrate(
    study: str | Path | Study,
    logs: Sequence[Path] = (),
    *,
    out: Path | None = None,
    quick: bool = False,
    engine: Engine = "loky",
    seed: int = 0,
    synthetic: bool = False,
    progress: NamedProgress | None = None,
) -> Path:
    """Make a calibration and return its folder.

    What is finished is remembered under `<out>/.resume` until the end: a killed run goes on from there.
    That folder is made first, so that an `out` that cannot be written is known before the search.

    Args:
        study: study.toml, or one in memory.
        logs: log stores or raw recordings.
        out: folder that gets `<id>/`; None is the study's own folder.
        quick: smaller budgets, as the study's `[quick]` says.
        engine: where jobs run.
        seed: the one number that all randomness comes from.
        synthetic: whether the logs come from a simulated robot.
        progress: called as progress(done, total, what).

    Raises:
        StudyError: the study asks for what robot or logs do not have.
        LogError: no log to use.
        CalibrationError: the output folder cannot be written.
    """
    root = Path(out if out is not None else "" if isinstance(study, Study) else Path(study).parent)
    with _memory(root) as memory:
        work = _begin(study, logs, memory, quick, engine, seed, progress)
        synthetic = synthetic or any(SYNTHETIC in log.labels for log in work.evidence.logs)
        folder = _save(made(work, synthetic), work, root)
        _forget(work.memory, memory / LOGS)
    return folder


@contextmanager
def _memory(root: Path) -> Iterator[Path]:
    """The folder of what is finished, there from the start; leaves no empty folder behind."""
    memory = root / ".resume"
    made = [memory] if root.exists() else [memory, root]
    try:
        memory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CalibrationError(
            f"{root}: cannot hold a calibration: {error.strerror}; expected a folder that can be written"
        ) from None
    try:
        yield memory
    finally:
        for folder in made:
            with suppress(OSError):  # not empty
                folder.rmdir()


def _forget(finished: Path, logs: Path) -> None:
    """Remove a finished run's memory, and the logs that were read unless an interrupted run needs them."""
    shutil.rmtree(finished, ignore_errors=True)
    if not any(path != logs for path in logs.parent.iterdir()):
        shutil.rmtree(logs, ignore_errors=True)


def _begin(
    study: str | Path | Study,
    logs: Sequence[Path],
    memory: Path,
    quick: bool,
    engine: Engine,
    seed: int,
    progress: NamedProgress | None,
) -> Work:
    plan = study if isinstance(study, Study) else load_study(study)
    plan = plan.quick() if quick else plan
    robot = load_robot(plan.robot_path)
    _check_scored(plan, robot)
    parent = parent_of(plan, robot) if plan.replays_truth else None
    evidence = gather_evidence(plan, robot, logs, memory / LOGS, progress, parent)
    settings = (
        parent.record.simulation
        if parent is not None
        else SimulationSettings(
            physics_timestep_s=plan.simulation.physics_timestep_s or robot.rigid_body.timestep.value,
            rate_hz=plan.simulation.rate_hz,
            plane=plan.simulation.plane,
        )
    )
    return Work(
        plan=plan,
        robot=robot,
        evidence=evidence,
        settings=settings,
        engine=engine,
        seed=seed,
        memory=memory / _key(plan, robot, evidence, seed),
        progress=progress,
        parent=parent,
    )


def _check_scored(plan: Study, robot: Robot) -> None:
    """Refuse to score what no drive measures."""
    if plan.predicts_effort:
        return  # predicted from motion, whatever a drive measures for its own loop
    if plan.follows_motion:
        require_pushing(plan, robot)
        return
    if plan.is_passive:
        _check_passive(plan, robot)
        return
    if plan.is_inertial:
        sensor_name(plan, robot)
        return
    if plan.replays_truth:
        logged(robot, plan.scored_signals)
        return
    measured = {drive.measured for drive in robot.drives}
    if unknown := set(plan.scored_signals) - measured:
        raise StudyError(
            f"{plan.where}: scored_signals: no drive of {robot.name} measures {listed(unknown)}; "
            f"available: {listed(measured)}"
        )


def _check_passive(plan: Study, robot: Robot) -> None:
    """Refuse a body that something drives, or that is bolted down."""
    if robot.drives or robot.urdf.base != "floating":
        raise StudyError(
            f"{plan.where}: scored_signals: {listed(plan.scored_signals)} are of a floating body without "
            f"drives; {robot.name} has {len(robot.drives)} drives and a {robot.urdf.base} base"
        )


def made(work: Work, synthetic: bool) -> Calibration:
    """The calibration that the study asks for."""
    if work.parent is not None:
        origin = lineage(work.plan, work.evidence, work.seed).model_copy(update={"parent": work.parent.id})
        return find_readings(work, work.parent, origin)
    return Calibration.create(find(work, synthetic))


def find(work: Work, synthetic: bool = False) -> Findings:
    """All that the study asks for, found on the logs."""
    plan, evidence = work.plan, work.evidence
    if plan.predicts_effort:
        return find_effort(work, synthetic, lambda entries: _lineage(plan, entries, work.seed))
    if plan.follows_motion:
        return find_drives(work, synthetic, lineage(plan, evidence, work.seed))
    if plan.is_passive:
        return find_contact(work, synthetic, lineage(plan, evidence, work.seed))
    if plan.is_inertial:
        return find_sensor(work, synthetic, lineage(plan, evidence, work.seed))
    selection = select_parameters(plan, work.robot, evidence.of("train"))
    with compiling(work, selection.expand(selection.space.prior())):
        work, selection = turn_joints(work, selection)
        found, apart = identify(work, selection)
    learned, intervals = learn(work, replay_identified(work, selection, found, apart))
    if plan.identify.refit and (learned is None or learned.networks is None):
        found = refit(work, selection, found)
    return Findings(
        robot=work.robot.name,
        serial=evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=known(selection.identified(found.parameters)),
        lineage=lineage(plan, evidence, work.seed),
        gates=gates(work.robot, learned),
        intervals=intervals,
        networks=() if learned is None or learned.networks is None else (learned.networks,),
        delays=by_signal(work.robot, best_delays(evidence.of("train"))),
        blackbox=train_baseline(work),
    )


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
    return _lineage(plan, entries, seed)


def _lineage(plan: Study, entries: Sequence[LoggedEvidence], seed: int) -> Lineage:
    return Lineage(
        logs=tuple(sorted(entries, key=lambda entry: entry.log_id)),
        code_version=__version__,
        seed=seed,
        quick=plan.is_quick,
        study=plan.text,
        study_sha256=plan.sha256,
    )


def _save(calibration: Calibration, work: Work, root: Path) -> Path:
    """Score on the logs that nothing was fitted on, and write everything in one step."""
    evidence = work.evidence
    by_time = work.plan.split.by == "time"
    side = "test" if by_time or evidence.numbers("test") else "validation"
    held_out = list(evidence.logs) if by_time else [evidence.logs[n] for n in evidence.numbers(side)]
    # Saved elsewhere before it is scored, because the black box is replayed from its file.
    loaded = Calibration.load(calibration.save(work.memory))
    evaluation = score_logs(loaded, work.robot, held_out, progress=work.progress, engine=work.engine)
    from hybridsim.report.card import card
    from hybridsim.report.info import info_of

    note = f"scored on the {side} {'parts' if by_time else 'logs'} of the study's split"
    evaluation.scores.setdefault("notes", []).append(note)
    names = {log.log_id: log.name for log in held_out}
    page = card(evaluation.scores, info_of(calibration.record, log_names=names))
    return calibration.save(root, scores=evaluation.scores, card=page)


def _key(plan: Study, robot: Robot, evidence: Evidence, seed: int) -> str:
    """What a remembered step depends on."""
    design = [robot.model_dump_json(), hashlib.sha256(robot.urdf_path().read_bytes()).hexdigest()]
    ids = sorted(log.log_id for log in evidence.logs)
    said = [design, plan.sha256, plan.is_quick, seed, __version__, ids]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
