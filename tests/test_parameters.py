"""Parameters to the unit cube and back, bounds that are flagged, and values that are refused."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from hybridsim.errors import StudyError
from hybridsim.parameters import Parameter, ParameterSpace


def parameter(name="delay", value=0.1, low=0.0, high=0.2, scale="linear", unit="s", **more):
    return Parameter(name=name, value=value, unit=unit, low=low, high=high, scale=scale, **more)


FRICTION = parameter(name="coulomb", value=0.1, low=0.001, high=10.0, scale="log", unit="N*m")
SPACE = ParameterSpace([parameter(), FRICTION])


@st.composite
def spaces(draw):
    made = []
    for index in range(draw(st.integers(0, 5))):
        scale = draw(st.sampled_from(["linear", "log"]))
        if scale == "log":
            low = draw(st.floats(1e-6, 1e3))
            high = low * draw(st.floats(1.01, 1e6))
        else:
            low = draw(st.floats(-1e4, 1e4))
            high = low + draw(st.floats(1e-2, 1e4))
        assume(low < high)
        made.append(parameter(name=f"p{index}", value=low, low=low, high=high, scale=scale))
    return ParameterSpace(made)


@given(spaces(), st.data())
def test_a_point_survives_the_round_trip(space, data):
    point = np.array([data.draw(st.floats(0, 1)) for _ in space.names])
    again = space.to_vector(space.from_vector(point))
    np.testing.assert_allclose(again, point, atol=1e-9)


@given(spaces(), st.data())
def test_values_survive_the_round_trip_and_stay_inside(space, data):
    values = {p.name: data.draw(st.floats(p.low, p.high)) for p in space.parameters}
    again = space.clip(space.from_vector(space.to_vector(values)))
    for p in space.parameters:
        assert math.isclose(again[p.name], values[p.name], rel_tol=1e-9, abs_tol=1e-9 * (p.high - p.low))
        assert p.low <= again[p.name] <= p.high


@given(spaces())
def test_the_corners_are_the_bounds_exactly(space):
    low, high = np.zeros(len(space)), np.ones(len(space))
    assert space.from_vector(low) == {p.name: p.low for p in space.parameters}
    assert space.from_vector(high) == {p.name: p.high for p in space.parameters}
    assert space.at_bounds(space.from_vector(low)) == dict.fromkeys(space.names, "low")
    assert space.at_bounds(space.from_vector(high)) == dict.fromkeys(space.names, "high")


def test_hand_computed_positions():
    # delay: (0.05 - 0) / (0.2 - 0) = 0.25; coulomb: 0.001 to 10 is four decades, 0.1 is two of them up = 0.5.
    np.testing.assert_allclose(SPACE.to_vector({"delay": 0.05, "coulomb": 0.1}), [0.25, 0.5])


def test_a_value_outside_is_outside_the_cube_until_clipped():
    outside = {"delay": 0.3, "coulomb": 0.0001}
    np.testing.assert_allclose(SPACE.to_vector(outside), [1.5, -0.25])
    assert SPACE.clip(outside) == {"delay": 0.2, "coulomb": 0.001}
    assert SPACE.clip({"delay": 0.1, "coulomb": -1.0})["coulomb"] == 0.001


def test_at_bounds_has_a_tolerance_of_a_thousandth_of_the_range():
    # 1e-3 of 0.2 s is 0.2 ms: 0.1 ms from the bound is on it, 0.3 ms is not.
    assert SPACE.at_bounds({"delay": 0.1999, "coulomb": 0.1}) == {"delay": "high"}
    assert SPACE.at_bounds({"delay": 0.1997, "coulomb": 0.1}) == {}


def test_with_values_flags_what_its_bound_chose():
    delay, coulomb = SPACE.with_values({"delay": 0.25, "coulomb": 1.0})
    assert (delay.value, delay.at_bound) == (0.2, True)
    assert (coulomb.value, coulomb.at_bound) == (1.0, False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": 0.2, "high": 0.1}, "expected low < high"),
        ({"value": 0.5}, "value 0.5 s; expected 0 to 0.2"),
        ({"scale": "log"}, "a log scale needs low > 0"),
        ({"value": math.nan}, "finite"),
        ({"high": math.inf}, "finite"),
        ({"unit": ""}, "at least 1 character"),
        ({"interval_95": (0.2, 0.1)}, "expected the lower end first"),
        ({"typo": 1}, "Extra inputs"),
    ],
)
def test_an_impossible_parameter_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        parameter(**changes)


def test_names_are_unique():
    with pytest.raises(StudyError, match="delay given more than once"):
        ParameterSpace([parameter(), parameter()])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"delay": 0.1}, "coulomb missing or unknown; expected coulomb, delay"),
        ({"delay": 0.1, "coulomb": 0.1, "lag": 1.0}, "lag missing or unknown"),
        ({"delay": math.nan, "coulomb": 0.1}, "delay is nan s; expected a finite value"),
        ({"delay": 0.1, "coulomb": 0.0}, r"coulomb is 0.0 N\*m; expected a finite value above 0"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(StudyError, match=message):
        SPACE.to_vector(values)
