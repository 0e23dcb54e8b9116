import math

import pytest

from hybridsim.errors import SpecError
from hybridsim.signals import SIGNALS, UNITS, si_conversion, signal_word


@pytest.mark.parametrize(
    ("unit", "si", "value", "expected"),
    [
        ("deg", "rad", 180.0, math.pi),
        ("rpm", "rad/s", 60.0, 2 * math.pi),  # 60 turns a minute is one a second
        ("kgf*cm", "N*m", 19.5, 1.9122968),  # 19.5 * 9.80665 N * 0.01 m
        ("K", "degC", 300.15, 27.0),
        ("us", "s", 20_000.0, 0.02),
    ],
)
def test_units_convert(unit, si, value, expected):
    factor, offset = si_conversion(unit, si)
    assert value * factor + offset == pytest.approx(expected, rel=1e-7)


def test_every_signal_has_a_unit_that_is_its_own_si_unit():
    assert {word.unit: UNITS[word.unit] for word in SIGNALS.values()} == {
        word.unit: (word.unit, 1.0, 0.0) for word in SIGNALS.values()
    }


def test_a_wrong_unit_lists_those_that_fit():
    with pytest.raises(
        SpecError, match=r"'N\*m' measures N\*m; expected rad; available: deg, mrad, rad, turn"
    ):
        si_conversion("N*m", "rad")
    with pytest.raises(SpecError, match="'degree' is unknown; expected a unit of rad"):
        si_conversion("degree", "rad")


def test_an_unknown_signal_lists_the_known_ones():
    with pytest.raises(SpecError, match="'joint_pos' is unknown; available: .*joint_position,"):
        signal_word("joint_pos")
