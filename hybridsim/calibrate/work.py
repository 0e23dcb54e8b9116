"""What every step of a calibration reads: the study, the robot, the logs and how to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.ingest.open import open_logs
from hybridsim.jobs import Engine
from hybridsim.log import Log
from hybridsim.progress import NamedProgress, Progress, named
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.study import Split, Study, split_logs
from hybridsim.study.split import SIDES


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


@dataclass(frozen=True, kw_only=True)
class Work:
    """One calibration on its way.

    Attributes:
        plan: the study, `--quick` already applied.
        robot: the design.
        evidence: the logs.
        settings: how worlds step.
        engine: where jobs run.
        seed: the one number that all randomness comes from.
        memory: folder in which finished steps are remembered.
        progress: called as progress(done, total, what).
        parent: whose replay is the truth of sensors in drives; None for other studies.
    """

    plan: Study
    robot: Robot
    evidence: Evidence
    settings: SimulationSettings
    engine: Engine
    seed: int
    memory: Path
    progress: NamedProgress | None
    parent: Calibration | None = None

    def say(self, what: str) -> None:
        """Announce a step that does not count."""
        if self.progress is not None:
            self.progress(0, 1, what)

    def named(self, what: str) -> Progress | None:
        """NamedProgress of one step as (done, total)."""
        return named(self.progress, what)


def gather_evidence(
    plan: Study,
    robot: Robot,
    logs: Sequence[Path],
    cache: Path,
    progress: NamedProgress | None,
    parent: Calibration | None = None,
) -> Evidence:
    """Read and split the logs; those that a parent knows stay on the sides that it had them on."""
    usable = open_logs([Path(p) for p in logs], robot, cache=cache, progress=named(progress, "reading logs"))
    if plan.predicts_effort:  # from motion: no commands to read, and perhaps every log divided by time
        ids = tuple(sorted(log.log_id for log in usable))
        by_time = plan.split.by == "time"
        split = Split(train=ids, validation=(), test=()) if by_time else split_logs(plan, usable)
        return Evidence(logs=usable, inputs=(), split=split)
    if plan.is_passive or plan.is_inertial or plan.follows_motion:  # read otherwise, or no commands
        return Evidence(logs=usable, inputs=(), split=split_logs(plan, usable))
    split = None if parent is None else kept_split(parent, usable)
    if split is not None:
        usable = [log for log in usable if log.log_id in {*split.train, *split.validation, *split.test}]
    inputs = [log_inputs(log, robot) for log in usable]
    return Evidence(logs=usable, inputs=inputs, split=split or split_logs(plan, usable))


def kept_split(parent: Calibration, logs: Sequence[Log]) -> Split | None:
    """The sides on which a parent had the logs that it knows, others left out; None where it knows none."""
    sides = {log.log_id: log.split for log in parent.record.lineage.logs}
    known = {side: tuple(sorted(x.log_id for x in logs if sides.get(x.log_id) == side)) for side in SIDES}
    return Split(**known) if known["train"] else None
