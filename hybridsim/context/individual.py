"""A calibration of one unit: the reference's, with what is believed of this unit in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridsim import __version__
from hybridsim.calibration import Calibration, Findings, LoggedEvidence
from hybridsim.context.belief import Belief
from hybridsim.context.latent import individual
from hybridsim.context.space import ContextSpace
from hybridsim.log import Log
from hybridsim.parameters import Parameter

WIDE = 0.5  # of the search range, over which an interval says that the logs do not know


def calibration_of(
    reference: Calibration,
    space: ContextSpace,
    belief: Belief,
    *,
    serial: str,
    logs: Sequence[Log],
    parent: str | None = None,
) -> Calibration:
    """The reference with a unit's context in the place of its own parameters.

    Args:
        reference: whose study and settings it keeps, and whose networks but for the unit's latent numbers.
        space: of the context.
        belief: about the unit.
        serial: of the unit.
        logs: that the belief comes from.
        parent: the unit's calibration before; None for the reference.
    """
    record, own = reference.record, told_parameters(space, belief)
    told = [
        LoggedEvidence(log_id=log.log_id, sha256=log.header.content_sha256, name=log.name, split="train")
        for log in logs
    ]
    lineage = record.lineage.of_child(parent or reference.id, told, __version__)
    findings = Findings(
        robot=record.robot,
        serial=serial,
        synthetic=record.synthetic,
        simulation=record.simulation,
        parameters=[own.get(name, p) for name, p in record.parameters.items()],
        lineage=lineage,
        gates=record.gates,
        intervals=record.intervals,
        networks=individual(reference.networks, space.values(belief.mean)),
        delays=record.baselines.delays,
    )
    return Calibration.create(findings)


def told_parameters(space: ContextSpace, belief: Belief) -> dict[str, Parameter]:
    """Parameters at a belief's mean, with its 95 % intervals, by the models' names."""
    values, out = space.own_values(belief.mean), {}
    latent = {entry.parameter.name for entry in space.latent}
    for entry, deviation in zip(space.entries, belief.deviation.tolist(), strict=True):
        p, half = entry.parameter, 1.96 * deviation * entry.size
        value = values[p.name]
        ends = np.clip([value - half, value + half], p.low, p.high).tolist()
        near = 1e-3 * (p.high - p.low)
        told = p.model_copy(
            update={
                "value": value,
                "interval_95": (ends[0], ends[1]),
                "at_bound": not p.low + near < value < p.high - near,
                "identifiable": ends[1] - ends[0] < WIDE * (p.high - p.low),
            }
        )
        if p.name in latent:
            continue
        if entry.found:
            members = space.selection.members[p.name]
            out |= {name: told.model_copy(update={"name": name}) for name in members}
        elif abs(value - p.value) > 1e-9:
            out[p.name] = told
    return out
