"""Plant an arm and get it back; what cannot be told must be said to be open."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.effort.arm import arm_of
from hybridsim.effort.fit import Problem
from hybridsim.effort.inertia import TEN, is_physical
from hybridsim.effort.model import EffortModel
from hybridsim.effort.parameters import parameters
from hybridsim.effort.parts import blocks_of, whole
from hybridsim.effort.settings import Settings
from hybridsim.effort.squares import Prepared
from hybridsim.errors import RobotError, StudyError
from hybridsim.robot import load_robot
from hybridsim.study import EffortRule
from tests.effort.planted import Planted, motion_rows

PLAIN = Settings(
    velocity="measured",
    acceleration_hz=0.0,
    bandwidth_hz=0.0,
    bandwidth_order=2,
    sliding_speed=0.02,
    saturating_speed=0.0,
    presliding_angle=0.0,
    stribeck_speed=0.0,
    load_friction=0,
    ripple_order=0,
    prior_sigma=1.0,
)
RULE = EffortRule(delay_limit=0.0)


def prepared(arm, motions):
    parts = [whole(motion) for motion in motions]
    return Prepared(arm, motions, blocks_of(parts, 4), 20_000)


def solved(arm, motions, settings=PLAIN):
    made = prepared(arm, motions)
    squares = made.squares(settings)
    found = Problem(arm, settings, squares, squares.blocks).solve()
    model = EffortModel(
        arm=arm, settings=settings, theta=found.theta, coefficients=found.coefficients, gain=found.gain
    )
    return found, model


def relative(model, motion):
    """Root mean square error over the spread, per joint."""
    return np.sqrt(np.mean((model.predict(motion)[0] - motion.effort) ** 2, 0)) / motion.effort.std(0)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return Planted(tmp_path_factory.mktemp("arm") / "planted", joints=4)


@pytest.fixture(scope="module")
def fitted(planted):
    return solved(planted.arm, [motion_rows(planted, 0), motion_rows(planted, 1)])


def test_efforts_of_a_motion_it_never_saw(planted, fitted):
    found, model = fitted
    assert (relative(model, motion_rows(planted, 9)) < 0.01).all()
    assert (relative(model.nominal(), motion_rows(planted, 9)) > 0.1).all()
    assert is_physical(found.theta.reshape(-1, TEN)).all()


def test_friction_and_offsets_come_back(planted, fitted):
    _, model = fitted
    coulomb, viscous, offset = (model.coefficients[k::4] for k in (1, 2, 3))
    np.testing.assert_allclose(coulomb, planted.coulomb, rtol=0.03)
    np.testing.assert_allclose(viscous, planted.viscous, rtol=0.1)
    np.testing.assert_allclose(offset, planted.offset, atol=0.05)


def test_what_the_motion_cannot_tell_is_open_and_what_it_tells_is_inside_its_interval(planted, fitted):
    found, _ = fitted
    by_name = {p.name: p for p in parameters(planted.arm, PLAIN, found, RULE, {})}
    # The first joint stands upright: nothing depends on its body's weight, and its rotor and inertia only on
    # their sum.
    for name in ("link.l0.mass", "link.l0.ixx", "drive.axis_0.armature", "link.l0.izz"):
        assert not by_name[name].identifiable and by_name[name].interval_95 is None, name
    for j in range(4):
        friction = by_name[f"drive.axis_{j}.output_coulomb"]
        assert friction.identifiable and friction.interval_95 is not None
        low, high = friction.interval_95
        assert low <= friction.value <= high and high - low < 0.5 * friction.value
    held = by_name["joint_effort.axis_0.gain"]
    assert held.value == 1.0 and not held.identifiable and "held" in held.source


def test_a_value_on_its_bound_is_flagged(planted, fitted):
    def light(motion):
        assert motion.velocity is not None
        return replace(motion, effort=motion.effort - 2.0 * planted.viscous * motion.velocity)

    motions = [light(motion_rows(planted, seed)) for seed in (0, 1)]
    found, model = solved(planted.arm, motions)
    by_name = {p.name: p for p in parameters(planted.arm, PLAIN, found, RULE, {})}
    for j in range(4):  # the truth would be below zero, and friction may not feed a motion
        assert by_name[f"drive.axis_{j}.output_viscous"].at_bound
        assert by_name[f"drive.axis_{j}.output_viscous"].value == 0.0
        assert not by_name[f"drive.axis_{j}.output_coulomb"].at_bound
    assert (model.coefficients[2::4] >= 0).all()


def test_efforts_of_the_wrong_sign_are_seen_and_a_free_gain_finds_it(planted):
    motions = [replace(m, effort=-m.effort) for m in (motion_rows(planted, 0), motion_rows(planted, 1))]
    found, _ = solved(planted.arm, motions)
    by_name = {p.name: p for p in parameters(planted.arm, PLAIN, found, RULE, {})}
    assert all(by_name[f"drive.axis_{j}.output_viscous"].at_bound for j in range(4))
    free, model = solved(replace(planted.arm, free_gain=(True,) * 4), motions)
    assert (free.gain < 0).all()
    assert (relative(model, motions[0]) < 0.01).all()


def test_a_urdf_without_inertias_is_enough(tmp_path):
    planted = Planted(tmp_path / "bare", joints=3, missing=True)
    assert planted.arm.stated == (False,) * 3
    _, model = solved(planted.arm, [motion_rows(planted, 0), motion_rows(planted, 1)])
    assert (relative(model, motion_rows(planted, 9)) < 0.02).all()


def test_a_coupled_motor_is_told_apart(tmp_path):
    planted = Planted(tmp_path / "coupled", joints=3)
    motions = []
    for seed in (0, 1, 9):
        motion = motion_rows(planted, seed)
        assert motion.velocity is not None
        both = motion.velocity[:, 1] + motion.velocity[:, 2]
        drag = (0.8 * np.tanh(both / 0.02) + 0.3 * both)[:, None] * [0, 1, 1]
        motions.append(replace(motion, effort=motion.effort + drag))
    arm = replace(planted.arm, coupled=((1, 2),))
    _, model = solved(arm, motions[:2])
    assert model.coefficients[-2] == pytest.approx(0.8, rel=0.05)
    assert model.coefficients[-1] == pytest.approx(0.3, rel=0.1)
    _, without = solved(planted.arm, motions[:2])
    assert relative(model, motions[2])[1:].max() < 0.5 * relative(without, motions[2])[1:].min()


@pytest.mark.parametrize(
    ("rule", "signal", "error", "message"),
    [
        ({"gain": "held"}, "motor_current", StudyError, "axis_0 in robots/planted states no torque_constant"),
        ({"coupled_motors": (("axis_0", "wrist"),)}, "joint_effort", StudyError, "'wrist' has no drive"),
    ],
)
def test_what_the_study_asks_for_and_the_robot_has_not(tmp_path, rule, signal, error, message):
    planted = Planted(tmp_path / "planted", stated=False)
    with pytest.raises(error, match=message):
        arm_of(load_robot(planted.folder), signal, EffortRule(**rule))


def test_a_floating_base_is_refused():
    with pytest.raises(RobotError, match="base is 'floating'"):
        arm_of(load_robot("anymal_c"), "joint_effort", EffortRule())
