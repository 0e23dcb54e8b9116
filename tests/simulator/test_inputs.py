"""A log on the stamps of its command: what is held, what is interpolated, what is scaled, what is refused."""

import numpy as np
import pytest

from hybridsim.errors import LogError
from hybridsim.log import Constant, LogDraft, Signal, log_of
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import held, interpolated, log_inputs

MS = 1_000_000
START = 1_700_000_000_000_000_000
ARM = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")


def signal(name, unit, at_ms, values, components=("pendulum",)):
    stamps = START + (np.asarray(at_ms) * MS).astype(np.int64)
    table = np.asarray(values, float)
    return Signal(name, unit, tuple(components), stamps, table[:, None] if table.ndim == 1 else table)


def pendulum_log(*more, command=(0.0, 0.1, 0.2, 0.3), constants=(), measured=None):
    signals = [
        signal("joint_position_command", "rad", np.arange(len(command)) * 10, command),
        measured
        or signal("joint_position", "rad", np.arange(len(command)) * 10, np.arange(len(command)) * 1.0),
        *more,
    ]
    draft = LogDraft(
        robot="xl330_pendulum",
        serial="x",
        name="swing",
        signals={one.name: one for one in signals},
        constants={name: Constant(value=value, unit=unit) for name, value, unit in constants},
    )
    return log_of(draft)


def inputs(*more, **options):
    return log_inputs(pendulum_log(*more, **options), load_robot("xl330_pendulum"))


def test_time_starts_at_the_first_command_and_stays_exact():
    assert inputs().time_s.tolist() == pytest.approx([0.0, 0.01, 0.02, 0.03], abs=1e-15)


def test_a_signal_is_held_until_the_next_sample_and_never_before_the_first():
    one = signal("supply_voltage", "V", [10, 25], [1.0, 2.0])
    stamps = START + np.array([0, 9, 10, 24, 25, 99]) * MS
    assert held(one, "pendulum", stamps).tolist() == pytest.approx([np.nan, np.nan, 1, 1, 2, 2], nan_ok=True)


def test_a_hole_in_one_drives_command_holds_the_last_one_there_was():
    # A store holds no NaN; the parts of an arm may be logged at stamps of their own.
    one = signal("gripper_opening_command", "1", [20, 50], [0.2, 0.5], ("gripper",))
    stamps = START + np.array([0, 20, 30, 40, 50]) * MS
    assert held(one, "gripper", stamps)[1:].tolist() == [0.2, 0.2, 0.2, 0.5]


def test_measurements_are_interpolated_between_their_own_samples_and_not_beyond():
    # Samples at 5, 15 and 25 ms with values 1, 3, 7; commands at 0, 10, 20, 30 ms.
    late = signal("joint_position", "rad", [5, 15, 25], [1.0, 3.0, 7.0])
    found = inputs(measured=late).measured[:, 0]
    assert found.tolist() == pytest.approx([np.nan, 2.0, 5.0, np.nan], nan_ok=True)


def test_nothing_is_invented_inside_a_long_hole():
    at = [*range(0, 100, 10), *range(300, 400, 10)]
    one = signal("joint_position", "rad", at, np.ones(len(at)))
    stamps = START + np.array([45, 200, 350]) * MS
    assert np.isnan(interpolated(one, "pendulum", stamps)).tolist() == [False, True, False]


def test_a_sample_that_was_refused_is_bridged_by_its_neighbours():
    holed = signal("joint_position", "rad", [0, 10, 30], [0.0, 1.0, 3.0])
    assert inputs(measured=holed).measured[:, 0] == pytest.approx([0.0, 1.0, 2.0, 3.0])


def test_gain_comes_from_the_signal_else_the_constant_else_the_robot():
    constant = ("position_gain", 700.0, "1")
    logged = signal("position_gain", "1", [0, 15], [800.0, 900.0])
    assert inputs().gain[:, 0].tolist() == [400.0] * 4  # robots/xl330_pendulum
    assert inputs(constants=[constant]).gain[:, 0].tolist() == [700.0] * 4
    assert inputs(logged, constants=[constant]).gain[:, 0].tolist() == [800.0, 800.0, 900.0, 900.0]


def test_a_gain_that_is_logged_late_is_never_nan():
    late = signal("position_gain", "1", [15], [900.0])
    assert inputs(late).gain[:, 0].tolist() == [400.0, 400.0, 900.0, 900.0]


def test_supply_is_the_signals_level_else_the_constant_else_rated():
    ripple = signal("supply_voltage", "V", [0, 10, 20, 30], [7.4, 5.0, 7.4, 7.5])
    constant = ("supply_voltage", 6.0, "V")
    assert inputs().voltage[:, 0].tolist() == [0.0] * 4
    assert inputs(constants=[constant]).voltage[:, 0].tolist() == [6.0] * 4
    assert inputs(ripple, constants=[constant]).voltage[:, 0].tolist() == [7.4] * 4


def test_a_motor_is_on_until_a_log_says_otherwise():
    switched = signal("motor_enabled", "1", [10, 20], [1.0, 0.0])
    assert inputs().enabled[:, 0].tolist() == [True] * 4
    assert inputs(switched).enabled[:, 0].tolist() == [True, True, False, False]


def test_constants_go_along_and_whole_logs_start_at_rest():
    found = inputs(constants=[("payload_mass", 0.5, "kg")])
    assert found.constants == {"payload_mass": 0.5}
    assert found.first_speed == 0.0


def test_an_arms_jaw_becomes_a_joint_angle_by_the_robots_scale():
    robot = load_robot("so101")
    time = [0, 20, 40]
    arm = np.arange(15.0).reshape(3, 5) / 10
    jaw = np.array([0.0, 0.5, 1.0])
    signals = [
        signal("joint_position_command", "rad", time, arm, ARM),
        signal("joint_position", "rad", time, arm + 0.01, ARM),
        signal("gripper_opening_command", "1", time, jaw, ("gripper",)),
        signal("gripper_opening", "1", time, jaw, ("gripper",)),
    ]
    draft = LogDraft(robot="so101", serial="x", name="wave", signals={s.name: s for s in signals})
    found = log_inputs(log_of(draft), robot)
    drive = robot.drives[5]
    assert found.command[:, :5] == pytest.approx(arm)
    assert found.measured[:, 2] == pytest.approx(arm[:, 2] + 0.01)
    expected = drive.command_scale.value * jaw + drive.command_offset.value
    assert found.command[:, 5] == pytest.approx(expected)
    assert np.ptp(found.command[:, 5]) > 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"command": (0.0,)}, ["1 command samples", "at least 2"]),
        (
            {"measured": signal("joint_position", "rad", [100, 110], [0.0, 0.0])},  # after the last command
            ["'joint_position'", "no finite sample"],
        ),
        (
            {"measured": signal("joint_velocity", "rad/s", [0, 10], [0.0, 0.0])},
            ["no signal 'joint_position'"],
        ),
        (
            {"measured": signal("joint_position", "rad", [0, 10], np.zeros((2, 2)), ("left", "right"))},
            ["no component 'pendulum'", "left, right"],
        ),
    ],
)
def test_a_log_that_cannot_be_replayed_says_why(options, words):
    with pytest.raises(LogError) as caught:
        inputs(**options)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)
