"""One drive at a time on a joint that is held: its delay, lag, limits, friction and spring."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.standin.body import Body
from hybridsim.standin.draw import LEAST_LAG, draw, stream
from hybridsim.standin.drives import Drives, power
from hybridsim.standin.excite import hung_script
from hybridsim.standin.stance import stance

STEP = 0.0005
STILL = np.zeros(12)


def held(drives, target, steps, voltage=48.0, record="motor"):
    """Motor torque, or spring torque, of drives whose joints are clamped at zero."""
    found = []
    for _ in range(steps):
        spring = drives.step(target, STILL, STILL, voltage)
        found.append(spring if record == "spring" else drives.motor.copy())
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_the_lag_of_every_drive_is_the_drawn_one_and_at_least_30_ms(seed):
    drawn = draw(seed).drives
    drives = Drives(drawn, STILL, STEP)
    drives.reset(STILL, STILL)
    torque = held(drives, np.full(12, 0.1), 1000)
    # What a first-order lag behind a delay misses of its end adds up to delay + lag.
    lag = STEP * (1.0 - torque / torque[-1]).sum(axis=0)
    assert lag.min() >= LEAST_LAG
    np.testing.assert_allclose(lag, drawn.delay + drawn.lag, atol=0.6e-3)
    np.testing.assert_allclose(STEP * (torque == 0.0).sum(axis=0), drawn.delay, atol=0.6e-3)
    np.testing.assert_allclose(torque[-1], 0.1 * drawn.position_gain, rtol=1e-6)


def test_the_joint_feels_it_even_later():
    drives = Drives(draw(0).drives, STILL, STEP)
    drives.reset(STILL, STILL)
    spring = held(drives, np.full(12, 0.3), 2000, record="spring")
    reached = STEP * np.argmax(spring > 0.632 * spring[-1], axis=0)
    assert reached.min() >= LEAST_LAG


def test_the_spring_gives_what_friction_leaves():
    # 0.1 rad * k is some 8 N*m; at rest the rotor sticks where spring and motor differ by less than friction.
    drawn = draw(0).drives
    drives = Drives(drawn, STILL, STEP)
    drives.reset(STILL, STILL)
    spring = held(drives, np.full(12, 0.1), 4000, record="spring")[-1]
    most = drawn.coulomb + drawn.gear_loss * spring
    assert (np.abs(spring - 0.1 * drawn.position_gain) <= most + 1e-9).all()
    assert (drives.speed == 0.0).all()


def test_less_torque_than_friction_moves_nothing():
    drawn = draw(0).drives
    drives = Drives(drawn, STILL, STEP)
    drives.reset(STILL, STILL)
    held(drives, 0.9 * drawn.coulomb / drawn.position_gain, 2000)
    assert (drives.angle == 0.0).all()


def test_the_limit_of_the_drive_holds_at_rest():
    drawn = draw(0).drives
    drives = Drives(drawn, STILL, STEP)
    drives.reset(STILL, STILL)
    np.testing.assert_allclose(held(drives, np.full(12, 3.0), 2000)[-1], drawn.torque_limit)


@pytest.mark.parametrize("voltage", [40.0, 48.0])
def test_speed_ends_where_the_battery_ends(voltage):
    # A loose spring and no friction: the rotor runs up to the speed at which the voltage drives no torque.
    drawn = replace(draw(0).drives, stiffness=STILL, spring_damping=STILL, coulomb=STILL, viscous=STILL)
    drives = Drives(drawn, STILL, STEP)
    drives.reset(STILL, STILL)
    held(drives, np.full(12, 3.0), 4000, voltage)
    np.testing.assert_allclose(drives.speed, drawn.no_load_speed * voltage / 48.0, rtol=1e-3)


def test_the_encoders_offset_is_in_the_loop():
    drawn = draw(0).drives
    drives = Drives(drawn, np.full(12, 0.01), STEP)
    drives.reset(STILL, STILL)
    np.testing.assert_allclose(held(drives, STILL, 1000)[-1], -0.01 * drawn.position_gain, rtol=1e-6)


def test_braking_feeds_nothing_back():
    # 10 N*m at 2 rad/s give 20 W, those at -2 rad/s none; copper takes 0.05 * (100 + 100) = 10 W.
    assert power(np.array([10.0, 10.0]), np.array([2.0, -2.0]), 0.05) == pytest.approx(30.0)


def swung(timestep):
    """Joints of a hanging robot, every 20 ms of 1.5 s of jumps."""
    body, found = Body(draw(2), hung=True, timestep=timestep), []
    body.reset(stance(), stance(), height=0.0, heading=0.0, open_voltage=48.0)
    for target in hung_script("steps", stream(2, "test"), 1.5).target:
        body.step(target, round(0.02 / timestep))
        found.append(body._position.copy())
    return np.array(found)


def test_half_the_time_step_gives_the_same_motion():
    finer, finest = swung(0.00025), swung(0.000125)
    error = np.abs(swung(0.0005) - finest).max()
    assert error < 0.003 and np.abs(finer - finest).max() < 0.7 * error
