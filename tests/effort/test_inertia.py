"""Bodies that stay physical: round trips, derivatives, and repairs of what a URDF says."""

import numpy as np
import pytest

from hybridsim.effort.inertia import (
    SHORTEST,
    TEN,
    about_centre,
    about_origin,
    from_smooth,
    is_physical,
    jacobian,
    made_physical,
    pseudo_inertia,
    to_smooth,
)
from hybridsim.physics.chain import Chain


@pytest.fixture
def smooth():
    return np.random.default_rng(0).normal(0.0, 0.7, (50, TEN)) - [0, 2, 2, 2, 0, 0, 0, 0, 0, 0]


def test_smooth_parameters_come_back(smooth):
    np.testing.assert_allclose(to_smooth(from_smooth(smooth)), smooth, atol=1e-9)


def test_any_smooth_parameters_give_a_physical_body(smooth):
    theta = from_smooth(20 * smooth / np.abs(smooth).max())
    assert (theta[:, 0] > 0).all()
    stated = about_centre(theta)
    for row in stated:
        xx, xy, xz, yy, yz, zz = row[4:]
        moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        # Rounding is relative to the largest number that cancelled.
        slack = 1e-9 * np.abs(row).max() * max(1.0, np.abs(row[1:4]).max() ** 2)
        assert moments[0] > -slack and moments[0] + moments[1] > moments[2] - slack


def test_the_derivative_is_that_of_differences(smooth):
    step = 1e-6
    for k in range(TEN):
        unit = step * np.eye(TEN)[k]
        difference = (from_smooth(smooth + unit) - from_smooth(smooth - unit)) / (2 * step)
        np.testing.assert_allclose(jacobian(smooth)[..., k], difference, rtol=1e-5, atol=1e-6)


def test_a_rod_by_hand():
    # 2 kg at (0, 0, 0.5): I about the origin = 2 * 0.25 = 0.5 about x and y, plus 0.1, 0.1, 0.01 of its own.
    stated = np.array([2.0, 0, 0, 0.5, 0.1, 0, 0, 0.1, 0, 0.01])
    origin = about_origin(stated)
    np.testing.assert_allclose(origin, [2, 0, 0, 1, 0.6, 0, 0, 0.6, 0, 0.01])
    np.testing.assert_allclose(about_centre(origin), stated)
    # S = tr(I)/2 1 - I = 0.605 - (0.6, 0.6, 0.01)
    np.testing.assert_allclose(np.diag(pseudo_inertia(origin)), [0.005, 0.005, 0.595, 2.0])
    assert is_physical(origin)
    assert not is_physical(about_origin(np.array([2.0, 0, 0, 0.5, 0.1, 0, 0, 0.1, 0, 0.3])))


def test_unphysical_and_missing_bodies_are_made_physical_and_named():
    good = about_origin(np.array([2.0, 0, 0, 0.5, 0.1, 0, 0, 0.1, 0, 0.01]))
    bad = about_origin(np.array([2.0, 0, 0, 0.5, 0.1, 0, 0, 0.1, 0, 0.3]))
    position = np.array([[0.0, 0, 0.1], [0, 0, 0.3], [0, 0, 0.4]])
    none = np.zeros(0)
    parent = np.array([-1, 0, 1])
    chain = Chain(parent, none, none, none, none, position, none, none, none, none)
    theta, stated = made_physical(np.concatenate([good, bad, np.zeros(TEN)]), chain)
    bodies = theta.reshape(-1, TEN)
    assert stated == (True, False, False)
    np.testing.assert_allclose(bodies[0], good, atol=1e-12)
    assert is_physical(bodies).all()
    assert np.linalg.eigvalsh(pseudo_inertia(bodies))[:, 0].min() > 0.1 * SHORTEST**2
    assert bodies[1, 0] == pytest.approx(2.0)
    assert bodies[2, 0] == pytest.approx(1.0)
