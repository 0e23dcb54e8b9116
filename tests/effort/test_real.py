"""The published calibration of the UR10, on the recording it comes from."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.effort.inertia import TEN, is_physical
from hybridsim.effort.model import model_of
from hybridsim.evaluate import score_logs
from hybridsim.ingest.open import open_logs
from hybridsim.robot import load_robot

PASSIVE = ("armature", "coulomb", "viscous", "friction", "load_loss")


def test_what_is_published_is_physical():
    found = Calibration.load("ur10")
    model = model_of(load_robot("ur10"), found.values())
    assert is_physical(model.theta.reshape(-1, TEN)).all()
    friction = [p.value for name, p in found.parameters.items() if name.endswith(PASSIVE)]
    assert len(friction) >= 18 and min(friction) >= 0


def test_the_last_third_is_predicted_as_published(shared_data):
    if not (shared_data / "bags" / "ur10").is_dir():
        pytest.skip("no bags/ur10 among the real logs")
    robot, found = load_robot("ur10"), Calibration.load("ur10")
    logs = open_logs([shared_data / "bags" / "ur10"], robot)
    assert [len(logs[0].signal(name).stamp_ns) for name in ("joint_position", "joint_effort")] == [3441] * 2
    evaluation = score_logs(found, robot, logs)
    relative = {
        name: variant["signals"]["joint_effort"]["relative"]
        for name, variant in evaluation.scores["variants"].items()
    }
    assert evaluation.replays[0].time_s[0] == pytest.approx(27.528 * 2 / 3, abs=0.01)
    assert len(evaluation.replays[0].time_s) == 1147  # a third of 3441
    assert relative["nominal"]["mean"] == pytest.approx(0.96, abs=0.01)  # as the source of the bar has it
    assert relative["identified"]["mean"] < 0.14 and relative["identified"]["mean_interval_95"][1] < 0.08
    published = found.scores()
    assert published is not None
    kept = published["variants"]["identified"]["signals"]["joint_effort"]["relative"]["mean"]
    assert relative["identified"]["mean"] == pytest.approx(kept, rel=1e-6)
    assert np.all(
        np.array(relative["identified"]["rmse_over_spread"]) < relative["nominal"]["rmse_over_spread"]
    )
