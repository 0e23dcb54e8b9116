"""A mass more on a robot: on a floating one's link in each world, else for all worlds of a simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hybridsim.envs.worlds import Source
from hybridsim.physics.edits import with_point_mass
from hybridsim.simulator.body import COM, INERTIA, bare_body, body_of
from hybridsim.verify.battery import Scenario


def loaded_link(
    source: Source,
    scenario: Scenario,
    mass: float,
    own: Mapping[str, float],
    constants: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Values of the link that carries a payload, by name.

    Args:
        source: of the robot, which has no payload of its own.
        scenario: which link, and where on it.
        mass: of the payload [kg].
        own: values of the world, in the place of the source's.
        constants: of the set-up.
    """
    model = body_of(source.robot, {**source.values, **own}, constants or {})
    name = scenario.payload_link or bare_body(source.robot).root
    place = model.link(name).com if scenario.payload_at_m is None else np.array(scenario.payload_at_m)
    link = with_point_mass(model, name, mass, place).link(name)
    found = {f"link.{name}.mass": link.mass}
    found |= {f"link.{name}.{axis}": float(x) for axis, x in zip(COM, link.com, strict=True)}
    entries = link.inertia[np.triu_indices(3)]
    return found | {f"link.{name}.{word}": float(x) for word, x in zip(INERTIA, entries, strict=True)}


def loaded(
    source: Source, constants: Mapping[str, float], scenario: Scenario, mass: float
) -> tuple[Source, Mapping[str, float]]:
    """A fixed robot that carries a payload: the one of its set-up gets heavier, or a link does."""
    if source.robot.payloads and scenario.payload_link is None:
        name = source.robot.payloads[0].mass_constant
        return source, {**constants, name: constants.get(name, 0.0) + mass}
    added = loaded_link(source, scenario, mass, {}, constants)
    return replace(source, values={**source.values, **added}), constants
