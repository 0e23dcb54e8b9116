"""What may differ between the individuals of a robot, and between one and itself a year later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.calibration import Calibration
from hybridsim.context.families import OWN, Family, family_of, typical_change
from hybridsim.context.latent import latents_of
from hybridsim.errors import FleetError
from hybridsim.parameters import Parameter, ParameterSpace
from hybridsim.robot import Robot
from hybridsim.simulator.body import bare_body
from hybridsim.study import Selection, parse_study

Point = Float[np.ndarray, " entry"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One number of a unit's context.

    Attributes:
        parameter: at the reference calibration's value.
        family: of what changes; None for what is found for each unit and then stays.
        joint: whose drive it is of; empty for links and for what several drives share.
        place: the joint or the link, for people.
        size: typical change, the context's unit of measure [the parameter's unit].
        found: whether the study identifies it, so that a unit's own value is looked for from the start.
    """

    parameter: Parameter
    family: Family | None
    joint: str
    place: str
    size: float
    found: bool


@dataclass(frozen=True, kw_only=True)
class ContextSpace:
    """Contexts as vectors: differences from a reference calibration in units of typical changes.

    Attributes:
        entries: in the order of the vectors.
        selection: the same as identification has it, so that replays know what will be changed.
    """

    entries: tuple[Entry, ...]
    selection: Selection

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the entries."""
        return tuple(entry.parameter.name for entry in self.entries)

    @property
    def found(self) -> Bool[np.ndarray, " entry"]:
        """What the study identifies."""
        return np.array([entry.found for entry in self.entries])

    def bounds(self) -> tuple[Point, Point]:
        """Lowest and highest contexts."""
        low = [(e.parameter.low - e.parameter.value) / e.size for e in self.entries]
        high = [(e.parameter.high - e.parameter.value) / e.size for e in self.entries]
        return np.array(low), np.array(high)

    def own_values(self, point: Point) -> dict[str, float]:
        """The entries' values at a context, within their bounds [their units]."""
        out = {}
        for entry, x in zip(self.entries, point.tolist(), strict=True):
            p = entry.parameter
            out[p.name] = min(max(p.value + x * entry.size, p.low), p.high)
        return out

    def values(self, point: Point) -> dict[str, float]:
        """Every parameter of the models, and each joint's latent number, at a context [their units]."""
        own = self.own_values(point)
        return self.selection.expand(own) | {e.parameter.name: own[e.parameter.name] for e in self.latent}

    @property
    def latent(self) -> list[Entry]:
        """What no parameter of the models is."""
        return [entry for entry in self.entries if entry.parameter.name not in self.selection.members]

    def point(self, values: Mapping[str, float]) -> Point:
        """The context of a calibration's values, the shared ones from their first member."""
        own = {e.parameter.name: values.get(e.parameter.name, e.parameter.value) for e in self.latent}
        own |= {name: values[members[0]] for name, members in self.selection.members.items()}
        return np.array([(own[e.parameter.name] - e.parameter.value) / e.size for e in self.entries])


def space_of(reference: Calibration, robot: Robot) -> ContextSpace:
    """What its study identified, what stands for each family where it identified nothing, and latents.

    Raises:
        FleetError: the calibration is not one of drives that are replayed from commands.
    """
    study = parse_study(
        reference.record.lineage.study, f"calibration {reference.id}: study", robot=robot.folder
    )
    if (
        study.predicts_effort
        or study.is_passive
        or study.is_inertial
        or study.replays_truth
        or study.follows_motion
    ):
        raise FleetError(
            f"calibration {reference.id}: scores {', '.join(study.scored_signals)}; fleets follow drives"
            " that are replayed from their commands"
        )
    own = reference.parameters
    selection = study.resolve([own[name].model_copy(update=_plain(own[name])) for name in own])
    entries = [_entry(p, selection.members[p.name], own, robot, True) for p in selection.space.parameters]
    entries += _stand_ins(entries, own, robot)
    latent = [
        Entry(parameter=p, family=None, joint=joint, place=joint, size=1.0, found=True)
        for joint, p in latents_of(reference.networks)
    ]
    space = ParameterSpace(entry.parameter for entry in entries)
    added = {e.parameter.name: (e.parameter.name,) for e in entries if not e.found}
    offered = tuple(p.model_copy(update={"value": own[p.name].value}) for p in selection.offered)
    selection = replace(
        selection, offered=offered, space=space, members={**selection.members, **added}, prior_sigma={}
    )
    return ContextSpace(entries=(*entries, *latent), selection=selection)


def _plain(p: Parameter) -> dict[str, object]:
    return {"interval_95": None, "at_bound": False, "identifiable": True}


def _entry(
    p: Parameter, members: Sequence[str], own: Mapping[str, Parameter], robot: Robot, found: bool
) -> Entry:
    """Of a parameter, at the reference's value."""
    value = own[members[0]].value
    parameter = p.model_copy(update={"value": min(max(value, p.low), p.high)})
    family = family_of(members[0])
    joints = {name.split(".")[1] for name in members if name.startswith("drive.")}
    joint = joints.pop() if len(joints) == 1 else ""
    rated = max(drive.stall_effort.value for drive in robot.drives if joint in ("", drive.joint))
    places = {name.split(".")[1] for name in members}
    return Entry(
        parameter=parameter,
        family=family,
        joint=joint,
        place=places.pop() if len(places) == 1 else "",
        size=typical_change(parameter, family, rated),
        found=found,
    )


def _stand_ins(entries: Sequence[Entry], own: Mapping[str, Parameter], robot: Robot) -> list[Entry]:
    """Of families that no entry of a joint belongs to."""
    there = {(entry.family, entry.joint) for entry in entries}
    shared = {entry.family for entry in entries if not entry.joint}
    found = []
    for drive in robot.drives:
        for family, last in OWN.items():
            name = f"drive.{drive.joint}.{last}"
            if (family, drive.joint) not in there and family not in shared and name in own:
                found.append(_entry(own[name], [name], own, robot, False))
    if not any(entry.family == "mass" for entry in entries):
        names = [f"link.{link}.mass" for link in _driven(robot)]
        found += [_entry(own[name], [name], own, robot, False) for name in names if name in own]
    return found


def _driven(robot: Robot) -> list[str]:
    """Links that drives move, each once."""
    by_joint = {joint.name: joint.urdf_joint for joint in robot.joints}
    children = {joint.name: joint.child for joint in bare_body(robot).joints}
    return list(dict.fromkeys(children[by_joint[drive.joint]] for drive in robot.drives))
