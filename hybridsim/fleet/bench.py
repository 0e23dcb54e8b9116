"""Where logs are replayed for a fleet: robot, reference calibration and population, loaded once a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief, told
from hybridsim.context.evidence import Noise, Replayer
from hybridsim.context.notice import Hypothesis, hypotheses_of
from hybridsim.context.space import ContextSpace, space_of
from hybridsim.identify.problem import Problem
from hybridsim.log import Log, read_log
from hybridsim.networks.inference import Networks
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.simulator.residual import NETWORK
from hybridsim.simulator.signs import with_signs
from hybridsim.study import Study, parse_study


@dataclass(frozen=True)
class Basis:
    """Folders of a robot and of the reference calibration; small enough to travel."""

    robot: Path
    reference: Path

    def bench(self) -> Bench:
        """What they hold, read once a process."""
        return _bench(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """What any replay for a fleet needs.

    Attributes:
        robot: the design, its joints turned as the reference found them.
        reference: that contexts are differences from.
        space: of the contexts.
        replayer: of logs at any context.
        hypotheses: what may change.
    """

    robot: Robot
    reference: Calibration
    space: ContextSpace
    replayer: Replayer
    hypotheses: Sequence[Hypothesis]

    @property
    def study(self) -> Study:
        """The reference's, in full; what was quick about it was its own fit."""
        where = f"calibration {self.reference.id}: study"
        return parse_study(self.reference.record.lineage.study, where, robot=self.robot.folder)

    @property
    def drive_networks(self) -> Networks | None:
        """The reference's, of its drives' residuals."""
        mine = [one for one in self.reference.networks if one.contract.name == NETWORK]
        return mine[0] if mine else None

    def values(self, belief: Belief) -> dict[str, float]:
        """Every parameter of the models for a unit that one believes this of."""
        values, space = self.reference.values(), self.space
        return {**values, **space.values(belief.mean)}

    def inputs(self, log: Log) -> LogInputs:
        """A log as replays read it."""
        return log_inputs(log, self.robot)

    def problem(self, logs: Sequence[Log]) -> Problem:
        """The rigid body along logs, once for all contexts."""
        return self.replayer.problem([self.inputs(log) for log in logs])

    def told(self, prior: Belief, logs: Sequence[Log], noise: Noise) -> Belief:
        """What is believed after logs."""
        return told(prior, self.problem(logs), self.space, noise, [log.log_id for log in logs])


def logs_of(folders: Sequence[Path]) -> list[Log]:
    """Logs from their folders."""
    return [read_log(folder) for folder in folders]


@lru_cache(maxsize=4)  # chosen, because units may be watched through a few older populations
def _bench(basis: Basis) -> Bench:
    reference = Calibration.load(basis.reference)
    robot = with_signs(load_robot(basis.robot), reference.values())
    space = space_of(reference, robot)
    return Bench(
        robot=robot,
        reference=reference,
        space=space,
        replayer=Replayer(
            robot=robot, space=space, settings=reference.record.simulation, networks=reference.networks
        ),
        hypotheses=hypotheses_of(space),
    )
