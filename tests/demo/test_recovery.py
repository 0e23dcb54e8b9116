"""One synthetic drive: the planted is found, the unknowable is said, what a bound chose is flagged."""

import pytest

from tests.demo.bench import HIDDEN, MASS, STALL, found, one_drive, recorded, rule

RULES = {name: rule(f"drive.shoulder.{name}", *numbers[1:]) for name, numbers in HIDDEN.items()}


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    return one_drive(tmp_path_factory.mktemp("robot"))


@pytest.fixture(scope="module")
def logs(robot, tmp_path_factory):
    return recorded(robot, tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def plain(robot, logs):
    """Everything that was planted, searched with the drive's strength and the mass known."""
    return found(robot, logs, *RULES.values())


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("delay", 2e-3), ("output_coulomb", 0.0105), ("back_emf", 0.05), ("armature", 3e-3)],
)
def test_a_planted_truth_is_recovered(plain, name, tolerance):
    parameter = plain[f"drive.shoulder.{name}"]
    assert parameter.value == pytest.approx(HIDDEN[name][0], abs=tolerance)
    assert parameter.identifiable and not parameter.at_bound


def test_intervals_are_as_narrow_as_what_they_claim_to_know(plain):
    low, high = plain["drive.shoulder.delay"].interval_95
    assert high - low < 8e-3  # a tenth of the range that was searched


def test_a_mass_and_a_strength_that_only_their_ratio_moves_are_not_identifiable(robot, logs):
    # Twice the mass, strength, damping, friction and rotor inertia: the same motion to the last bit.
    both = found(robot, logs, *RULES.values(), rule(*STALL), rule(*MASS))
    assert not both[STALL[0]].identifiable
    assert not both[MASS[0]].identifiable
    assert both["drive.shoulder.delay"].identifiable


def test_a_mass_alone_is_recovered(robot, logs):
    one = found(robot, logs, *RULES.values(), rule(*MASS[:4], 0.8))[MASS[0]]
    assert one.value == pytest.approx(0.5, rel=0.05)  # 0.3 kg of upper arm and 0.2 kg of locked forearm
    assert one.identifiable


def test_a_truth_beyond_a_bound_is_flagged(robot, logs):
    unit = HIDDEN["output_coulomb"][1]
    narrow = rule("drive.shoulder.output_coulomb", unit, 0.0, 0.03, 0.01)
    parameter = found(robot, logs, narrow, *(RULES[name] for name in ("delay", "back_emf", "armature")))
    assert parameter["drive.shoulder.output_coulomb"].at_bound
    assert not parameter["drive.shoulder.delay"].at_bound
