"""A simulator told by a few seconds of a log which individual it is to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief, told
from hybridsim.context.evidence import Noise, Replayer, errors_of
from hybridsim.context.individual import calibration_of
from hybridsim.context.noise import deviation_and_memory
from hybridsim.context.population import ALONE, Population
from hybridsim.context.space import ContextSpace, space_of
from hybridsim.errors import LogError
from hybridsim.identify.problem import Problem
from hybridsim.log import Log
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import log_inputs
from hybridsim.simulator.signs import with_signs


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompted:
    """What a prompt says.

    Attributes:
        calibration: of the individual; its parameters have the belief's intervals.
        belief: about the individual's context.
        space: that the context is in.
    """

    calibration: Calibration
    belief: Belief
    space: ContextSpace

    def draws(self, seed: int, worlds: int) -> list[dict[str, float]]:
        """Drives that the individual may have, one set a world; fewer seconds of log scatter more."""
        root = np.linalg.cholesky(self.belief.covariance)
        found = []
        for world in range(worlds):
            random = np.random.default_rng([seed, world])
            point = self.belief.mean + root @ random.standard_normal(len(self.space))
            values = self.space.values(np.clip(point, *self.space.bounds()))
            found.append({name: value for name, value in values.items() if name.startswith("drive.")})
        return found


def prompt(
    calibration: Calibration, logs: Sequence[Log], robot: Robot, population: Population | None = None
) -> Prompted:
    """Infer which individual logs come from, by a few Gauss-Newton steps on their free-running replays.

    Args:
        calibration: of the robot; where a population is given, its reference.
        logs: of the individual; a few seconds will do.
        robot: the design.
        population: what individuals have in common; without it, each differs from the calibration by typical
            changes.

    Raises:
        LogError: no log, or one of another robot.
        FleetError: a calibration that is not of drives replayed from commands, or not the population's.
    """
    if not logs:
        raise LogError("prompt: no log; expected at least one")
    for log in logs:
        if log.robot != robot.name:
            raise LogError(f"prompt: log {log.name}: is of robot '{log.robot}'; expected {robot.name}")
    turned = with_signs(robot, calibration.values())
    space = space_of(calibration, turned)
    if population is not None:
        population.require(calibration.id, space)
    replayer = Replayer(
        robot=turned, space=space, settings=calibration.record.simulation, networks=calibration.networks
    )
    problem = replayer.problem([log_inputs(log, turned) for log in logs])
    belief = _inferred(problem, space, [log.log_id for log in logs], population)
    own = calibration_of(calibration, space, belief, serial=logs[0].serial or "prompted", logs=logs)
    return Prompted(calibration=own, belief=belief, space=space)


def _inferred(
    problem: Problem, space: ContextSpace, ids: Sequence[str], population: Population | None
) -> Belief:
    """From what the population says, or from typical differences and what the prompt leaves over."""
    if population is not None:
        return told(population.prior(), problem, space, population.noise(), ids)
    noise = Noise.guessed(len(problem.paths), len(space))
    prior = Belief(mean=np.zeros(len(space)), precision=np.eye(len(space)) / ALONE**2)
    first = told(prior, problem, space, noise, ids)
    deviation, memory = deviation_and_memory(problem, errors_of(problem, space, first.mean))
    noise = Noise(deviation=deviation, memory=memory, wander=noise.wander)
    return told(prior, problem, space, noise, ids, start=first.mean)
