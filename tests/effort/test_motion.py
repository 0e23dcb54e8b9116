"""Logs read for efforts: signs, offsets, other stamps, holes."""

import numpy as np
import pytest

from hybridsim.effort.motion import motion_of
from hybridsim.errors import LogError
from hybridsim.log import LogDraft, Signal, log_of
from hybridsim.robot import load_robot
from tests.effort.planted import START_NS, Planted


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return Planted(tmp_path_factory.mktemp("arm") / "planted", joints=3)


def test_columns_come_in_the_urdfs_joints_by_name(planted):
    robot, made = load_robot(planted.folder), planted.motion(0)
    log = planted.log(0, noise=0.0)
    turned = {  # the same columns in another order
        name: Signal(name, s.unit, s.components[::-1], s.stamp_ns, s.values[:, ::-1])
        for name, s in log.signals.items()
    }
    other = log_of(LogDraft(robot="planted", serial="one", name="turned", signals=turned))
    for one in (log, other):
        motion = motion_of(one, robot, "joint_effort")
        np.testing.assert_allclose(motion.position, made["q"], atol=1e-4)
        assert motion.velocity is not None
        np.testing.assert_allclose(motion.velocity, made["v"], atol=1e-12)
        np.testing.assert_allclose(motion.effort, made["torque"] + planted.offset, atol=1e-9)
        assert motion.period == pytest.approx(0.01, rel=1e-6)


def test_other_stamps_than_the_efforts_are_interpolated_and_holes_left_out(planted):
    robot, made = load_robot(planted.folder), planted.motion(0)
    log = planted.log(0, noise=0.0)
    position = log.signal("joint_position")
    kept = np.ones(len(position.stamp_ns), bool)
    kept[500:600] = False  # a second without positions
    half = Signal(
        "joint_position",
        "rad",
        position.components,
        position.stamp_ns[kept] + 4_000_000,
        position.values[kept],
    )
    draft = LogDraft(
        robot="planted", serial="one", name="holes", signals={**log.signals, "joint_position": half}
    )
    motion = motion_of(log_of(draft), robot, "joint_effort")
    missing = np.isnan(motion.effort).any(axis=1)
    assert 95 <= missing.sum() <= 101
    # Positions are stamped 4 ms late, so the first effort that has one is the second.
    shown = 0.01 + motion.time_s - 0.004
    for j in range(3):
        expected = np.interp(shown, made["time"], made["q"][:, j])
        np.testing.assert_allclose(motion.position[~missing, j], expected[~missing], atol=2e-3)


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("joint_effort", "no signal 'joint_effort'"),
        ("joint_position", "no signal 'joint_position'"),
    ],
)
def test_a_missing_signal_is_named(planted, drop, message):
    log = planted.log(0)
    signals = {name: signal for name, signal in log.signals.items() if name != drop}
    other = log_of(LogDraft(robot="planted", serial="one", name="less", signals=signals))
    with pytest.raises(LogError, match=message):
        motion_of(other, load_robot(planted.folder), "joint_effort")


def test_a_missing_joint_and_too_few_rows_are_named(planted):
    log = planted.log(0)
    effort = log.signal("joint_effort")
    short = Signal("joint_effort", "N*m", effort.components[:2], effort.stamp_ns, effort.values[:, :2])
    other = log_of(
        LogDraft(robot="planted", serial="one", name="less", signals={**log.signals, "joint_effort": short})
    )
    with pytest.raises(LogError, match="no component 'axis_2'"):
        motion_of(other, load_robot(planted.folder), "joint_effort")
    few = {
        name: Signal(name, s.unit, s.components, START_NS + np.arange(5) * 1000, s.values[:5])
        for name, s in log.signals.items()
    }
    other = log_of(LogDraft(robot="planted", serial="one", name="few", signals=few))
    with pytest.raises(LogError, match="holds 5 rows .*expected at least 10"):
        motion_of(other, load_robot(planted.folder), "joint_effort")
