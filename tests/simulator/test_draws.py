"""HybridSim whose worlds draw laws and bodies of their own: by seed, each as the fitted replay has it."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration, Findings, SimulationSettings, Variation
from hybridsim.errors import SimulationError
from hybridsim.parameters import Parameter
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.simulator.draws import drawn_worlds
from hybridsim.simulator.sim import HybridSim
from tests.calibration.made import lineage
from tests.passive.tosses import TIMESTEP, cube, pieces_of, prior, random_starts

SOFT = {"contact__stiffness": 2e4, "contact__damping": 40.0, "contact__friction": 0.2}
MEMBERS = {
    "contact.friction": (0.15, 0.2, 0.3),
    "link.cube.mass": (0.3, 0.37, 0.5),
    "link.cube.rounding": (0.0, 0.002, 0.004),
}
LEVERS = {"link.cube.com_y": 0.005, "link.cube.com_z": 0.005}
STEPS = 40  # of 6 timesteps: 0.27 s, in which the cubes land


def calibration(variation: Variation | None) -> Calibration:
    """Of the cube, with what its worlds are drawn from."""
    values = prior(**SOFT) | {f"varies.{name}": sigma for name, sigma in LEVERS.items()}
    parameters = [
        Parameter(name=n, value=v, unit="1", low=min(v, -0.02) - 1, high=v + 1e6, source="test")
        for n, v in values.items()
    ]
    return Calibration.create(
        Findings(
            robot="cube",
            serial="made",
            synthetic=True,
            simulation=SimulationSettings(physics_timestep_s=TIMESTEP, rate_hz=148.0),
            parameters=parameters,
            lineage=lineage(),
            variation=variation,
        )
    )


@pytest.fixture(scope="module")
def varied() -> Calibration:
    return calibration(Variation(members=MEMBERS, scale=1.2, fitted_on=5))


def tosses(found: Calibration, worlds: int, seed: int | None) -> np.ndarray:
    """[step world 3] one toss in every world."""
    start = random_starts(1, seed=4)._replace(angular_velocity=np.zeros((1, 3)))
    with HybridSim.load(found, worlds=worlds, draw_seed=seed) as sim:
        sim.reset(
            base_position=start.position[0],
            base_orientation=start.orientation[0],
            base_linear_velocity=start.linear_velocity[0],
        )
        return np.array([sim.step()["base_position"] for _ in range(STEPS)])


def test_worlds_differ_and_follow_from_the_seed(varied):
    first = tosses(varied, 4, 7)
    assert np.array_equal(tosses(varied, 4, 7), first)
    apart = np.linalg.norm(first[-1][:, None] - first[-1][None], axis=2) + np.eye(4)
    assert apart.min() > 1e-4
    assert not np.array_equal(tosses(varied, 4, 8), first)


def test_a_world_does_not_depend_on_how_many_there_are(varied):
    assert np.array_equal(tosses(varied, 2, 7), tosses(varied, 4, 7)[:, :2])


def test_without_a_seed_all_worlds_are_the_same(varied):
    found = tosses(varied, 2, None)
    assert np.array_equal(found[:, 0], found[:, 1])
    assert np.array_equal(found, tosses(calibration(None), 2, None))


def test_drawn_worlds_are_those_of_the_fitted_replay(varied):
    """Masses, levers, roundings and laws of their own reach PyBullet and its contacts alike."""
    own = [{**varied.values(), **one} for one in drawn_worlds(varied, "hybrid", 7, 3)]
    start = random_starts(1, seed=4)._replace(angular_velocity=np.zeros((1, 3)))
    starts = start._make(np.repeat(part, 3, axis=0) for part in start)
    paths = roll(setups_of(cube(), own), pieces_of(3, STEPS / 148.0), starts, TIMESTEP)
    fitted = paths.position.reshape(3, STEPS + 1, 3)[:, 1:].transpose(1, 0, 2)
    assert np.abs(tosses(varied, 3, 7) - fitted).max() < 1e-8


def test_members_stay_together_and_scatter_is_as_wide_as_said(varied):
    own = drawn_worlds(varied, "identified", 0, 400)
    together = set(zip(MEMBERS["contact.friction"], MEMBERS["link.cube.mass"], strict=True))
    assert {(one["contact.friction"], one["link.cube.mass"]) for one in own} == together
    levers = np.array([one["link.cube.com_z"] for one in own])
    assert levers.std() == pytest.approx(1.2 * 0.005, rel=0.1)
    assert abs(np.corrcoef(levers, [one["link.cube.com_y"] for one in own])[0, 1]) < 0.15


def test_a_cross_puts_one_lever_at_a_time_on_one_of_its_ends():
    crossed = calibration(Variation(members=MEMBERS, scale=3.0, scatter="cross", fitted_on=5))
    own = drawn_worlds(crossed, "identified", 0, 400)
    levers = [(one["link.cube.com_y"], one["link.cube.com_z"]) for one in own]
    ends = [(0.005, 0.0), (-0.005, 0.0), (0.0, 0.005), (0.0, -0.005)]
    assert set(levers) == set(ends)  # what scales normal scatter leaves them where they are
    assert min(levers.count(end) for end in ends) > 70


@pytest.mark.parametrize(
    ("variation", "options", "message"),
    [
        (False, {"draw_seed": 1}, r"^calibration [0-9a-f]{12}: draw_seed 1, but it has no ensemble; .+$"),
        (True, {"draw_seed": -1}, r"^HybridSim: draw_seed -1 with variant 'hybrid'; expected .+$"),
        (
            True,
            {"draw_seed": 1, "variant": "nominal"},
            r"^HybridSim: draw_seed 1 with variant 'nominal'; .+$",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(varied, variation, options, message):
    with pytest.raises(SimulationError, match=message):
        HybridSim.load(varied if variation else calibration(None), **options)
