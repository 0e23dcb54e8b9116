"""Replays of contexts say what the hybrid says, networks included. Synthetic."""

import numpy as np
import pytest

from hybridsim.context.corrected import CorrectedProblem, corrected
from hybridsim.replay.engine import replay_logs
from hybridsim.simulator.sim import HybridSim
from tests.context.made import moves
from tests.simulator.made import residual


def test_a_replay_of_one_drive_has_what_the_simulators_networks_add(arm):
    networks = residual(arm.robot, period=0.02, bound=0.03)
    log = moves(arm.robot, 6.0, 1)
    plain = arm.replayer.problem([log])
    problem = corrected(plain, [networks])
    assert isinstance(problem, CorrectedProblem)
    values = {**arm.reference.values(), **arm.space.values(np.zeros(len(arm.space)))}

    def sim(worlds, constants):
        return HybridSim(
            arm.robot, values, arm.replayer.settings, worlds=worlds, networks=networks, constants=constants
        )

    [run] = replay_logs(sim, [log])
    for drive in range(2):
        added = problem.predicted(drive, values) - plain.predicted(drive, values)
        truth = (run.at("angle", log.time_s) - run.at("analytic", log.time_s))[:, drive]
        assert truth.std() > 1e-3
        assert (added - truth).std() < 0.2 * truth.std()


def test_without_networks_nothing_is_added_and_lean_parts_keep_them(arm):
    log = moves(arm.robot, 2.0, 1)
    plain = arm.replayer.problem([log])
    assert corrected(plain, []) is plain
    problem = corrected(plain, [residual(arm.robot, period=0.02, bound=0.03)])
    values = arm.space.values(np.zeros(len(arm.space)))
    assert (problem.lean(1).predicted(1, values) == problem.predicted(1, values)).all()
    assert problem.predicted(0, values)[0] == pytest.approx(plain.predicted(0, values)[0])
