"""Intervals of shares, by hand; the rest is tested where spreads are scored from end to end."""

import pytest

from hybridsim.evaluate_spread import binomial_interval


def test_an_interval_of_a_share_by_hand():
    """45 of 50, z^2 = 3.8416: middle (0.9 + 0.0384) / 1.0768, half sqrt(0.0069 + 0.0015) / 1.0768."""
    assert binomial_interval(45, 50) == pytest.approx([0.7864, 0.9565], abs=2e-4)


@pytest.mark.parametrize("count", [0, 8])
def test_none_and_all_leave_room(count):
    low, high = binomial_interval(count, 8)
    assert 0.0 <= low <= count / 8 <= high <= 1.0
    assert high - low > 0.2
