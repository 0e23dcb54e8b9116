"""Members keep what the logs know, the sum of two parameters here, and spread in what they do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from hybridsim.identify.contact import ContactProblem, FoundContact
from hybridsim.identify.contact_ensemble import MEMBERS, Ensemble, ensemble
from hybridsim.parameters import Parameter
from hybridsim.passive.parameters import Noise
from hybridsim.study import ParameterRule
from hybridsim.study.selection import select
from tests.passive.tosses import TIMESTEP, cube, prior, random_starts, tossed, tracks_of

NAMES = ("contact.friction", "contact.damping", "world.gravity")
OFFERED = [Parameter(name=name, value=0.5, unit="1", low=0.0, high=1.0, source="test") for name in NAMES]
LOGS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class SumProblem(ContactProblem):
    """Every log has an opinion about friction + damping, and none about anything else."""

    sums: np.ndarray

    def by_log(self, values, scales):
        return (values["contact.friction"] + values["contact.damping"] - self.sums) ** 2 / scales[0]

    def costs(self, values):
        return [self.by_log(values, [1.0])]


def found_ensemble(seed: int = 0, reach: float = 0.2, groups: int = LOGS) -> Ensemble:
    selection = select([ParameterRule(name=name, unit="1") for name in NAMES], OFFERED, "test")
    problem = SumProblem(
        robot=cube(),
        selection=selection,
        scatter={},
        tracks=tracks_of(*tossed([prior()] * LOGS, random_starts(LOGS, 0), 0.03)),
        noise=Noise(position=1e-4, angle=1e-3, linear_velocity=0.01, angular_velocity=0.1),
        timestep=TIMESTEP,
        batches=(),
        sums=np.random.default_rng(1).normal(1.0, 0.1, LOGS),
    )
    point = np.full(3, 0.5)
    found = FoundContact(values=selection.values(point), point=point, cost=1.0, problem=problem)
    fitted = [p.model_copy(update={"interval_95": (0.5 - reach, 0.5 + reach)}) for p in OFFERED]
    told: list[tuple[int, int]] = []
    together = [f"run {k % groups}" for k in range(LOGS)]
    own = ensemble(found, fitted, together, seed, lambda *step: told.append(step))
    assert told[-1][0] == told[-1][1] <= 60
    return own


def members(seed: int = 0, reach: float = 0.2) -> dict[str, np.ndarray]:
    return {name: np.array(column) for name, column in found_ensemble(seed, reach).members.items()}


@pytest.mark.parametrize(("groups", "whole"), [(8, True), (2, False)])
def test_groups_are_drawn_whole_unless_they_are_few(groups, whole):
    unseen = found_ensemble(groups=groups).unseen
    assert unseen.shape == (LOGS, MEMBERS)
    assert np.array_equal(unseen[:groups], unseen[groups : 2 * groups]) == whole
    assert 0.2 < unseen.mean() < 0.55  # 1/e of many


def test_logs_draw_members_that_they_had_no_say_in():
    unseen = np.array([[True, False, True], [False, False, False]])
    assert Ensemble(members={}, unseen=unseen).without() == [[0, 2], [0, 1, 2]]


def test_members_keep_how_parameters_trade():
    found = members()
    friction, damping = found["contact.friction"], found["contact.damping"]
    assert len(friction) == MEMBERS
    assert friction.std() > 0.02
    assert (friction + damping).std() < 0.5 * friction.std()
    assert np.corrcoef(friction, damping)[0, 1] < -0.5


def test_gravity_is_the_same_in_all_worlds():
    assert set(members()) == {"contact.friction", "contact.damping"}


def test_members_follow_from_the_seed_and_stay_within_bounds():
    one, same, other = members(), members(), members(seed=1)
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert any(not np.array_equal(one[name], other[name]) for name in one)
    wide = members(reach=0.5)
    assert all((column >= 0.0).all() and (column <= 1.0).all() for column in wide.values())
