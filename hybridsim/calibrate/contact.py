"""The chain of a study of passive bodies: read, identify, say what is certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Gate, Lineage
from hybridsim.identify.contact import (
    ContactProblem,
    FoundContact,
    contact_problem,
    identify_contact,
)
from hybridsim.identify.contact_ensemble import ensemble
from hybridsim.identify.contact_intervals import with_intervals
from hybridsim.identify.contact_residual import LearnedContact, learn_contact
from hybridsim.identify.contact_spread import with_scale
from hybridsim.identify.flight_scale import with_flight_scale
from hybridsim.networks.selection import FEWEST_LOGS
from hybridsim.parameters import Parameter
from hybridsim.passive.near import buried
from hybridsim.passive.parameters import noise_parameters, offered_passive, scatter_parameters
from hybridsim.passive.setup import deepest, setups_of
from hybridsim.passive.track import Track, tracks_of
from hybridsim.study import Selection
from hybridsim.study.split import groups_of


def find_contact(work: Work, synthetic: bool, lineage: Lineage) -> Findings:
    """All that the study asks for, found on the training logs; logs that were left out judge the residual."""
    plan, evidence = work.plan, work.evidence
    selection = plan.resolve(offered_passive(work.robot))
    training, judging = (_tracks(work, selection, side) for side in ("train", "validation"))
    tracks = [*training, *judging] if plan.identify.refit else training
    timestep = work.settings.physics_timestep_s
    work.say("scale of lengths, from free flights")
    selection, scale = with_flight_scale(_laid(work, selection, tracks))
    lay = partial(_laid, work, selection)
    told = work.named("identifying contacts")
    found = identify_contact(lay, tracks, plan.identify.trials, work.seed, work.memory, told)
    group = {log_id: name for name, ids in groups_of(plan, evidence.logs).items() for log_id in ids}
    learned = _learn(work, lay, _parts(work, training, judging, group), found) if plan.learn.enabled else None
    networks = None if learned is None else learned.networks
    fitted = with_intervals(found, work.named("intervals of the parameters"))
    together = [group[track.log_id] for track in tracks]
    laws = ensemble(found, fitted, together, work.seed, work.named("ensemble of laws"))
    own = [*scatter_parameters(selection), *noise_parameters(plan.contact)]
    parameters = [*_with(selection.identified(fitted), scale), *own]
    told = work.named("spread of resting places")
    variation = with_scale(
        work.robot, parameters, laws, plan.contact.scatter, tracks, timestep, work.seed, networks, told
    )
    return Findings(
        robot=work.robot.name,
        serial=evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=parameters,
        lineage=lineage,
        gates=dict.fromkeys(plan.scored_signals, _gate(learned)),
        networks=() if networks is None else (networks,),
        variation=variation,
    )


def _laid(work: Work, selection: Selection, tracks: Sequence[Track]) -> ContactProblem:
    """Some logs, laid out for a search."""
    timestep, rule = work.settings.physics_timestep_s, work.plan.contact
    return contact_problem(work.robot, selection, tracks, rule, timestep)


def _tracks(work: Work, selection: Selection, side: str) -> list[Track]:
    """The logs of one side that can be replayed; the others are named and left out."""
    ground = setups_of(work.robot, [selection.expand(selection.space.prior())])
    logs = [work.evidence.logs[n] for n in work.evidence.numbers(side)]
    if not logs:
        return []
    tracks, refused = tracks_of(logs, work.robot, lambda some: buried(ground, some, deepest(work.robot)))
    for line in refused:
        work.say(line)
    return tracks


def _parts(
    work: Work, training: list[Track], judging: list[Track], group: Mapping[str, str]
) -> list[tuple[list[Track], list[Track]]]:
    """Logs to learn from and logs that judge: validation logs, or with folds each part of the groups once."""
    folds = work.plan.learn.folds
    if folds == 1:
        return [(training, judging)] if len(judging) >= FEWEST_LOGS else []
    everyone = [*training, *judging]
    names = np.random.default_rng([work.seed, 2]).permutation(sorted({group[t.log_id] for t in everyone}))
    held = [set(part.tolist()) for part in np.array_split(names, folds) if len(part)]
    if len(held) < folds or len(everyone) < FEWEST_LOGS:
        return []
    return [
        (
            [track for track in everyone if group[track.log_id] not in out],
            [track for track in everyone if group[track.log_id] in out],
        )
        for out in held
    ]


def _learn(
    work: Work,
    lay: Callable[[Sequence[Track]], ContactProblem],
    parts: Sequence[tuple[Sequence[Track], Sequence[Track]]],
    found: FoundContact,
) -> LearnedContact | None:
    """The residual on top of the law; None where no logs can judge it."""
    if not parts:
        return None
    pairs = [(lay(own).renewed(found.values), lay(others).renewed(found.values)) for own, others in parts]
    hidden, trials = work.plan.learn.hidden, work.plan.contact.refine_trials
    told = work.named("learning the contact residual")
    return learn_contact(pairs, found.values, hidden, trials, work.seed, work.memory, told)


def _gate(learned: LearnedContact | None) -> Gate:
    """The verdict on the network, in the cost that was fitted."""
    if learned is None:
        return Gate(
            ships=False,
            reason=f"no residual was asked for, or fewer than {FEWEST_LOGS} logs could judge it",
        )
    v = learned.verdict
    return Gate(
        ships=v.ships,
        mean_difference=v.mean_difference,
        interval_95=v.interval_95,
        reason=f"{v.reason}; ships at {learned.share:.0%} of its output" if v.ships else v.reason,
    )


def _with(parameters: Sequence[Parameter], found: Parameter | None) -> list[Parameter]:
    """The parameters with one of them as it was found apart from the others."""
    return [found if found is not None and p.name == found.name else p for p in parameters]
