"""Who says a number: the logs, or the prior alone."""

import numpy as np
import pytest

from hybridsim.effort.certainty import certainty
from hybridsim.effort.fit import Found


def found(information):
    count = len(information)
    nothing = np.zeros(count)
    return Found(
        point=nothing,
        theta=np.zeros(10),
        coefficients=np.zeros(1),
        gain=np.ones(1),
        information=np.array(information, float),
        width=np.ones(count),
        on_bound=nothing > 0,
    )


def test_by_hand():
    # The logs know the first to 0.1 and nothing of the second: 1 / sqrt(100 + 1/100) and the prior's 10.
    sure = certainty(found([[100.0, 0.0], [0.0, 0.0]]), np.eye(2))
    assert sure.deviation == pytest.approx([0.1, 10.0], rel=1e-3)
    assert sure.identifiable.tolist() == [True, False]


def test_a_sum_may_be_known_where_its_parts_are_not():
    # The logs see x + y alone, to 0.01.
    sure = certainty(found(1e4 * np.ones((2, 2))), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    assert sure.identifiable.tolist() == [False, False, True]
    assert sure.deviation[2] == pytest.approx(0.01, rel=1e-2)


def test_what_depends_on_nothing_is_not_identified():
    assert certainty(found(np.eye(2)), np.zeros((1, 2))).identifiable.tolist() == [False]
