import numpy as np
import pytest

from hybridsim.actuators import Drives
from hybridsim.actuators.drive import ANGLE
from hybridsim.actuators.loop import EFFORT_LOOP
from hybridsim.errors import SimulationError
from hybridsim.identify.rollout import DrivePath, rollout
from tests.actuators.bench import row

SERVO = dict(
    position_gain=8,
    stall_effort=2,
    back_emf=0.4,
    armature=0.02,
    motor_coulomb=0.02,
    output_coulomb=0.03,
    stiction=0.02,
    gear_loss_drive=0.2,
    gear_loss_back=0.4,
    velocity_gain=0.01,
    integral_gain=2,
    motor_lag=0.004,
    backlash=0.01,
    stiffness=50,
    rate_limit=6,
    encoder_offset=0.05,
    encoder_resolution=0.0015,
    command_offset=0.01,
)
GRAVITY = 0.6  # N*m with the arm level
TIME = np.arange(0.005, 0.8, 0.001)
SHIFTS = (0.0229, 0.0234, 0.0239)


class Online:
    """Drives of some worlds that carry pendulums by motion."""

    def __init__(self, p: np.ndarray, worlds: int, h: float) -> None:
        self.drives = Drives(p, [0], [True], worlds, h)
        self.still = np.zeros((worlds, 1))
        self.drives.reset(np.arange(worlds), np.zeros((worlds, 1)))

    def step(self, command: np.ndarray) -> np.ndarray:
        """Measured angles, one a world, not quantised."""
        load = GRAVITY * np.sin(self.drives.joint_angle)
        inertia = np.full_like(self.still, 0.02)
        self.drives.step(np.reshape(command, (-1, 1)).astype(float), self.still, self.still, load, inertia)
        return self.drives.shaft_angle[:, 0] + SERVO["encoder_offset"]


def delayed(h: float, delay: float, command: np.ndarray) -> np.ndarray:
    drives = Drives(row(delay=delay)[None], [0], [True], worlds=1, timestep=h)
    drives.reset(np.array([0]), np.zeros((1, 1)))
    one = np.ones((1, 1))
    found = []
    for value in command:
        drives.step(value * one, 0 * one, 0 * one, 0 * one, one)
        found.append(drives.delayed_command[0, 0])
    return np.array(found)


def test_delay_by_hand():
    # 2.25 steps: a command of 1 from step 1 on shows for 3/4 of step 3, and wholly from step 4 on.
    assert delayed(1e-3, 2.25e-3, np.array([0, 1, 1, 1, 1, 1])).tolist() == pytest.approx(
        [0, 0, 0, 0.75, 1, 1]
    )
    assert delayed(1e-3, 0.0, np.array([3.0, 4.0])).tolist() == [3.0, 4.0]
    # Before the first command there was nothing else: the drive has always known it.
    assert delayed(1e-3, 5e-3, np.array([3.0, 3.0])).tolist() == [3.0, 3.0]


def test_what_drives_were_told_before_goes_on_until_the_first_command_arrives():
    drives = Drives(row(delay=3e-3)[None], [0], [True], worlds=2, timestep=1e-3)
    zero = np.zeros((1, 1))
    drives.reset(np.array([1]), zero, told=zero + 0.4)
    found = []
    for _ in range(5):
        drives.step(np.ones((2, 1)), *np.zeros((4, 2, 1)))
        found.append(drives.delayed_command[:, 0].copy())
    assert np.array(found).T.tolist() == [[1.0] * 5, [0.4, 0.4, 0.4, 1.0, 1.0]]
    drives.reset(np.array([1]), zero)
    drives.step(np.ones((2, 1)), *np.zeros((4, 2, 1)))
    assert drives.delayed_command[1, 0] == 1.0  # nothing of it remains


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.0073, 0.0100001, 0.02])
def test_the_same_delay_arrives_at_the_same_time_at_every_timestep(delay: float):
    for h in (1e-3, 2e-3, 5e-3):
        time = h * np.arange(round(0.1 / h))
        # A step at 20 ms: the area under what arrives is exactly what is left of 100 ms.
        assert delayed(h, delay, (time >= 0.02 - 1e-9).astype(float)).sum() * h == pytest.approx(0.08 - delay)


def response(h: float, delay: float) -> np.ndarray:
    """Shaft of a linear servo every millisecond, after a step of 0.1 rad at 50 ms."""
    p = row(position_gain=8, stall_effort=2, back_emf=1.2, armature=0.02, delay=delay)
    drives = Drives(p[None], [0], [True], worlds=1, timestep=h)
    one, angle = np.ones((1, 1)), []
    for k in range(round(0.8 / h)):
        drives.step(0.1 * one * (k * h > 0.05 - 1e-9), 0 * one, 0 * one, 0 * one, 0.02 * one)
        angle.append(drives.shaft_angle[0, 0])
    return np.interp(TIME, h * np.arange(1, len(angle) + 1), angle)


def test_the_same_delay_gives_the_same_response_at_every_timestep():
    fine, middle, coarse = (response(h, 0.0234) for h in (1e-3, 2e-3, 5e-3))
    # What is left is the integration's own first order: without a delay it is as large.
    assert np.abs(middle - fine).max() < 4e-4 and np.abs(coarse - fine).max() < 1.2e-3
    assert np.abs(response(5e-3, 0.0) - response(1e-3, 0.0)).max() > 0.7e-3


