"""A motion from a log of the store: what a robot was seen to do becomes what another is to imitate."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.errors import MotionError, listed
from hybridsim.log import Log, read_log
from hybridsim.motion.model import Motion

JOINTS, PLACE, TURN = "joint_position", "base_position", "base_orientation"


def motion_of(folder: Path) -> Motion:
    """The motion of a log's measured joints, and of its base where the log has both of its signals.

    Base signals are brought to the joints' stamps, which are cut to where all of them are known.

    Raises:
        MotionError: the log has no `joint_position`, or what `Motion` refuses. LogError: it is damaged.
    """
    log = read_log(folder)
    if JOINTS not in log.signals:
        raise MotionError(f"log {log.name}: no signal '{JOINTS}'; available: {listed(log.signals)}")
    joints = log.signals[JOINTS]
    base = [log.signals[name] for name in (PLACE, TURN) if name in log.signals]
    moves = len(base) == 2 and min(one.rows for one in (*base, joints)) > 1
    kept = np.ones(joints.rows, bool)
    for one in base if moves else ():
        kept &= (joints.stamp_ns >= one.stamp_ns[0]) & (joints.stamp_ns <= one.stamp_ns[-1])
    stamps = joints.stamp_ns[kept]
    return Motion(
        name=f"log {log.name}",
        skeleton=log.robot,
        joints=joints.components,
        time_s=(stamps - (stamps[0] if len(stamps) else 0)) * 1e-9,
        joint_position=np.array(joints.values[kept]),
        base_position=_at(log, PLACE, stamps) if moves else None,
        base_orientation=_unit(_at(log, TURN, stamps)) if moves else None,
        sha256=sha256(log.log_id.encode()).hexdigest(),
    )


def _at(log: Log, name: str, stamps: np.ndarray) -> Float[np.ndarray, "frame column"]:
    """A signal at other stamps, straight between its own."""
    signal = log.signals[name]
    values = signal.values
    if name == TURN:  # q and -q are the same: go the short way
        flips = np.where((values[1:] * values[:-1]).sum(axis=1) < 0.0, -1.0, 1.0)
        values = values * np.cumprod(np.concatenate([[1.0], flips]))[:, None]
    return np.stack([np.interp(stamps, signal.stamp_ns, column) for column in values.T], axis=1)


def _unit(quaternions: Float[np.ndarray, "frame 4"]) -> Float[np.ndarray, "frame 4"]:
    """Of unit length."""
    return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
