"""The chain of a study of efforts: choose settings, identify, learn what is left, judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Gate, Lineage, LoggedEvidence
from hybridsim.effort.arm import Arm, arm_of
from hybridsim.effort.choose import choose, left_out, noise_of, settled
from hybridsim.effort.fit import Found, Noise, Problem
from hybridsim.effort.model import EffortModel
from hybridsim.effort.motion import Motion, motion_of
from hybridsim.effort.parameters import parameters
from hybridsim.effort.parts import Part, blocks_of, divided, thinned, whole
from hybridsim.effort.settings import Settings
from hybridsim.effort.squares import Prepared
from hybridsim.learn.effort import (
    effort_intervals,
    effort_spec,
    gather_left_over,
    train_effort_blackbox,
)
from hybridsim.learn.residual import Gathered, Learned, learn_residual
from hybridsim.networks.blackbox import BlackBox
from hybridsim.study import EffortRule
from hybridsim.study.split import SIDES, Side

JUDGES = 8
"""Blocks of what was fitted that judge networks, each by a model and networks that never saw it."""


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The parts of all logs by what they are for."""

    parts: dict[Side, list[Part]]

    def of(self, *sides: Side) -> list[Part]:
        """Parts of some sides; those of one log stay neighbours."""
        return [part for side in sides for part in self.parts[side]]

    def evidence(self, work: Work) -> list[LoggedEvidence]:
        """What the lineage says of each part."""
        known = {log.log_id: log for log in work.evidence.logs}
        found = [
            LoggedEvidence(
                log_id=part.log_id,
                sha256=known[part.motion.log_id].header.content_sha256,
                name=known[part.motion.log_id].name,
                split=side,
            )
            for side in SIDES
            for part in self.parts[side]
        ]
        return sorted(found, key=lambda entry: entry.log_id)


def shares_of(work: Work) -> Shares:
    """Divide logs by time, or take them whole as the study's split says."""
    signal = work.plan.scored_signals[0]
    motions = [motion_of(log, work.robot, signal) for log in work.evidence.logs]
    parts: dict[Side, list[Part]] = {side: [] for side in SIDES}
    for motion in motions:
        if work.plan.split.by == "time":
            for side, part in divided(motion, work.plan.split).items():
                parts[side].append(part)
        else:
            parts[work.evidence.split.side(motion.log_id)].append(whole(motion))
    return Shares(parts=parts)


def find_effort(
    work: Work, synthetic: bool, lineage: Callable[[Sequence[LoggedEvidence]], Lineage]
) -> Findings:
    """All that a study of efforts asks for, found on the logs; `lineage` makes one of its logs."""
    plan, shares = work.plan, shares_of(work)
    rule = _possible(plan.effort, shares)
    arm = arm_of(work.robot, plan.scored_signals[0], rule)
    work.say("choosing filters and friction laws")
    known = shares.of("train", "validation")  # every block of both judges once, none of the test part
    settings, tried = choose(
        _prepared(arm, known, rule.blocks, rule.most_rows),
        rule,
        work.named("choosing filters and friction laws"),
    )
    prepared = _prepared(arm, known, JUDGES, rule.most_rows)
    found, gathered, model = identified(prepared, settings)
    learned = _learned(work, model, gathered, prepared.motions)
    return Findings(
        robot=work.robot.name,
        serial=work.evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=parameters(arm, settings, found, rule, tried),
        lineage=lineage(shares.evidence(work)),
        gates=_gates(arm, learned),
        intervals=effort_intervals(model, gathered, learned),
        networks=() if learned is None or learned.networks is None else (learned.networks,),
        blackbox=_blackbox(work, shares),
    )


def _possible(rule: EffortRule, shares: Shares) -> EffortRule:
    """The rule without a measured velocity, where a log has none."""
    if all(part.motion.velocity is not None for side in SIDES for part in shares.parts[side]):
        return rule
    return rule.model_copy(update={"velocity": ("differentiated",)})


def _prepared(arm: Arm, parts: Sequence[Part], count: int, most: int) -> Prepared:
    """Logs with the blocks of the rows that may be looked at; parts of one log share its motion."""
    motions = {part.motion.log_id: part.motion for part in parts}
    rows = {name: np.zeros(len(motion.time_s), bool) for name, motion in motions.items()}
    for part in parts:
        rows[part.motion.log_id] |= part.rows
    joined = [Part(log_id=name, motion=motions[name], rows=rows[name]) for name in motions]
    joined = thinned(joined, most)
    return Prepared(arm, [part.motion for part in joined], blocks_of(joined, count), most)


def identified(prepared: Prepared, settings: Settings) -> tuple[Found, Gathered, EffortModel]:
    """The fit on all blocks, what is left over on blocks that a fit has not seen, and the model."""
    squares = settled(prepared, settings)
    blocks = squares.blocks
    first = Problem(prepared.arm, settings, squares, blocks)
    apart = left_out(prepared, settings)
    found = first.solve(apart.starts[-1])
    model = EffortModel(
        arm=prepared.arm,
        settings=settings,
        theta=found.theta,
        coefficients=found.coefficients,
        gain=found.gain,
    )
    read = (first.read(point) for point in apart.starts)
    without = (replace(model, theta=t, coefficients=c, gain=g) for t, c, g in read)
    models = dict(zip(blocks, without, strict=True))
    gathered = gather_left_over(prepared, [models.get(b, model) for b in range(max(blocks) + 1)])
    noise = _noise(prepared, model, squares.spread(blocks))
    found = Problem(prepared.arm, settings, squares, blocks, noise).solve(found.point)
    model = replace(model, theta=found.theta, coefficients=found.coefficients, gain=found.gain)
    return found, gathered, model


def _noise(prepared: Prepared, model: EffortModel, spread: np.ndarray) -> Noise:
    left = []
    for motion, block in zip(prepared.motions, prepared.blocks, strict=True):
        left.append((motion.effort - model.predict(motion)[0])[block >= 0])
    found = noise_of(left, spread)
    return Noise(size=found.size, rows=np.maximum(found.rows / prepared.every, 1.0))


def _learned(work: Work, model: EffortModel, gathered: Gathered, motions: Sequence[Motion]) -> Learned | None:
    """Networks where they help blocks that they never saw."""
    learn = work.plan.learn
    if not learn.enabled:
        return None
    spec = effort_spec(model, learn, float(np.median([motion.period for motion in motions])))
    blocks = [int(b) for b in np.unique(gathered.log)]
    folded = learn.model_copy(update={"folds": max(2, min(learn.folds, len(blocks)))})
    first = max(1, len(blocks) // folded.folds)
    progress = work.named("learning residuals")
    return learn_residual(spec, gathered, blocks[first:], blocks[:first], folded, work.seed, progress)


def _gates(arm: Arm, learned: Learned | None) -> dict[str, Gate]:
    """The verdict on every joint's network."""
    names = {joint: f"{arm.signal}.{joint}" for joint in arm.joints}
    if learned is None:
        return {name: Gate(ships=False, reason="the study learns no residual") for name in names.values()}
    return {
        name: Gate(
            ships=(v := learned.verdict.groups[joint]).ships,
            unit=arm.unit,
            mean_difference=v.mean_difference,
            interval_95=v.interval_95,
            reason=v.reason.replace("validation logs", "left-out blocks"),
        )
        for joint, name in names.items()
    }


def _blackbox(work: Work, shares: Shares) -> BlackBox | None:
    if not work.plan.blackbox.enabled:
        return None
    progress = work.named("training the black-box baseline")
    return train_effort_blackbox(
        shares.of("train"), shares.of("validation"), work.plan.blackbox, work.seed, progress
    )
