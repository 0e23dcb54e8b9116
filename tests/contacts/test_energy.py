"""Whatever the law and however a body lands, contacts only take energy."""

import numpy as np
import pytest

from hybridsim.contacts.law import LAW
from hybridsim.frames import conjugate, rotated, rotation_vector
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.passive.tool_track import ToolTrack, paths_of
from hybridsim.simulator.tool_path import nothing_pushes
from tests.contacts.networks import random_networks
from tests.passive.pushes import BALL, BOX, ROD, plate
from tests.passive.pushes import prior as prior_of
from tests.passive.tosses import TIMESTEP, cube, pieces_of, prior, random_starts

TOSSES, SECONDS = 60, 0.5
OFFERED = {one.name: one for one in LAW}


def random_values(random: np.random.Generator) -> dict[str, float]:
    """A law anywhere between its bounds (stiffness where a millimetre is not the whole cube), any lever."""
    drawn = {}
    for name, one in OFFERED.items():
        low, high = one.low, one.high
        if name == "stiffness":
            low, high = 1e3, 1e6
        drawn[f"contact__{name}"] = float(
            np.exp(random.uniform(np.log(low), np.log(high)))
            if one.scale == "log"
            else random.uniform(low, high)
        )
    drawn["link__cube__com_x"] = float(random.uniform(-0.01, 0.01))
    drawn["link__cube__rounding"] = float(random.uniform(0.0, 0.02))
    return prior(**drawn)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_energy_never_grows(seed, learned):
    """Kinetic and potential energy while nothing is pressed in: never above what it was at the throw.

    Under the law alone, and with a random network that mostly sits on its bound.
    """
    networks = random_networks(TIMESTEP, seed, size=3.0) if learned else None
    random = np.random.default_rng(seed)
    values = [random_values(random) for _ in range(TOSSES)]
    starts, pieces = random_starts(TOSSES, seed), pieces_of(TOSSES, SECONDS)
    setups = setups_of(cube(), values)
    paths = roll(setups, pieces, starts, TIMESTEP, networks=networks)
    for k in range(TOSSES):
        rows = slice(pieces.first[k], pieces.first[k] + pieces.count[k])
        energy = total_energy(setups, k, paths.position[rows], paths.orientation[rows])
        # differences of sampled poses smooth speeds at impacts: they can only lose by it, to 1e-3 of the toss
        assert energy[1:].max() <= energy[0] * (1 + 2e-3), (k, energy.max() / energy[0])


def total_energy(setups, k, position, orientation) -> np.ndarray:
    """Of every interval between samples [J]."""
    step = 1.0 / 148.0
    com = np.tile(setups.worlds.com[k, 0], (len(position), 1))
    centre = position + rotated(orientation, com)
    speed = np.diff(centre, axis=0) / step
    back = conjugate(orientation[:-1])
    spin = rotation_vector(back, orientation[1:]) / step
    height = (centre[1:, 2] + centre[:-1, 2]) / 2
    mass, inertia = setups.worlds.mass[k, 0], setups.worlds.inertia[k, 0]
    turning = np.einsum("ni,ij,nj->n", spin, inertia, spin) / 2
    return mass * (speed**2).sum(1) / 2 + turning - mass * setups.gravity[k, 2] * height


@pytest.mark.parametrize("tool", [ROD, BALL], ids=["rod", "ball"])
def test_a_tool_at_rest_adds_no_energy(tool, tmp_path):
    """Plates thrown against a rod or ball that stands in their way, under any law of ground and tool."""
    robot, random = plate(tmp_path, tool=tool, shape=BOX), np.random.default_rng(3)
    values = []
    for _ in range(TOSSES):
        ground, between = random_values(random), random_values(random)
        drawn = {n: v for n, v in ground.items() if n.startswith("contact.")}
        own = {n.replace("contact.", "tool."): v for n, v in between.items() if n.startswith("contact.")}
        values.append(prior_of(robot) | drawn | own)
    starts = random_starts(TOSSES, 4)._replace(position=np.tile([-0.12, 0.0, 0.12], (TOSSES, 1)))
    starts.linear_velocity[:, 0] = random.uniform(0.5, 1.5, TOSSES)
    pieces = pieces_of(TOSSES, SECONDS)._replace(tool=paths_of([still(0.05)] * TOSSES, [0.0] * TOSSES))
    setups = setups_of(robot, values)
    paths = roll(setups, pieces, starts, TIMESTEP)
    free = roll(setups, pieces._replace(tool=nothing_pushes()), starts, TIMESTEP)
    hit = 0
    for k in range(TOSSES):
        rows = slice(pieces.first[k], pieces.first[k] + pieces.count[k])
        hit += np.abs(paths.position[rows] - free.position[rows]).max() > 1e-3
        energy = total_energy(setups, k, paths.position[rows], paths.orientation[rows])
        assert energy[1:].max() <= energy[0] * (1 + 2e-3), (k, energy.max() / energy[0])
    assert hit > TOSSES / 2


def still(height: float) -> ToolTrack:
    """A tool that stays where it is, upright."""
    time = np.array([0.0, SECONDS])
    turn = np.tile([0.0, 0.0, 0.0, 1.0], (2, 1))
    return ToolTrack(time_s=time, position=np.tile([0.0, 0.0, height], (2, 1)), orientation=turn)
