"""Sensors in drives are found as they were planted (synthetic motions), and what nothing tells is said so."""

import numpy as np
import pytest

from hybridsim.sensing.drive_reading import fit_reading, readings_err
from hybridsim.sensing.watched import Watched

STEP, PERIOD, SECONDS = 0.005, 0.02, 12.0


TRUTH = {
    "gain": 1.3, "friction": 0.06, "bias": 0.01, "noise": 0.02, "delay": 0.0, "count": 0.02,
    "supply": True, "unsigned": True,
}  # fmt: skip


def planted(seed, **changed):
    """Six logs of a drive that swings a load, and what a sensor of these errors reads, by its formula."""
    return [_log(np.random.default_rng([seed, n]), n, {**TRUTH, **changed}) for n in range(6)]


def _log(random, number, p):
    time = np.arange(0.0, SECONDS, STEP)
    phase, rate = random.uniform(0, 6.3, 3), random.uniform(0.2, 1.5, 3)
    speed = np.sin(2 * np.pi * rate[0] * time + phase[0])
    motor = 0.6 * np.sin(2 * np.pi * rate[1] * time + phase[1]) + 0.2 * speed
    duty = 0.4 * motor + 0.3 * speed
    rubbed = p["friction"] * (speed / 0.1) / np.sqrt(1 + (speed / 0.1) ** 2)
    ideal = (motor + rubbed) * (duty if p["supply"] else 1.0)
    at = np.arange(0.2, SECONDS - 0.1, PERIOD)
    reading = p["gain"] * np.interp(at - p["delay"], time, ideal) + p["bias"]
    reading += p["noise"] * random.normal(size=len(at))
    reading = np.abs(reading) if p["unsigned"] else reading
    reading = np.round(reading / p["count"]) * p["count"]
    return Watched(
        log_id=str(number),
        joint="joint",
        time=at,
        reading=reading,
        timestep=STEP,
        speed=speed,
        motor=motor,
        duty=duty,
    )


def inside(found, truth):
    return abs(found.value - truth) <= found.half_width


def test_planted_gain_friction_and_bias_lie_in_their_intervals():
    hits = []
    for seed in range(10):
        found = fit_reading("torque", planted(seed, unsigned=False), supply=True)
        hits += [inside(found["gain"], 1.3), inside(found["friction"], 0.06), inside(found["bias"], 0.01)]
        assert found["delay"].value == 0.0 and not found["bandwidth"].identifiable
    assert sum(hits) >= 27  # of 30; 28.5 are to be expected


def test_magnitudes_are_recognised_and_their_noise_and_counts_found():
    found = fit_reading("torque", planted(1), supply=True)
    assert found["unsigned"].value == 1.0
    assert found["gain"].value == pytest.approx(1.3, rel=0.05)
    assert found["resolution"].value == pytest.approx(0.02)
    assert found["white"].value == pytest.approx(0.02, rel=0.3)
    assert fit_reading("torque", planted(1, unsigned=False), supply=True)["unsigned"].value == 0.0


@pytest.mark.parametrize("supply", [False, True])
def test_which_side_of_the_converter_is_read_shows_on_other_logs(supply):
    logs = planted(2, supply=supply)
    winding, whole = readings_err("current", logs[:4], logs[4:])
    assert (whole < winding) == supply
    assert max(winding, whole) > 1.5 * min(winding, whole)


def test_a_delay_is_found():
    found = fit_reading("torque", planted(3, delay=0.03, unsigned=False), supply=True)["delay"]
    assert inside(found, 0.03) and found.identifiable


def test_readings_before_the_effort_put_the_delay_on_its_bound():
    found = fit_reading("torque", planted(3, delay=-0.02, unsigned=False), supply=True)["delay"]
    assert found.value < 0.0 and not found.identifiable  # below the parameter's bound, where it is flagged


def test_a_low_pass_is_found():
    logs = planted(4, noise=0.002, count=0.001, unsigned=False, supply=False, friction=0.0)
    slow = [low_passed(one, 2.0) for one in logs]
    found = fit_reading("current", slow)
    assert found["bandwidth"].value == 2.0 and found["bandwidth"].identifiable
    assert found["gain"].value == pytest.approx(1.3, rel=0.02)


def low_passed(one, corner):
    """The reading through a first-order low-pass, integrated finely."""
    fine = np.arange(0.0, SECONDS, STEP)
    state, found = one.motor[0], []
    for value in one.motor:
        state += -np.expm1(-2 * np.pi * corner * STEP) * (value - state)
        found.append(state)
    reading = 1.3 * np.interp(one.time, fine, found) + 0.01
    return Watched(**{**vars(one), "reading": np.round(reading / 0.001) * 0.001})


def test_what_does_not_follow_the_effort_has_no_gain():
    found = fit_reading("torque", planted(5, gain=0.0, noise=0.1, unsigned=False), supply=False)
    assert not found["gain"].identifiable
    assert not found["friction"].identifiable


def test_a_duty_has_no_friction_and_no_supply():
    logs = [Watched(**{**vars(one), "reading": np.round(0.9 * duty(one), 3)}) for one in planted(6)]
    found = fit_reading("duty", logs)
    assert not {"friction", "supply"} & set(found)
    assert inside(found["gain"], 0.9) or found["gain"].value == pytest.approx(0.9, abs=1e-3)


def duty(one):
    return np.interp(one.time, np.arange(len(one.duty)) * STEP, one.duty)
