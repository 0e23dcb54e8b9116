"""The scores of small replays, with the arithmetic in the comments."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridsim.errors import LogError, SimulationError
from hybridsim.score import WindowError, score
from hybridsim.score.bootstrap import Draws, interval_over_logs

NAMES = {
    "calibration": "c",
    "robot": "r",
    "serial": "s",
    "replay_seconds": {"simulated_s": 60.0, "wall_s": 0.5},
}


def two_logs(replay):
    """Two logs of different length, two joints, `identified` and `hybrid`."""
    zero = np.zeros((2, 2))
    return [
        replay("a", zero, {"identified": [[2.0, 4.0]] * 2, "hybrid": [[1.0, -3.0]] * 2}),
        replay(
            "b", np.zeros((4, 2)), {"identified": np.zeros((4, 2)) + 6.0, "hybrid": np.zeros((4, 2)) + 7.0}
        ),
    ]


def test_every_log_weighs_the_same_whatever_its_length(replay):
    hybrid = score(two_logs(replay), **NAMES)["variants"]["hybrid"]
    found = hybrid["signals"]["joint_position"]
    assert found["mae"] == [4.0, 5.0]  # (1 + 7) / 2, (3 + 7) / 2; by sample it would be 5 and 5.67
    assert found["mae_mean"] == 4.5  # ((1 + 3) / 2 + 7) / 2
    assert found["rmse"] == pytest.approx([5.0, 29**0.5])  # sqrt((1 + 49) / 2), sqrt((9 + 49) / 2)
    assert found["bias"] == [4.0, 2.0]  # (1 + 7) / 2, (-3 + 7) / 2: predicted minus measured
    assert found["mae_mean_interval_95"] == [2.0, 7.0]  # of two logs, a resample is often one log twice
    assert hybrid["logs"]["a"]["joint_position"]["mae_mean"] == 2.0
    assert hybrid["logs"]["b"]["joint_position"]["mae"] == [7.0, 7.0]


def test_the_difference_to_identified_is_paired_by_log(replay):
    found = score(two_logs(replay), **NAMES)["variants"]["hybrid"]["minus_identified"]["joint_position"]
    assert found["mae_mean"] == 0.0  # ((2 - 3) + (7 - 6)) / 2
    assert found["interval_95"] == [-1.0, 1.0]
    assert found["logs_improved"] == 0.5
    assert found["mae"] == [0.0, 0.0]  # ((1 - 2) + (7 - 6)) / 2, ((3 - 4) + 1) / 2
    assert found["component_logs_improved"] == [0.5, 0.5]


def test_a_constant_gain_over_scattered_logs_has_a_tight_paired_interval(replay):
    """Unpaired, the scatter between logs (0.1..1) would drown a gain of 0.01."""
    sizes = np.linspace(0.1, 1.0, 10)
    replays = [
        replay(f"log{i}", [[0.0]], {"identified": [[size]], "hybrid": [[size - 0.01]]})
        for i, size in enumerate(sizes)
    ]
    found = score(replays, **NAMES)["variants"]["hybrid"]
    low, high = found["minus_identified"]["joint_position"]["interval_95"]
    assert low == pytest.approx(-0.01) and high == pytest.approx(-0.01)
    wide = found["signals"]["joint_position"]["mae_mean_interval_95"]
    assert wide[1] - wide[0] > 0.2


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    """Plant a mean error of 1; 20 logs each of 200 times. The bootstrap of 20 covers a bit less than 95 %."""
    errors = np.random.default_rng(1).uniform(0.5, 1.5, size=(20, 200))  # one column an experiment
    low, high = interval_over_logs(errors, Draws(500, seed=0).weights(20))
    assert 0.88 <= np.mean((low <= 1.0) & (high >= 1.0)) <= 0.98


def test_one_log_has_a_degenerate_interval_that_holds_its_mean(replay):
    measured = np.random.default_rng(0).normal(size=(101, 3))
    scores = score([replay("only", measured, {"hybrid": measured + 0.1})], **NAMES)
    found = scores["variants"]["hybrid"]["signals"]["joint_position"]
    low, high = found["mae_mean_interval_95"]
    assert low <= found["mae_mean"] <= high
    assert high - low < 1e-12
    assert any("one log" in note for note in scores["notes"])


def test_missing_samples_are_left_out_and_counted(replay):
    measured = [[0.0, np.nan], [np.nan, np.nan], [0.0, np.nan]]
    full = replay("b", [[0.0, 0.0]], {"hybrid": [[5.0, 5.0]]})
    scores = score([replay("a", measured, {"hybrid": [[1.0, 9.0], [9.0, 9.0], [3.0, 9.0]]}), full], **NAMES)
    found = scores["variants"]["hybrid"]["signals"]["joint_position"]
    assert found["mae"] == [3.5, 5.0]  # ((1 + 3) / 2 + 5) / 2; only log b has joint_1
    assert found["mae_mean"] == 3.5  # (2 + 5) / 2: log a is its only component
    assert scores["protocol"]["signals"]["joint_position"]["missing"] == [1, 3]
    assert scores["protocol"]["signals"]["joint_position"]["samples"] == [3, 1]
    assert scores["variants"]["hybrid"]["logs"]["a"]["joint_position"]["mae"] == [2.0, None]


def test_a_log_without_the_signal_is_named_not_scored(replay):
    good = replay("good", [[0.0]], {"hybrid": [[1.0]]})
    empty = replay("empty", [[np.nan]], {"hybrid": [[1.0]]})
    scores = score([good, empty], **NAMES)
    assert list(scores["variants"]["hybrid"]["logs"]) == ["good"]
    assert any("empty" in note for note in scores["notes"])
    with pytest.raises(LogError, match="no measured sample"):
        score([empty], **NAMES)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_prediction_that_is_not_finite_is_named(replay, bad):
    broken = replay("log7", np.zeros((3, 2)), {"hybrid": [[0, 0], [0, 0], [0, bad]]})
    with pytest.raises(SimulationError, match=r"log7.*joint_position.*hybrid.*joint_1 at 0\.040 s"):
        score([broken], **NAMES)


def test_coverage_and_width_per_component(replay):
    measured = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [np.nan, 0.0]])
    low, high = np.full((4, 2), -0.5), np.full((4, 2), 1.5)
    banded = replay("a", measured, {"hybrid": np.zeros((4, 2))}, low=low, high=high)
    hybrid = score([banded], **NAMES)["variants"]["hybrid"]
    assert hybrid["coverage_90"] == {"joint_position": {"joint_0": pytest.approx(2 / 3), "joint_1": 1.0}}
    assert hybrid["interval_90_width"]["joint_position"] == {"joint_0": 2.0, "joint_1": 2.0}


def test_each_signal_is_scored_apart(replay):
    arm = replay("a", [[0.0, 0.0]], {"hybrid": [[1.0, 2.0]]})
    jaw = replay(
        "a", [[0.0]], {"hybrid": [[0.5]]}, signal="gripper_opening", unit="1", components=("gripper",)
    )
    signals = score([arm, jaw], **NAMES)["variants"]["hybrid"]["signals"]
    assert (signals["joint_position"]["unit"], signals["joint_position"]["mae_mean"]) == ("rad", 1.5)
    assert (signals["gripper_opening"]["unit"], signals["gripper_opening"]["mae_mean"]) == ("1", 0.5)


def test_vectors_score_their_norm_and_orientations_their_angle(replay):
    columns = ("base_x", "base_y", "base_z")
    place = replay(
        "a", [[0.0] * 3], {"hybrid": [[3.0, 4.0, 0.0]]}, signal="base_position", unit="m", components=columns
    )
    half = np.sqrt(0.5)
    turned = {"hybrid": [[0.0, 0.0, -half, -half]]}  # 90 degrees about z, as -q
    turn = replay(
        "a",
        [[0.0, 0.0, 0.0, 1.0]],
        turned,
        signal="base_orientation",
        unit="1",
        components=("x", "y", "z", "w"),
    )
    signals = score([place, turn], **NAMES)["variants"]["hybrid"]["signals"]
    assert signals["base_position"]["components"] == ["base"] and signals["base_position"]["mae"] == [5.0]
    assert signals["base_orientation"]["unit"] == "rad" and signals["base_orientation"][
        "mae"
    ] == pytest.approx([np.pi / 2])
    assert signals["base_orientation"]["bias"] == [None]


def test_windowed_scores_average_over_logs(replay):
    errors = [
        WindowError(
            log_id=log, signal="joint_position", horizon_s=h, variant="hybrid", mae=np.array([mae]), count=9
        )
        for log, h, mae in [("a", 1.0, 3.0), ("a", 0.1, 1.0), ("b", 0.1, 2.0)]
    ]
    found = score([replay("a", [[0.0]], {"hybrid": [[1.0]]})], **NAMES, windowed=errors)
    short, long = found["variants"]["hybrid"]["windowed"]["joint_position"]
    assert (short["horizon_s"], short["mae_mean"], short["logs"], short["samples"]) == (0.1, 1.5, 2, 18)
    assert (long["horizon_s"], long["mae"], long["logs"]) == (1.0, [3.0], 1)
    assert "minus_identified" not in short


def test_windowed_differences_are_paired_log_by_log(replay):
    errors = [
        WindowError(
            log_id=log, signal="joint_position", horizon_s=0.1, variant=name, mae=np.array([mae]), count=9
        )
        for name, maes in (("hybrid", {"a": 1.0, "b": 5.0}), ("identified", {"b": 5.5, "a": 1.5, "c": 9.0}))
        for log, mae in maes.items()
    ]
    replays = [replay("a", [[0.0]], {"hybrid": [[1.0]], "identified": [[1.0]]})]
    found = score(replays, **NAMES, windowed=errors)["variants"]
    (entry,) = found["hybrid"]["windowed"]["joint_position"]
    assert entry["minus_identified"] == pytest.approx(-0.5)
    assert entry["minus_identified_interval_95"] == pytest.approx([-0.5, -0.5])
    assert "minus_identified" not in found["identified"]["windowed"]["joint_position"][0]


def test_logs_that_do_not_fit_each_other_are_refused(replay):
    one = replay("a", [[0.0]], {"hybrid": [[1.0]]})
    with pytest.raises(LogError, match="replayed twice"):
        score([one, one], **NAMES)
    with pytest.raises(SimulationError, match=r"variants identified; expected hybrid"):
        score([one, replay("b", [[0.0]], {"identified": [[1.0]]})], **NAMES)
    with pytest.raises(SimulationError, match=r"has elbow in rad; expected joint_0 in rad"):
        score([one, replay("b", [[0.0]], {"hybrid": [[1.0]]}, components=("elbow",))], **NAMES)
    with pytest.raises(LogError, match="at least one held-out log"):
        score([], **NAMES)


def test_same_seed_same_bits_other_seed_other_interval(replay):
    generator = np.random.default_rng(0)
    logs = [replay(f"log{i}", [[0.0]], {"hybrid": [[generator.normal()]]}) for i in range(6)]
    assert json.dumps(score(logs, **NAMES, seed=3)) == json.dumps(score(logs[::-1], **NAMES, seed=3))
    interval = [
        score(logs, **NAMES, seed=s)["variants"]["hybrid"]["signals"]["joint_position"] for s in (3, 4)
    ]
    assert interval[0]["mae_mean_interval_95"] != interval[1]["mae_mean_interval_95"]


def test_the_scores_file_has_the_agreed_shape(replay, repository, tmp_path):
    checker = repository.parent / "shared" / "check_scores.py"
    if not checker.is_file():
        pytest.skip("no ../shared/check_scores.py beside this checkout")
    needed = ("command", "nominal", "delayed", "identified", "hybrid")
    predicted = {name: [[0.1, 0.2]] for name in needed}
    scores = score([replay(log, [[0.0, np.nan]], predicted) for log in "abc"], **NAMES)
    path = Path(tmp_path / "scores.json")
    path.write_text(json.dumps(scores, allow_nan=False))
    done = subprocess.run(
        [sys.executable, str(checker), str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "the scores file has the agreed shape")
    assert scores["replay"]["real_time_factor"] == 120.0
