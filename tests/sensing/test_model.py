"""What is left between ideal and real readings: stated, drawn, stored and judged (synthetic recordings)."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import LogError
from hybridsim.sensing.allan import allan_variance, pooled_deviation
from hybridsim.sensing.bands import overlap, split
from hybridsim.sensing.conversion import find_conversion, parted
from hybridsim.sensing.filters import runs
from hybridsim.sensing.frames import KNOWN, OTHERS, placed
from hybridsim.sensing.model import ANY, fit_model
from hybridsim.sensing.rest import quiet
from hybridsim.sensing.stored import arrays_of, model_of
from hybridsim.sensing.tails import Tail, crps, fit_tail
from tests.sensing.made import GRAVITY, PERIOD, planted, recorded

TRUTH = replace(planted(7), gyro_step=1.065e-3)
OPTICS = replace(TRUTH, position_noise=2e-4, angle_noise=8e-4)


@pytest.fixture(scope="module")
def model():
    logs = [recorded(OPTICS, 70 + k, f"log {k}") for k in range(2)]
    return fit_model(logs, lambda one: one.labels["mounting"], GRAVITY, seed=0)[0]


@pytest.fixture(scope="module")
def unseen(model):
    return model.given(recorded(OPTICS, 80, "unseen"), model.frames["0"])


def test_bands_add_up_and_their_strengths_do_with_their_overlap():
    noise = np.random.default_rng(0).standard_normal((30_000, 2))
    bands = split(noise, PERIOD)
    assert bands.sum(axis=0) == pytest.approx(noise, abs=1e-9)
    size = bands.std(axis=1)
    assert np.einsum("bc,bd,dc->c", size, overlap(PERIOD), size) == pytest.approx([1.0, 1.0], rel=0.02)


def test_allan_variance_of_white_noise_and_of_a_ramp():
    noise = np.random.default_rng(1).standard_normal((100_000, 1))
    found = allan_variance(noise, 0.01, (0.01, 0.1, 1.0))
    assert found[:, 0] == pytest.approx([1.0, 0.1, 0.01], rel=0.1)  # variance over the number of samples
    ramp = 2.0 * 0.01 * np.arange(1000)[:, None]
    assert allan_variance(ramp, 0.01, (0.5,))[0, 0] == pytest.approx((2.0 * 0.5) ** 2 / 2)
    assert np.isnan(allan_variance(ramp, 0.01, (5.0,))).all()


def test_crps_of_a_t_distribution_is_that_of_its_draws():
    random, tail = np.random.default_rng(2), Tail(4.0, 1.3)
    draws = 0.5 * tail.scale * random.standard_t(tail.freedom, (2, 400_000))
    for error in (0.0, 0.4, -2.0):
        by_draws = np.abs(draws[0] - error).mean() - 0.5 * np.abs(draws[0] - draws[1]).mean()
        assert crps(np.array([error]), 0.5, tail)[0] == pytest.approx(by_draws, rel=0.01)
    found = fit_tail(draws[0] / 0.5)
    assert found.freedom in (3.0, 4.0, 5.0)
    assert found.scale == pytest.approx(1.3, rel=0.1)


def test_intervals_hold_on_a_log_that_no_fit_saw(model, unseen):
    low, high = model.stated(unseen).interval(0.9)
    inside = (unseen.reading >= low) & (unseen.reading <= high)
    for rows in (unseen.motion, unseen.rest):
        assert inside[rows].mean(axis=0) == pytest.approx(np.full(6, 0.9), abs=0.06)


def test_following_the_motion_is_no_worse_than_fixed_smoothing(model, unseen):
    error = {
        name: np.abs(unseen.reading - one.ideal)[unseen.motion].mean(axis=0)
        for name, one in (("following", model.stated(unseen)), ("plain", model.plain(unseen)))
    }
    assert (error["following"] < 1.02 * error["plain"]).all()


def test_draws_rest_as_the_sensor_does_and_come_in_its_codes(model, unseen):
    drawn = model.draw(unseen, np.random.default_rng(5))
    step = model.codes.gyro_step
    assert np.abs(drawn[:, :3] / step - np.round(drawn[:, :3] / step)).max() < 1e-6
    recording = unseen.log.recording
    spans = [span for span in runs(quiet(recording)) if span[1] - span[0] > 1000]
    cut = [slice(a + 150, b - 150) for a, b in spans]
    real = pooled_deviation([unseen.reading[c] for c in cut], PERIOD, (0.0035, 0.1))
    drawn = model.codes.uncut(drawn)
    made = pooled_deviation([drawn[c] for c in cut], PERIOD, (0.0035, 0.1))
    assert made[0] / real[0] == pytest.approx(np.ones(6), abs=0.08)
    assert made[1] / real[1] == pytest.approx(np.ones(6), abs=0.3)  # 90 stretches: 10 % of luck each


def test_drawn_rates_do_not_wander_off_in_motion(model, unseen):
    drawn = model.codes.uncut(model.draw(unseen, np.random.default_rng(8)))
    begin, end = max(runs(unseen.motion), key=lambda span: span[1] - span[0])
    found = []
    for readings in (drawn, unseen.reading):
        error = (readings - model.stated(unseen).ideal)[begin:end, :3]
        found.append(np.abs(PERIOD * np.cumsum(error - error.mean(axis=0), axis=0)).max(axis=0))
    assert (found[0] < 1.2 * found[1]).all()


def test_the_same_seed_gives_the_same_draw(model, unseen):
    one, other = (model.draw(unseen, np.random.default_rng(6)) for _ in range(2))
    assert (one == other).all()
    assert (one != model.draw(unseen, np.random.default_rng(7))).any()


def test_a_model_comes_back_from_its_arrays(model, unseen):
    again = model_of(arrays_of(model))
    assert list(again.frames) == list(model.frames) == [ANY, "0"]
    assert again.codes.gyro_cuts
    assert again.stated(unseen).ideal == pytest.approx(model.stated(unseen).ideal, abs=1e-5)
    assert again.stated(unseen).spread == pytest.approx(model.stated(unseen).spread, rel=1e-4)


def test_where_it_does_not_follow_it_is_the_plain_model(model, unseen):
    half = replace(model, follows=(False, True)).stated(unseen)
    plain, full = model.plain(unseen), model.stated(unseen)
    assert (half.ideal[:, :3] == plain.ideal[:, :3]).all()
    assert (half.ideal[:, 3:] == full.ideal[:, 3:]).all()
    assert half.tails[0][0] == model.plain_tails[0][0]


def test_a_log_is_never_read_in_a_frame_that_it_helped_to_find(model):
    logs = [recorded(TRUTH, 90 + k, f"new {k}", mounting="7") for k in range(3)]
    found = placed(model, logs, "mounting")
    assert [one.source for one in found] == [OTHERS] * 3
    broken = replace(logs[0], gyro=1.05 * logs[0].gyro)
    assert (placed(model, [broken, *logs[1:]], "mounting")[0].frame.rate == found[0].frame.rate).all()
    alone = placed(model, [recorded(TRUTH, 95, "alone")], "mounting")[0]
    assert (alone.source, alone.frame) == (KNOWN, model.frames["0"])


def test_another_sample_period_is_refused(model):
    slow = replace(recorded(TRUTH, 96, "slow"), period=0.005)
    with pytest.raises(LogError, match="a sample every 0.005 s; expected 0.0035 s"):
        model.given(slow, model.frames[ANY])


def test_the_age_of_conversions_is_stated_and_drawn():
    aging = replace(OPTICS, gyro_conversion=1000.26, gyro_white=3e-4, gyro_step=0.0)
    logs = [recorded(aging, 170 + k, f"log {k}") for k in range(3)]
    found = fit_model(logs, lambda one: one.labels["mounting"], GRAVITY, seed=0)[0]
    assert found.clock == pytest.approx(1000.0, abs=1.0)
    assert model_of(arrays_of(found)).clock == pytest.approx(found.clock)
    given = found.given(recorded(aging, 180, "other"), found.frames["0"])
    low, high = found.stated(given).interval(0.9)
    inside = ((given.reading >= low) & (given.reading <= high))[given.motion].mean(axis=0)
    assert inside == pytest.approx(np.full(6, 0.9), abs=0.06)
    drawn = found.draw(given, np.random.default_rng(3))[:, :3]
    above = [
        float(np.sqrt((parted(read, PERIOD)[0][given.motion] ** 2).mean()))
        for read in (given.reading[:, :3], drawn)
    ]
    assert above[1] == pytest.approx(above[0], rel=0.15)
    clock = find_conversion([drawn], PERIOD)
    assert clock is not None and clock.alias == pytest.approx(1000.26 - 3.5 / PERIOD + 0.5 / PERIOD, abs=0.6)
