"""Delays of a response behind its command: planted ones come back, and where none can, it says so."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.ingest.latency import latency

START = 1_700_000_000_000_000_000


def nanoseconds(time_s):
    return START + np.rint(np.asarray(time_s) * 1e9).astype(np.int64)


def sampled(rate_hz, rng, duration_s=30.0):
    """Irregular stamps [s]: each up to a fifth of an interval late."""
    regular = np.arange(rng.uniform(0, 1 / rate_hz), duration_s, 1 / rate_hz)
    return regular + rng.uniform(0, 0.2 / rate_hz, len(regular))


def motion(rng):
    """A smooth random motion of a joint below 2.5 Hz, of about 1 rad."""
    rate, phase = 2 * np.pi * rng.uniform(0.1, 2.5, 12), rng.uniform(0, 2 * np.pi, 12)
    return lambda time_s: np.sin(np.outer(time_s, rate) + phase) @ (1.0 / rate)


def recording(delay_s, command_hz=100.0, response_hz=100.0, joints=2, noise=0.003, seed=0, sign=1.0):
    """A command and a response that follows it smoothly after a pure delay, with noise on the response."""
    rng = np.random.default_rng(seed)
    sent, measured = sampled(command_hz, rng), sampled(response_hz, rng)
    paths = [motion(rng) for _ in range(joints)]
    command = np.stack([path(sent) for path in paths], axis=1)
    response = sign * np.stack([path(measured - delay_s) for path in paths], axis=1)
    response += noise * rng.standard_normal(response.shape)
    return nanoseconds(sent), command, nanoseconds(measured), response


@pytest.mark.parametrize("delay_s", [0.0037, 0.025])
@pytest.mark.parametrize("rates_hz", [(100.0, 100.0), (100.0, 500.0), (500.0, 100.0), (250.0, 400.0)])
def test_a_planted_delay_lies_in_its_interval(delay_s, rates_hz):
    inside = []
    for seed in range(20):
        found = latency(*recording(delay_s, *rates_hz, seed=seed), held=False).pooled
        low, high = found.interval_95_s
        inside.append(low <= delay_s <= high)
        assert found.trusted and found.reason == "" and found.correlation > 0.95
        assert found.delay_s == pytest.approx(delay_s, abs=2e-4) and high - low < 1e-3
    assert np.mean(inside) >= 0.9


def test_a_joint_has_its_own_delay():
    sent, command, measured, response = recording(0.010, joints=2)
    _, _, _, later = recording(0.040, joints=2)
    found = latency(sent, command, measured, np.stack([response[:, 0], later[:, 1]], axis=1), held=False)
    assert [one.delay_s for one in found.joints] == pytest.approx([0.010, 0.040], abs=5e-4)
    assert all(one.trusted for one in found.joints) and 0.010 < found.pooled.delay_s < 0.040


def test_a_command_that_is_held_acts_later_than_its_samples():
    """A 50 Hz command is held, delayed by 25 ms and averaged over 30 ms by the plant: 15 ms more."""
    rng = np.random.default_rng(0)
    sent, measured = sampled(50.0, rng), sampled(400.0, rng)
    command = motion(rng)(sent)
    fine = np.arange(0.0, 30.0, 1e-4)
    held = command[np.maximum(np.searchsorted(sent, fine - 0.025, "right") - 1, 0)]
    total = np.concatenate([np.zeros(300), np.cumsum(held)])
    response = np.interp(measured, fine, (total[300:] - total[:-300]) / 300)
    arrays = nanoseconds(sent), command[:, None], nanoseconds(measured), response[:, None]
    assert latency(*arrays).pooled.delay_s == pytest.approx(0.040, abs=3e-4)
    assert latency(*arrays, held=False).pooled.delay_s == pytest.approx(0.050, abs=3e-4)  # half of 20 ms more


def test_a_response_that_comes_first_has_a_negative_delay():
    found = latency(*recording(-0.030), held=False).pooled
    assert found.delay_s == pytest.approx(-0.030, abs=2e-4) and found.trusted


def test_a_response_that_moves_the_other_way_is_told_with_a_note():
    found = latency(*recording(0.025, sign=-1.0), held=False)
    for one in (found.pooled, *found.joints):
        assert one.delay_s == pytest.approx(0.025, abs=5e-4) and one.trusted
        assert one.correlation < -0.95 and "the other way" in one.reason


def test_another_motion_cannot_be_told_from_chance():
    for seed in range(10):
        sent, command, measured, _ = recording(0.0, seed=seed)
        *_, response = recording(0.0, seed=seed + 100)
        # Both draws have the same rates, hence nearly the same number of samples.
        rows = min(len(measured), len(response))
        found = latency(sent, command, measured[:rows], response[:rows])
        assert not found.pooled.trusted and "chance" in found.pooled.reason


def test_a_motion_that_repeats_within_the_delays_tried_is_ambiguous():
    sent = np.arange(0.0, 30.0, 0.01)
    wave = np.sin(2 * np.pi * 1.5 * sent)[:, None]
    found = latency(nanoseconds(sent), wave, nanoseconds(sent + 0.02), wave).pooled
    assert not found.trusted and "repeat" in found.reason


def test_a_slow_repeating_motion_is_not():
    sent = np.arange(0.0, 60.0, 0.01)
    wave = (np.sin(2 * np.pi * 0.3 * sent) + 0.3 * np.sin(2 * np.pi * 0.9 * sent))[:, None]
    found = latency(nanoseconds(sent), wave, nanoseconds(sent + 0.02), wave, held=False).pooled
    assert found.delay_s == pytest.approx(0.02, abs=1e-4) and found.trusted


def test_a_delay_beyond_those_tried_lies_on_the_edge():
    found = latency(*recording(0.13), search_s=(-0.1, 0.1), held=False).pooled
    assert not found.trusted and "edge" in found.reason


def test_noise_that_drowns_the_motion():
    found = latency(*recording(0.025, noise=0.3)).pooled
    assert not found.trusted and "correlation" in found.reason


def test_a_single_move_is_too_little():
    sent = np.arange(0.0, 30.0, 0.01)
    step = np.tanh((sent - 10.0) * 5)[:, None]
    found = latency(nanoseconds(sent), step, nanoseconds(sent), np.roll(step, 3, axis=0)).pooled
    assert not found.trusted and found.delay_s is None and "too little" in found.reason


def test_joints_that_stand_still_or_are_not_numbers_spoil_nothing():
    sent, command, measured, response = recording(0.025, joints=3)
    command[:, 1] = 0.5
    response[7, 2] = np.nan
    found = latency(sent, command, measured, response, held=False)
    assert [one.trusted for one in found.joints] == [True, False, False]
    assert found.pooled.delay_s == pytest.approx(0.025, abs=5e-4) and found.pooled.trusted


def test_a_pause_in_the_recording_is_passed_over():
    sent, command, measured, response = recording(0.025)
    gone = (measured > START + 10_000_000_000) & (measured < START + 16_000_000_000)
    found = latency(sent, command, measured[~gone], response[~gone], held=False).pooled
    assert found.delay_s == pytest.approx(0.025, abs=2e-4) and found.trusted


NUMBER = st.floats(-1e6, 1e6) | st.sampled_from([0.0, np.nan, np.inf])


@given(st.data(), st.integers(0, 80), st.integers(0, 80), st.integers(0, 3))
def test_anything_gives_finite_numbers_or_none(data, sent, measured, joints):
    draw = np.random.default_rng(data.draw(st.integers(0, 1000)))
    stamps = [START + np.cumsum(draw.integers(1, 10**9, n)) for n in (sent, measured)]
    kind = data.draw(st.sampled_from(["constant", "noise", "drawn"]))
    tables = []
    for rows in (sent, measured):
        table = draw.standard_normal((rows, joints)) if kind == "noise" else np.zeros((rows, joints))
        if kind == "drawn" and table.size:
            table.flat[:] = np.resize(data.draw(st.lists(NUMBER, min_size=1, max_size=9)), table.size)
        tables.append(table)
    found = latency(stamps[0], tables[0], stamps[1], tables[1])
    assert len(found.joints) == joints
    for one in (found.pooled, *found.joints):
        assert one.trusted or one.reason
        assert one.delay_s is None or np.isfinite([one.delay_s, *one.interval_95_s, one.correlation]).all()


def test_a_million_samples():
    rng = np.random.default_rng(0)
    sent = np.arange(0.0, 1000.0, 0.001)
    path = motion(rng)
    command, response = (np.stack([path(sent - d)] * 2, axis=1) for d in (0.0, 0.0037))
    started = time.perf_counter()
    found = latency(nanoseconds(sent), command, nanoseconds(sent), response, held=False)
    assert time.perf_counter() - started < 4.0  # 0.3 s on an idle core
    assert found.pooled.delay_s == pytest.approx(0.0037, abs=1e-5) and found.windows == 32


@pytest.mark.parametrize(
    "motion_name", ["frequency_sweep", "inertia_coupling", "end_effector", "reach_and_return"]
)
def test_the_so101_answers_after_a_tenth_of_a_second(shared_data, motion_name):
    """Its identified pure delay is about 0.1 s."""
    folder = shared_data / "so101" / motion_name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    arrays = []
    for name in ("control.csv", "state_motor.csv"):
        table = pd.read_csv(folder / name)
        stamps = (table["timestamp"].to_numpy() * 1000).astype(np.int64)
        arrays += [stamps, np.array([json.loads(cell) for cell in table["positions"]])]
    found = latency(*arrays).pooled
    assert found.trusted and 0.07 < found.delay_s < 0.15
