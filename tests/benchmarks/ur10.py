"""How well the efforts of a real UR10 are predicted from its motion, on the last third of one recording.

    .venv/bin/python -m tests.benchmarks.ur10 [CALIBRATION]

Reads the recording from $HYBRIDSIM_DATA or ../shared/data (bags/ur10). Prints, per joint and as their mean,
the root mean square error over the standard deviation of the measured effort: for the URDF's inverse
dynamics, for plain ridge least squares of inertias and friction on the first two thirds (not physical), for
the published calibration's identified parameters, and with its networks. Intervals:
95 % bootstrap over stretches of 0.5 s.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.effort.inertia import TEN, is_physical
from hybridsim.effort.model import model_of
from hybridsim.effort.motion import Motion, motion_of
from hybridsim.evaluate import score_logs
from hybridsim.ingest.open import open_logs
from hybridsim.physics.chain import Chain
from hybridsim.physics.kernel import effort_regressor
from hybridsim.replay import Replay
from hybridsim.robot import load_robot
from hybridsim.score.relative import add_relative
from tests.benchmarks.recordings import recordings

RIDGE = 1e-4  # of the columns' mean square
SLIDING = 0.02  # rad/s


def main(calibration: str = "ur10") -> None:
    """Print one line a variant."""
    robot, found = load_robot("ur10"), Calibration.load(calibration)
    logs = open_logs([recordings("bags") / "ur10"], robot)
    evaluation = score_logs(found, robot, logs)
    (replay,) = evaluation.replays
    model = model_of(robot, found.values())
    assert is_physical(model.theta.reshape(-1, TEN)).all() and passive(found)
    motion = motion_of(logs[0], robot, "joint_effort")
    scored = motion.time_s >= replay.time_s[0] - 1e-9
    plain = (ridge(motion, ~scored, model.arm.chain) * model.arm.sign)[scored]
    replay = replace(replay, predicted={**replay.predicted, "plain ridge": plain})
    show(replay, evaluation.scores["protocol"]["seed"])


def passive(found: Calibration) -> bool:
    """Whether no friction and no rotor is negative."""
    words = ("armature", "coulomb", "viscous", "friction", "load_loss")
    return all(p.value >= 0 for name, p in found.parameters.items() if name.endswith(words))


def ridge(motion: Motion, seen: np.ndarray, chain: Chain) -> np.ndarray:
    """Efforts that a ridge regression on the rows seen predicts for all rows; differences, no filter."""
    position, velocity = motion.position, motion.velocity
    assert velocity is not None
    acceleration = np.gradient(velocity, motion.period, axis=0)
    rigid = effort_regressor(chain, position, velocity, acceleration)
    joints = position.shape[1]
    own = np.stack([np.tanh(velocity / SLIDING), velocity, np.ones_like(velocity), acceleration], -1)
    extra = np.zeros((len(own), joints, 4 * joints))
    for j in range(joints):
        extra[:, j, 4 * j : 4 * (j + 1)] = own[:, j]
    table = np.concatenate([rigid, extra], axis=2)
    spread = motion.effort[seen].std(axis=0)
    rows = (table[seen] / spread[:, None]).reshape(-1, table.shape[2])
    size = np.sqrt(np.mean(rows**2, axis=0)) + 1e-9
    rows = rows / size
    square = rows.T @ rows + RIDGE * len(rows) * np.eye(rows.shape[1])
    return table @ (np.linalg.solve(square, rows.T @ (motion.effort[seen] / spread).ravel()) / size)


def show(replay: Replay, seed: int) -> None:
    """The table."""
    order = ("nominal", "plain ridge", "identified", "hybrid")
    scores = {
        "variants": {name: {"signals": {replay.signal: {}}} for name in order},
        "protocol": {"seed": seed},
    }
    add_relative(scores, [replay])
    print(f"{len(replay.time_s)} samples from {replay.time_s[0]:.2f} s on; rmse over standard deviation")
    print(f"{'':12s} " + " ".join(f"{name[:9]:>9s}" for name in replay.components) + "    mean")
    for name in order:
        found = scores["variants"][name]["signals"][replay.signal]["relative"]
        each = " ".join(f"{value:9.3f}" for value in found["rmse_over_spread"])
        low, high = found["mean_interval_95"]
        print(f"{name:12s} {each}  {found['mean']:.4f} [{low:.3f}, {high:.3f}]")


if __name__ == "__main__":
    main(*(str(Path(name)) for name in sys.argv[1:2]))
