"""What a calibration is made of, before it has an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hybridsim.calibration.baselines import BlackBoxLike
from hybridsim.calibration.parts import Gate, Intervals, Lineage, SimulationSettings
from hybridsim.calibration.tables import Table
from hybridsim.calibration.variation import Variation
from hybridsim.networks.inference import Networks
from hybridsim.parameters import Parameter


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """Everything that goes into a calibration.

    Attributes:
        robot: the design.
        serial: the individual.
        synthetic: whether its logs came from a simulated robot.
        simulation: how the worlds step.
        parameters: all of the models', identified or held.
        lineage: where it came from.
        gates: per signal (or `signal.component`) whether the network ships.
        intervals: numbers behind the 90 % intervals.
        networks: those that ship; file name and hash in their contracts need not be right yet.
        delays: per signal and component the baseline's pure delay [s].
        blackbox: the trained baseline; the hash in its contract need not be right yet.
        variation: what worlds of their own are drawn from.
        tables: further arrays.
    """

    robot: str
    serial: str
    synthetic: bool
    simulation: SimulationSettings
    parameters: Iterable[Parameter]
    lineage: Lineage
    gates: Mapping[str, Gate] = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)
    networks: Iterable[Networks] = ()
    delays: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    blackbox: BlackBoxLike | None = None
    variation: Variation | None = None
    tables: Iterable[Table] = ()
