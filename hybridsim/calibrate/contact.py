"""The chain of a study of passive bodies: read, identify, say what is certain."""

from __future__ import annotations

from collections.abc import Sequence

from hybridsim.calibrate.work import Work
from hybridsim.calibration import Findings, Gate, Lineage
from hybridsim.identify.contact import contact_problem, identify_contact
from hybridsim.identify.contact_intervals import with_intervals
from hybridsim.identify.flight_scale import with_flight_scale
from hybridsim.parameters import Parameter
from hybridsim.passive.parameters import noise_parameters, offered_passive, scatter_parameters
from hybridsim.passive.setup import deepest, setups_of
from hybridsim.passive.start import buried
from hybridsim.passive.track import tracks_of


def find_contact(work: Work, synthetic: bool, lineage: Lineage) -> Findings:
    """All that the study asks for, found on the training logs."""
    plan, evidence = work.plan, work.evidence
    selection = plan.resolve(offered_passive(work.robot))
    ground = setups_of(work.robot, [selection.expand(selection.space.prior())])
    tracks, refused = tracks_of(
        [evidence.logs[n] for n in evidence.numbers("train")],
        work.robot,
        lambda some: buried(ground, some, deepest(work.robot)),
    )
    for line in refused:
        work.say(line)
    timestep = work.settings.physics_timestep_s
    work.say("scale of lengths, from free flights")
    first = contact_problem(work.robot, selection, selection.varies, tracks, plan.contact, timestep)
    selection, scale = with_flight_scale(first)
    found = identify_contact(
        lambda some: contact_problem(work.robot, selection, selection.varies, some, plan.contact, timestep),
        tracks,
        plan.identify.trials,
        work.seed,
        work.named("identifying contacts"),
    )
    fitted = with_intervals(found, work.named("intervals of the parameters"))
    own = [*scatter_parameters(selection), *noise_parameters(plan.contact)]
    return Findings(
        robot=work.robot.name,
        serial=evidence.logs[0].serial,
        synthetic=synthetic,
        simulation=work.settings,
        parameters=[*_with(selection.identified(fitted), scale), *own],
        lineage=lineage,
        gates={
            signal: Gate(ships=False, reason="the study learns no residual") for signal in plan.scored_signals
        },
    )


def _with(parameters: Sequence[Parameter], found: Parameter | None) -> list[Parameter]:
    """The parameters with one of them as it was found apart from the others."""
    return [found if found is not None and p.name == found.name else p for p in parameters]
