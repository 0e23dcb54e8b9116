"""Whatever the law and however a body lands, contacts only take energy."""

import numpy as np
import pytest

from hybridsim.contacts.law import LAW
from hybridsim.frames import conjugate, rotated, rotation_vector
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
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


@pytest.mark.parametrize("seed", [0, 1])
def test_energy_never_grows(seed):
    """Kinetic and potential energy while nothing is pressed in: never above what it was at the throw."""
    random = np.random.default_rng(seed)
    values = [random_values(random) for _ in range(TOSSES)]
    starts, pieces = random_starts(TOSSES, seed), pieces_of(TOSSES, SECONDS)
    setups = setups_of(cube(), values)
    paths = roll(setups, pieces, starts, TIMESTEP)
    for k in range(TOSSES):
        rows = slice(pieces.first[k], pieces.first[k] + pieces.count[k])
        energy = total_energy(setups, k, paths.position[rows], paths.orientation[rows])
        # differences of sampled poses smooth speeds at impacts: they can only lose by it, to 1e-3 of the toss
        assert energy[1:].max() <= energy[0] * (1 + 2e-3), (k, energy.max() / energy[0])


def total_energy(setups, k, position, orientation) -> np.ndarray:
    """Of every interval between samples [J]."""
    step = 1.0 / 148.0
    com = np.tile(setups.com[k, 0], (len(position), 1))
    centre = position + rotated(orientation, com)
    speed = np.diff(centre, axis=0) / step
    back = conjugate(orientation[:-1])
    spin = rotation_vector(back, orientation[1:]) / step
    height = (centre[1:, 2] + centre[:-1, 2]) / 2
    mass, inertia = setups.mass[k, 0], setups.inertia[k, 0]
    turning = np.einsum("ni,ij,nj->n", spin, inertia, spin) / 2
    return mass * (speed**2).sum(1) / 2 + turning - mass * setups.gravity[k, 2] * height
