"""Resting places of drawn worlds: scores by hand, regions that hold what they say, a planted spread found."""

import numpy as np
import pytest

from hybridsim.calibration import Variation
from hybridsim.identify.contact_ensemble import Ensemble
from hybridsim.identify.contact_spread import balanced, excess, with_scale
from hybridsim.parameters import Parameter
from hybridsim.passive.parameters import offered_passive
from hybridsim.passive.spread import Rests, Source, rests
from tests.passive.tosses import STEPS, TIMESTEP, cube, prior, random_starts, tossed, tracks_of

TOSSES, SECONDS, LEVER = 60, 0.4, 0.004
LEVERS = ("link.cube.com_y", "link.cube.com_z")
LATE = (STEPS - 1) / 2 * TIMESTEP  # of backward differences, as tests/passive/test_start.py finds them
SOFT = {
    "contact.stiffness": 5e3,
    "contact.damping": 30.0,
    "contact.friction": 0.2,
    "data.velocity_lag": LATE,
}
SMALL = {"position": 1e-6, "angle": 1e-6, "linear_velocity": 5e-4, "angular_velocity": 5e-3}


def rests_of(drawn, real):
    return Rests(drawn=np.array(drawn, float), real=np.array(real, float))


def test_energy_scores_by_hand():
    """Draws at (0, 0) and (2, 0): 2 apart. From (1, 0) 1 away: 1 - 2/2; from (0, 3) (3 + sqrt(13))/2 away."""
    pair = [[0, 0], [2, 0]]
    found = rests_of([pair, pair, [[1, 1], [1, 1]]], [[1, 0], [0, 3], [1, 4]]).energy_score()
    np.testing.assert_allclose(found, [0.0, (3 + 13**0.5) / 2 - 1, 3.0], atol=1e-12)


def two_heaps(random, shape):
    """Where a body may topple to either side."""
    return (
        random.normal(scale=[0.01, 0.002], size=(*shape, 2)) + 0.05 * random.integers(0, 2, shape)[..., None]
    )


@pytest.mark.parametrize(("wider", "low", "high"), [(1.0, 0.87, 0.93), (2.0, 0.0, 0.8)])
def test_regions_hold_what_they_say_of_places_that_are_one_more_draw(wider, low, high):
    random = np.random.default_rng(0)
    drawn, real = two_heaps(random, (600, 49)), two_heaps(random, (600,))
    levels = rests_of(drawn, drawn.mean(axis=1) * (1 - wider) + wider * real).level()
    assert low <= (levels <= 0.9).mean() <= high
    assert levels.min() > 0.0 and levels.max() < 1.0


def test_draws_that_are_all_the_same_do_not_hold_another_place():
    same = np.zeros((1, 19, 2))
    assert rests_of(same, [[0.01, 0.0]]).level()[0] > 0.95


@pytest.mark.parametrize("truth", [0.3, 1.0, 2.5])
def test_the_scale_is_found_where_the_excess_turns(truth):
    assert balanced(lambda scale, _: np.log(scale / truth)) == pytest.approx(truth)


def test_a_scale_out_of_reach_ends_after_a_few_steps():
    tried = []
    found = balanced(lambda scale, before: tried.append(before) or -1.0)
    assert tried == list(range(6)) and found == pytest.approx(1.4**5)


def parameters(sigma: float) -> list[Parameter]:
    """The cube's, levers that are said to vary, and starts that are all but exact."""
    own = [p.model_copy(update={"value": SOFT.get(p.name, p.value)}) for p in offered_passive(cube())]
    said = {f"varies.{name}": sigma for name in LEVERS} | {f"noise.{n}": value for n, value in SMALL.items()}
    rest = [Parameter(name=n, value=v, unit="1", low=0.0, high=1.0, source="test") for n, v in said.items()]
    return [*own, *rest]


def planted(seed: int):
    """Tosses of a cube whose centre of mass differs from toss to toss."""
    levers = np.random.default_rng(seed).normal(scale=LEVER, size=(TOSSES, 2))
    values = [{**prior(), **SOFT, **dict(zip(LEVERS, row, strict=True))} for row in levers.tolist()]
    return tracks_of(*tossed(values, random_starts(TOSSES, seed + 100), SECONDS))


def source(sigma: float, variation: Variation) -> Source:
    known = {p.name: p for p in parameters(sigma)}
    return Source(robot=cube(), parameters=known, variation=variation, timestep=TIMESTEP)


@pytest.fixture(scope="module")
def found() -> Variation:
    """Fitted under a statement that is half the truth."""
    members = Ensemble(members={"contact.friction": (0.2, 0.2)}, unseen=np.ones((TOSSES, 2), bool))
    return with_scale(cube(), parameters(LEVER / 2), members, "normal", planted(1), TIMESTEP, 0)


def test_a_planted_spread_is_found(found):
    assert 1.4 < found.scale < 2.8  # and 2 is the truth
    assert found.fitted_on == TOSSES


def test_and_holds_on_other_tosses(found):
    ends = rests(source(LEVER / 2, found), planted(2), 19, 3)
    assert abs(excess(ends.level())) < 0.09
    narrow = found.model_copy(update={"scale": found.scale / 4})
    ends_of_narrow = rests(source(LEVER / 2, narrow), planted(2), 19, 3)
    assert excess(ends_of_narrow.level()) < -0.15
    assert ends.energy_score().mean() < ends_of_narrow.energy_score().mean()


def test_draws_follow_from_seed_and_place_alone(found):
    tracks, own = planted(2)[:20], source(LEVER, found)
    first = rests(own, tracks, 5, 7)
    assert np.array_equal(rests(own, tracks, 5, 7).drawn, first.drawn)
    assert np.array_equal(rests(own, tracks[:2], 5, 7).drawn, first.drawn[:2])
    assert not np.array_equal(rests(own, tracks[:2], 5, 8).drawn, first.drawn[:2])
    assert (first.drawn.std(axis=1) > 1e-5).all()
