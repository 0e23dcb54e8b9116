"""What a motion would tell about a unit, before it is made: from a replay of its commands alone.

The hybrid simulator at the unit's most likely context says where the drives would go. A log of that has a
certain information about the context, as `hybridsim.context.evidence` has it: squares of the replay's slopes
over the usual error's variance, one independent sample every so many, the unit's wander from log to log taken
off. What it makes of the belief is known without the log's outcome, which only moves the mean; its worth is
by how much the logarithm of the covariance's determinant drops (D-optimality).

Where the reference ships an ensemble of networks, their disagreement counts by the same rule: it is one more
unknown a drive, with a slope of the members' spread along the motion and a variance of 1 before. That takes
the two as independent, and adds their drops. It says where the networks want data; a unit's own context does
not move them, only the next calibration of the reference does.

Source: Swevers et al. 1997, "Optimal robot excitation and identification", for exciting by D-optimality.
Error: the context's drop is within a factor of two of what the told log gives, tests/context/test_collect.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.context.belief import HELD, Belief
from hybridsim.context.evidence import Noise, Replayer, errors_of, evidence_of, slopes_of
from hybridsim.context.latent import individual
from hybridsim.context.motions import Motion
from hybridsim.context.space import Point
from hybridsim.networks.inference import Networks
from hybridsim.replay.engine import replay_logs
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.residual import NETWORK
from hybridsim.simulator.sim import HybridSim

Constants = dict[str, float]
SETTLING = 1.5
"""How long drives hold their first command before a log begins, so that sagging into it tells nothing; chosen
[s]."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Of a motion to a unit.

    Attributes:
        motion: its name.
        context: expected drop of the logarithm of the belief's covariance's determinant.
        networks: the same of what the ensembles' members do not agree on; 0 without one.
        before: standard deviation of every entry today [typical changes].
        after: expected once the motion's log is told [typical changes].
    """

    motion: str
    context: float
    networks: float
    before: Point
    after: Point

    @property
    def drop(self) -> float:
        """Of both; motions are chosen by it."""
        return self.context + self.networks


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a log says beside commands: carried over from a log that was made the same way.

    Attributes:
        gain: position-gain register of every drive.
        voltage: supply [V]; 0 stands for the drive's rated voltage.
        constants: such as a payload.
    """

    gain: Float[np.ndarray, " drive"]
    voltage: Float[np.ndarray, " drive"]
    constants: Constants

    @classmethod
    def of(cls, log: LogInputs) -> Setup:
        """As a log ended."""
        return cls(gain=log.gain[-1], voltage=log.voltage[-1], constants=dict(log.constants))

    def inputs(self, motion: Motion) -> LogInputs:
        """A motion as a log that stayed on its commands; only its first row is where the drives were."""
        rows = np.ones((len(motion.time_s), 1))
        return LogInputs(
            log_id=motion.name,
            name=motion.name,
            time_s=motion.time_s,
            command=motion.angle,
            measured=motion.angle,
            gain=rows * self.gain,
            voltage=rows * self.voltage,
            enabled=np.ones(motion.angle.shape, bool),
            constants=self.constants,
        )


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """Says what motions would tell.

    Attributes:
        reference: calibration that contexts are differences from; its networks correct and disagree.
        replayer: of logs at any context.
        noise: how far replays are usually off.
    """

    reference: Calibration
    replayer: Replayer
    noise: Noise

    def worths(self, belief: Belief, motions: Sequence[Motion], setup: Setup) -> list[Worth]:
        """Of motions, to a unit of which that is believed; each as if it were the only one made."""
        space = self.replayer.space
        point = np.clip(belief.mean, *space.bounds())
        numbered = [replace(setup.inputs(m), log_id=str(n)) for n, m in enumerate(motions)]
        made, spreads = self.foreseen(point, numbered)
        problem = self.replayer.problem(made)
        free = np.flatnonzero(belief.deviation > HELD).tolist()
        slope = slopes_of(problem, space, point, free, errors_of(problem, space, point))
        names = [motion.name for motion in motions]
        said = evidence_of(problem, space, point, self.noise, names, slope=slope)
        out = []
        for one, spread in zip(said, spreads, strict=True):
            information = one.wandered(self.noise.wander).information
            told = Belief(mean=belief.mean, precision=belief.precision + information)
            out.append(
                Worth(
                    motion=one.log_id,
                    context=sharper(belief, told),
                    networks=self.disagreement(spread),
                    before=belief.deviation,
                    after=told.deviation,
                )
            )
        return out

    def foreseen(
        self, point: Point, logs: Sequence[LogInputs]
    ) -> tuple[list[LogInputs], list[Float[np.ndarray, "time drive"]]]:
        """Logs with what the hybrid would measure, and the spread of its networks' members [rad]."""
        values = {**self.reference.values(), **self.replayer.space.values(point)}
        robot, settings = load_robot(self.replayer.robot.folder), self.replayer.settings
        networks = self._networks(values)

        def simulator(worlds: int, constants: Constants) -> HybridSim:
            return HybridSim(robot, values, settings, worlds=worlds, networks=networks, constants=constants)

        waited, waits = zip(*map(waiting, logs), strict=True)
        runs = replay_logs(simulator, waited)
        made, spreads = [], []
        for log, wait, run in zip(waited, waits, runs, strict=True):
            measured, spread = (run.at(name, log.time_s) for name in ("angle", "spread"))
            made.append(replace(log, measured=measured).rows(slice(wait, None)))
            spreads.append(np.nan_to_num(spread[wait:]))
        return made, spreads

    def disagreement(self, spread: Float[np.ndarray, "time drive"]) -> float:
        """Drop of the logarithm of the variance of what members do not agree on, all drives'."""
        information = (spread**2).sum(0) / (self.noise.deviation**2 * self.noise.memory)
        return float(np.log1p(information).sum())

    def _networks(self, values: Mapping[str, float]) -> Networks | None:
        own = individual(self.reference.networks, values)
        return next((one for one in own if one.contract.name == NETWORK), None)


def waiting(log: LogInputs) -> tuple[LogInputs, int]:
    """A log that holds its first command for SETTLING before, and how many rows that adds."""
    period = float(log.time_s[1] - log.time_s[0])
    wait = round(SETTLING / period)
    held = log.rows(np.maximum(np.arange(-wait, len(log.time_s)), 0))
    return replace(held, time_s=period * np.arange(len(held.time_s))), wait


def sharper(before: Belief, after: Belief) -> float:
    """Drop of the logarithm of the determinant of a belief's covariance."""
    return float(np.linalg.slogdet(after.precision)[1] - np.linalg.slogdet(before.precision)[1])
