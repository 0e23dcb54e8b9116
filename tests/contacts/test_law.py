"""The contact law, by numbers worked out by hand and by what no contact may do."""

import math

import numpy as np
import pytest

from hybridsim.contacts import law as L


def law(**changed: float) -> np.ndarray:
    values = {one.name: one.value for one in L.LAW} | changed
    return np.array([[values[one.name] for one in L.LAW]])


def test_every_coefficient_lies_between_its_bounds_and_has_a_unit():
    for one in L.LAW:
        assert one.low <= one.value <= one.high, one.name
        assert one.unit
        assert one.meaning
        assert one.scale == "linear" or one.low > 0


def test_a_spring_stiffens_with_depth():
    # 1e4 N/m at 1 mm; at 4 mm with power 0.5: 1e4 * sqrt(4) = 2e4 N/m
    assert L.normal_spring(law(stiffness=1e4), 0, 0.004) == 1e4
    assert L.normal_spring(law(stiffness=1e4, stiffening=0.5), 0, 0.004) == pytest.approx(2e4)


def test_a_damper_grows_with_depth():
    # 10 + 2e4 * 0.002 = 50 N*s/m
    assert L.normal_damper(law(damping=10.0, damping_growth=2e4), 0, 0.002, 1e4, 1.0, 1.0) == pytest.approx(
        50.0
    )


def test_restitution_sets_the_damping_of_a_bounce():
    """A free mass on spring and damper, integrated finely, leaves at the wanted share of its speed."""
    k, m, wanted = 1e4, 0.4, 0.5
    c = L.normal_damper(law(damping=0.0, restitution=wanted), 0, 0.0, k, m, 1.0)
    x, v, dt = 0.0, -1.0, 1e-6
    for _ in range(200_000):
        v += dt * (-k * x - c * v) / m
        x += dt * v
        if x > 0:
            break
    assert v == pytest.approx(wanted, rel=1e-3)


def test_a_slow_touch_does_not_rebound():
    soft = law(damping=0.0, restitution=0.8, restitution_speed=0.1)
    critical = 2 * math.sqrt(1e4 * 0.4)
    assert L.normal_damper(soft, 0, 0.0, 1e4, 0.4, 0.05) == pytest.approx(critical)
    assert L.normal_damper(soft, 0, 0.0, 1e4, 0.4, 0.2) < 0.2 * critical


def test_friction_falls_with_load_and_slip():
    # 0.3 * (1 + 30 / 10)^-0.5 = 0.15; at rest twice that with an excess of 1
    assert L.friction_coefficient(law(friction=0.3, load_weakening=0.5), 0, 30.0, 1.0) == pytest.approx(0.15)
    sticky = law(friction=0.3, static_excess=1.0, static_speed=0.1)
    assert L.friction_coefficient(sticky, 0, 0.0, 0.0) == pytest.approx(0.6)
    assert L.friction_coefficient(sticky, 0, 0.0, 1.0) == pytest.approx(0.3)
