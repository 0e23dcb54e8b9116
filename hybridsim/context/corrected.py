"""Drives along logs as a hybrid has them: what a reference's networks add is part of what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.context.latent import DIRECTION, individual
from hybridsim.identify.problem import DriveRun, Problem
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks, alone
from hybridsim.simulator.residual import NETWORK, inputs_given, stack_inputs


@dataclass(frozen=True, kw_only=True)
class CorrectedProblem(Problem):
    """The same logs, replayed by analytic drives and their residual networks.

    Attributes:
        networks: of each drive: its residual and the direction in which it differs between units.

    Error: the hybrid's replay to a fifth of what networks add, tests/context/test_corrected.py.
    """

    networks: Sequence[Sequence[Networks]]

    def predicted(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """Encoder angle, networks included [rad]."""
        run, networks = self.simulate(drive, values), individual(self.networks[drive], values)
        if not networks:
            return run.angle
        [network] = networks
        added = [
            self._added(network, drive, run, slice(*ends))
            for ends in zip(self.first[:-1], self.first[1:], strict=True)
        ]
        return run.angle + np.concatenate(added)

    def _added(self, network: Networks, drive: int, run: DriveRun, rows: slice) -> np.ndarray:
        """By the network at every row of one log: what its last run said, which holds until the next."""
        period, path = network.contract.sample_period, self.paths[drive]
        time = path.time[rows] - path.time[rows.start]
        moments = np.arange(period, time[-1] + 1e-9, period)
        if not len(moments):
            return np.zeros(len(time))
        held = np.maximum(np.searchsorted(time, moments + 1e-9, side="right") - 1, 0)
        command = path.command[rows][held]
        before = np.concatenate([command[:1], command[:-1]])
        shaft, load, speed = (np.interp(moments, time, one[rows]) for one in run)
        column = np.s_[:, None]
        values = stack_inputs(
            command[column], before[column], shaft[column], speed[column], load[column], period
        )
        features = log_features(network.contract, values, inputs=inputs_given(), period=period)
        value = network.evaluate(features)[0][:, 0]
        last = np.searchsorted(moments, time + 1e-9, side="right")
        return np.concatenate([[0.0], value])[last]


def corrected(problem: Problem, networks: Sequence[Networks]) -> Problem:
    """A problem with a calibration's networks of its drives; itself where there is none."""
    mine = [one for one in networks if one.contract.name in (NETWORK, DIRECTION)]
    if not mine:
        return problem
    own = tuple(
        tuple(alone(one, joint) for one in mine if joint in one.contract.groups) for joint in problem.joints
    )
    fields = {name: getattr(problem, name) for name in Problem.__dataclass_fields__}
    return CorrectedProblem(**fields, networks=own)