@pytest.mark.parametrize("h", [1e-3, 2e-3, 5e-3])
def test_a_fractional_delay_shifts_the_response_by_just_that(h: float):
    prompt, late = response(h, 0.0), response(h, 0.0234)
    misses = [np.abs(np.interp(TIME - shift, TIME, prompt) - late).max() for shift in SHIFTS]
    # Half a millisecond is 0.45 mrad at this servo's 0.9 rad/s.
    assert misses[1] < 2e-4 and misses[0] > 3e-4 and misses[2] > 3e-4, misses


def offline(p: np.ndarray, command: np.ndarray, h: float, row_steps: int) -> np.ndarray:
    """Measured angle at every row of a log whose commands hold for `row_steps` steps."""
    rows = len(command)
    flat, zero = np.ones(rows), np.zeros(rows)
    path = DrivePath(
        first=np.array([0, rows]),
        time=np.arange(rows) * h * row_steps,
        command=command,
        measured=zero,
        gain=flat,
        voltage=zero,
        enabled=np.ones(rows, bool),
        inertia=np.full(rows, 0.02),
        gap=flat,
        gap_rate=zero,
    )
    angle, load, speed = (np.empty(rows) for _ in range(3))
    rollout(p, 0, path, zero, np.full(rows, GRAVITY), (-1e9, 0.0), h, angle, load, speed)
    return angle


@pytest.mark.parametrize("delay", [0.0, 0.0034, 0.021])
@pytest.mark.parametrize("row_steps", [1, 4])
def test_online_and_offline_are_the_same_drive(delay: float, row_steps: int):
    h = 2e-3
    command = np.repeat(np.random.default_rng(1).uniform(-0.5, 0.5, 30), 10)
    p = row(**SERVO, delay=delay)
    expected = offline(p, command, h, row_steps)
    world = Online(p[None], 1, h)
    found = [[world.step(value) for _ in range(row_steps)][-1][0] for value in command[:-1]]
    assert np.ptp(expected) > 0.25
    assert found == pytest.approx(expected[1:], abs=1e-12)


def test_two_worlds_together_are_two_worlds_alone():
    h, random = 1e-3, np.random.default_rng(2)
    commands = np.repeat(random.uniform(-0.5, 0.5, (20, 2)), 20, axis=0)
    p = np.stack([row(**SERVO, delay=0.0034)[None], row(**{**SERVO, "stall_effort": 3.0}, delay=0.02)[None]])
    both = Online(p, 2, h)
    together = np.array([both.step(command) for command in commands])
    for world in range(2):
        one = Online(p[world : world + 1], 1, h)
        alone = np.array([one.step(command[[world]])[0] for command in commands])
        assert np.array_equal(together[:, world], alone)
    assert np.abs(together[:, 0] - together[:, 1]).max() > 0.1


def test_reset_leaves_no_memory():
    h, command = 1e-3, np.array([0.4])
    p = row(**SERVO, delay=0.0134)[None]
    fresh, used = Online(p, 1, h), Online(p, 1, h)
    used.drives.gain[:], used.drives.voltage[:] = 3.0, 0.5
    for k in range(200):
        used.drives.enabled[:] = k % 50 < 40
        used.step(np.array([-0.7]))
    used.drives.reset(np.array([0]), np.zeros((1, 1)))
    outputs = (used.drives.effort, used.drives.friction, used.drives.delayed_command)
    assert not any(output.any() for output in outputs)
    for _ in range(200):
        assert fresh.step(command) == used.step(command)
    assert np.array_equal(fresh.drives.state, used.drives.state)


def test_reset_starts_loops_of_other_units_at_zero():
    # 5 N*m/s for 1 ms: 5 mN*m after the first step, whatever the angle that the joint was put to.
    drives = Drives(row(rate_limit=5.0)[None], [EFFORT_LOOP], [False], worlds=1, timestep=1e-3)
    one = np.ones((1, 1))
    drives.reset(np.array([0]), 0.7 * one)
    drives.step(one, 0.7 * one, 0 * one, 0 * one, one)
    assert drives.effort[0, 0] == pytest.approx(5e-3)


def test_reset_of_one_world_leaves_the_other():
    p = row(**SERVO, delay=0.005)[None]
    worlds = Online(p, 2, 1e-3)
    for _ in range(50):
        worlds.step(np.array([0.5, 0.5]))
    kept = worlds.drives.state[1].copy()
    worlds.drives.reset(np.array([0]), np.array([[0.2]]))
    assert np.array_equal(worlds.drives.state[1], kept)
    assert worlds.drives.shaft_angle[0, 0] == pytest.approx(0.15)
    assert worlds.drives.measured(worlds.drives.shaft_angle)[0, 0] == pytest.approx(0.1995)  # 133 counts
    worlds.step(np.array([-0.3, 0.5]))
    assert worlds.drives.delayed_command.ravel() == pytest.approx([-0.3, 0.5])
    assert worlds.drives.state[0, 0, ANGLE] != 0.0


def test_drives_change_between_episodes_as_far_as_there_is_room():
    drives = Drives(row()[None], [EFFORT_LOOP], [False], worlds=2, timestep=1e-3)
    drives.change(np.array([1]), row(delay=0.05)[None, None])
    drives.reset(np.arange(2), np.zeros((2, 1)))
    still, found = np.zeros((2, 1)), []
    for k in range(60):
        drives.step(np.full((2, 1), float(k > 0)), still, still, still, np.ones((2, 1)))
        found.append(drives.delayed_command[:, 0].copy())
    assert np.argmax(np.array(found) > 0.5, axis=0).tolist() == [1, 51]  # 50 steps later in the changed world
    with pytest.raises(SimulationError, match=r"a delay of 0\.2 s; expected at most 0\.1 s"):
        drives.change(np.array([0]), row(delay=0.2)[None, None])
