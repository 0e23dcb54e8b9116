"""HybridSim of a body that nothing drives: the identified ground, worlds apart, and resets that forget."""

import numpy as np
import pytest

from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError
from hybridsim.passive.laid import Starts
from hybridsim.simulator.sim import HybridSim
from tests.passive.tosses import TIMESTEP, cube, prior, random_starts, tossed

SOFT = {"contact__stiffness": 2e4, "contact__damping": 40.0, "contact__friction": 0.2}
STEPS = 40  # of 6 timesteps: 0.27 s, in which the cubes land


def worlds(count: int) -> HybridSim:
    settings = SimulationSettings(physics_timestep_s=TIMESTEP, rate_hz=148.0)
    return HybridSim(cube(), prior(**SOFT), settings, worlds=count)


def throw(sim: HybridSim, starts: Starts, rows: list[int]) -> None:
    turn = starts.orientation[rows]
    sim.reset(
        base_position=starts.position[rows],
        base_orientation=turn,
        base_linear_velocity=starts.linear_velocity[rows],
    )


def run(sim: HybridSim) -> np.ndarray:
    return np.array([sim.step()["base_position"] for _ in range(STEPS)])


def test_worlds_are_those_of_the_fitted_replay():
    starts = random_starts(3, seed=4)._replace(angular_velocity=np.zeros((3, 3)))
    _, paths = tossed([prior(**SOFT)] * 3, starts, STEPS / 148.0)
    with worlds(3) as sim:
        throw(sim, starts, [0, 1, 2])
        found = run(sim)
        assert (sim.ground is not None) and (sim.ground.load.sum(axis=1) > 0).any()
    fitted = paths.position.reshape(3, STEPS + 1, 3)[:, 1:].transpose(1, 0, 2)
    assert np.abs(found - fitted).max() < 1e-8


def test_worlds_do_not_know_each_other_and_resets_forget():
    starts = random_starts(3, seed=6)
    with worlds(3) as together, worlds(1) as alone:
        throw(together, starts, [0, 1, 2])
        first = run(together)
        throw(together, starts, [0, 1, 2])
        assert np.array_equal(run(together), first)
        throw(alone, starts, [2])
        assert np.array_equal(run(alone)[:, 0], first[:, 2])


def test_a_command_for_a_robot_without_drives_is_refused():
    with worlds(1) as sim, pytest.raises(SimulationError, match=r"command of shape \(1,\)"):
        sim.step([0.0])
