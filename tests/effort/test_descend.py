"""Least squares between bounds."""

import numpy as np
from scipy.optimize import lsq_linear

from hybridsim.effort.descend import descend


def test_the_constrained_minimum_of_a_convex_problem():
    random = np.random.default_rng(3)
    for _ in range(20):
        matrix, wanted = random.normal(size=(30, 12)), random.normal(size=30)
        low, high = np.full(12, -0.1), np.full(12, 0.15)

        def terms(x, matrix=matrix, wanted=wanted):
            error = matrix @ x - wanted
            return 0.5 * float(error @ error), matrix.T @ error, matrix.T @ matrix

        found = descend(terms, np.zeros(12), (low, high), np.ones(12))
        expected = lsq_linear(matrix, wanted, (low, high), tol=1e-12).x
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert (np.abs(found) > 0.09).any()  # some do end on a bound


def test_a_curved_valley():
    def terms(x):
        error = np.array([1 - x[0], 10 * (x[1] - x[0] ** 2)])
        inner = np.array([[-1.0, 0.0], [-20 * x[0], 10.0]])
        return 0.5 * float(error @ error), inner.T @ error, inner.T @ inner

    bounds = np.full(2, -5.0), np.full(2, 5.0)
    np.testing.assert_allclose(descend(terms, np.array([-1.2, 1.0]), bounds, np.ones(2)), [1, 1], atol=1e-5)
