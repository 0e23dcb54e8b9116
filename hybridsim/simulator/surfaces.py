"""Ground of different kinds: level rectangles with a contact law each, in place of one endless plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from hybridsim.contacts.law import LAW
from hybridsim.contacts.parameters import has_law
from hybridsim.contacts.points import Patches
from hybridsim.errors import SimulationError, listed

COEFFICIENTS = {one.name: one for one in LAW}
KINDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        # None is measured. Chosen, because a foot of 150 N then sinks by 1 mm into the firm ones and by 15 mm
        # into the soft one, dampers stop a leg of some kilograms within a bounce, and friction is about that
        # of rubber on dry concrete, on turf and on wet ice.
        "firm": {"stiffness": 1.5e5, "damping": 800.0, "friction": 0.8},
        "soft": {"stiffness": 1e4, "damping": 400.0, "friction": 0.6},
        "slippery": {"stiffness": 1.5e5, "damping": 800.0, "friction": 0.15},
    }
)
"""What `kind_of` knows: coefficients in the units of `contacts.law.LAW`, whose own values the rest has."""
EDGE = 1e9
"""Where ground without an edge ends [m]."""
EVERYWHERE = (-EDGE, EDGE, -EDGE, EDGE)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A rectangle of level ground.

    Attributes:
        name: for reports and messages.
        area: x from, x to, y from, y to, in the world [m].
        height: of its top [m].
        coefficients: of the contact law by name, in `contacts.law.LAW`'s units; what is not among them is the
            calibration's where it has a law, and the table's own value elsewhere.
        embedding: two numbers by which a learned law tells surfaces apart [1].
    """

    name: str
    area: tuple[float, float, float, float] = EVERYWHERE
    height: float = 0.0
    coefficients: Mapping[str, float] = field(default_factory=dict)
    embedding: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse what no ground can be."""
        object.__setattr__(self, "coefficients", MappingProxyType(dict(self.coefficients)))
        where = f"surface '{self.name}'"
        for word, values, count in (
            ("area", self.area, 4),
            ("height", (self.height,), 1),
            ("embedding", self.embedding, 2),
        ):
            if len(values) != count or not all(math.isfinite(value) for value in values):
                raise SimulationError(f"{where}: {word} is {values}; expected {count} finite numbers")
        if self.area[0] >= self.area[1] or self.area[2] >= self.area[3]:
            raise SimulationError(f"{where}: area {self.area} is empty; expected from < to in x and y")
        for name, value in self.coefficients.items():
            check(where, name, value)

    def covers(self, other: Surface) -> bool:
        """Whether nothing of the other lies outside this one."""
        own, its = self.area, other.area
        return own[0] <= its[0] and its[1] <= own[1] and own[2] <= its[2] and its[3] <= own[3]


def check(where: str, name: str, value: float) -> None:
    """Refuse a coefficient that the law does not know, or that is far from any ground's."""
    if name not in COEFFICIENTS:
        raise SimulationError(f"{where}: no coefficient '{name}'; available: {listed(COEFFICIENTS)}")
    one = COEFFICIENTS[name]
    if not one.low <= value <= one.high:
        raise SimulationError(
            f"{where}: {name} is {value:g} {one.unit}; expected {one.low:g} to {one.high:g}"
        )


def kind_of(
    kind: str,
    area: tuple[float, float, float, float] = EVERYWHERE,
    *,
    name: str | None = None,
    height: float = 0.0,
    embedding: tuple[float, float] = (0.0, 0.0),
) -> Surface:
    """A surface of a named kind, the same whatever a calibration says; see `KINDS` and `Surface`."""
    if kind not in KINDS:
        raise SimulationError(f"surface of kind '{kind}'; available: {listed(KINDS)}")
    law = {one.name: one.value for one in LAW} | dict(KINDS[kind])
    return Surface(name=name or kind, area=area, height=height, coefficients=law, embedding=embedding)


def patches_of(surfaces: Sequence[Surface], values: Mapping[str, float]) -> Patches:
    """Surfaces as the contact solver reads them; where they overlap the first one counts.

    Args:
        surfaces: at least one.
        values: a calibration's parameters; its contact law, if any, fills what surfaces leave out.

    Raises:
        SimulationError: two of one name, or one that nothing can touch because another lies over all of it.
    """
    for k, one in enumerate(surfaces):
        for first in surfaces[:k]:
            if first.name == one.name:
                raise SimulationError(f"surface '{one.name}' is given twice; expected different names")
            if first.covers(one):
                raise SimulationError(
                    f"surface '{one.name}': '{first.name}' comes before it and lies over all of it; expected"
                    " some ground of its own"
                )
    known = has_law(values)
    rest = {one.name: values[f"contact.{one.name}"] if known else one.value for one in LAW}
    return Patches(
        area=np.array([one.area for one in surfaces], float),
        height=np.array([one.height for one in surfaces], float),
        law=np.array([[{**rest, **one.coefficients}[x.name] for x in LAW] for one in surfaces]),
        embedding=np.array([one.embedding for one in surfaces], float),
    )
