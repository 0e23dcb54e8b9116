"""The chain of a study of passive bodies: read, identify, say what is certain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Gate, Lineage
from hybridsim.identify.contact import (
    ContactProblem,
    FoundContact,
    contact_problem,
    identify_contact,
    refit,
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
    """All that the study asks for, found on the training logs; validation logs judge the residual."""
    plan, evidence = work.plan, work.evidence
    selection = plan.resolve(offered_passive(work.robot))
    tracks = _tracks(work, selection, "train")
    timestep = work.settings.physics_timestep_s
    work.say("scale of lengths, from free flights")
    selection, scale = with_flight_scale(_laid(work, selection, tracks))
    lay = partial(_laid, work, selection)
    told = work.named("identifying contacts")
    found = identify_contact(lay, tracks, plan.identify.trials, work.seed, work.memory, told)
    judges = _tracks(work, selection, "validation") if evidence.numbers("validation") else []
    learned = _learn(work, lay(judges), found) if plan.learn.enabled and len(judges) >= FEWEST_LOGS else None
    networks = None if learned is None else learned.networks
    if plan.identify.refit and judges:
        told = work.named("identifying contacts again, on validation logs too")
        found = refit(
            lay([*tracks, *judges]), found, plan.identify.trials, work.seed, networks, work.memory, told
        )
    tracks = list(found.problem.tracks)
    fitted = with_intervals(found, work.named("intervals of the parameters"))
    group = {log_id: name for name, ids in groups_of(plan, evidence.logs).items() for log_id in ids}
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
    tracks, refused = tracks_of(logs, work.robot, lambda some: buried(ground, some, deepest(work.robot)))
    for line in refused:
        work.say(line)
    return tracks


def _learn(work: Work, judging: ContactProblem, found: FoundContact) -> LearnedContact:
    """The residual on top of the law."""
    return learn_contact(
        found.problem,
        judging.renewed(found.values),
        found.values,
        work.plan.learn.hidden,
        work.plan.contact.refine_trials,
        work.seed,
        work.memory,
        work.named("learning the contact residual"),
    )


def _gate(learned: LearnedContact | None) -> Gate:
    """The verdict on the network, in the cost that was fitted."""
    if learned is None:
        return Gate(
            ships=False,
            reason=f"no residual was asked for, or fewer than {FEWEST_LOGS} validation logs could judge it",
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
