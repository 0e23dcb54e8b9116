"""The baseline learns a lag from commands alone, free-runs, repeats, and is checked when loaded."""

import dataclasses
import json

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.blackbox import CommandSequence, load_blackbox, save_blackbox
from hybridsim.networks.blackbox_training import BlackBoxOptions, fit_blackbox

QUICK = BlackBoxOptions(
    steps=200, learning_rate=1e-2, hidden=12, window=40, warm_up=5, batch=12, evaluations=3
)


def lagging(seed, samples=200, period=0.02):
    """Two joints that follow a random walk of commands with lags of 0.1 s and 0.2 s, from 0.2 beside it."""
    rng = np.random.default_rng(seed)
    command = np.cumsum(rng.normal(size=(samples, 2)) * 0.05, axis=0)
    measured = np.empty_like(command)
    state = command[0] + 0.2
    for n in range(samples):
        measured[n] = state
        state = state + (command[n] - state) * period / np.array([0.1, 0.2])
    return CommandSequence(command=command, measured=measured, sample_period=period)


@pytest.fixture(scope="module")
def logs():
    return [lagging(n) for n in range(6)], [lagging(n) for n in (10, 11)]


@pytest.fixture(scope="module")
def blackbox(logs):
    return fit_blackbox(*logs, seconds=600, seed=0, options=QUICK)


def test_it_learns_the_lag_and_free_runs(blackbox):
    new = lagging(20)
    predicted = blackbox.predict(new.command, new.measured[0], 0.02)
    error, nothing = (np.abs(guess - new.measured).mean() for guess in (predicted, new.command))
    assert error < 0.4 * nothing
    assert 0 < blackbox.contract.error < 0.4 * nothing


def test_same_seed_same_bits_and_a_round_trip(blackbox, logs, tmp_path):
    short = dataclasses.replace(QUICK, steps=10)
    one, other = (fit_blackbox(*logs, seconds=600, seed=3, options=short) for _ in range(2))
    assert save_blackbox(tmp_path, one) == save_blackbox(tmp_path, other)
    terms = save_blackbox(tmp_path, blackbox)
    assert terms.sha256 != save_blackbox(tmp_path / "other", other).sha256
    loaded = load_blackbox(tmp_path, json.loads(terms.model_dump_json()), "calibration.json")
    new = lagging(21)
    given = (new.command, new.measured[0], 0.02)
    assert np.array_equal(loaded.predict(*given), blackbox.predict(*given))


def test_a_time_budget_ends_it_and_progress_is_told(logs):
    told = []
    options = BlackBoxOptions(hidden=4, window=20, warm_up=2, batch=2)
    fit_blackbox(*logs, seconds=0.2, seed=0, options=options, progress=lambda done, most: told.append(done))
    assert told[-1] == 100 and told == sorted(told)


def test_what_does_not_fit_is_refused(blackbox, logs, tmp_path):
    new = lagging(22)
    with pytest.raises(CalibrationError, match="sample period is 0.01 s; its contract says 0.02 s"):
        blackbox.predict(new.command, new.measured[0], 0.01)
    with pytest.raises(CalibrationError, match="expected 2 joints"):
        blackbox.predict(new.command[:, :1], new.measured[0, :1], 0.02)
    with pytest.raises(CalibrationError, match="0.02 s and 0.01 s; resample"):
        fit_blackbox(logs[0], [lagging(1, period=0.01)], seconds=1, seed=0)
    with pytest.raises(CalibrationError, match="0 validation logs"):
        fit_blackbox(logs[0], [], seconds=1, seed=0)
    with pytest.raises(CalibrationError, match="measured holds NaN"):
        CommandSequence(command=new.command, measured=new.command * np.nan, sample_period=0.02)
    terms = save_blackbox(tmp_path, blackbox).model_dump()
    with pytest.raises(CalibrationError, match=r"c\.json: .*one a joint"):
        load_blackbox(tmp_path, terms | {"center": (0.0,)}, "c.json")
    (tmp_path / "blackbox.safetensors").write_bytes(b"")
    with pytest.raises(CalibrationError, match=r"blackbox\.safetensors: sha256 is"):
        load_blackbox(tmp_path, terms, "c.json")
