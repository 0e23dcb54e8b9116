"""What a sensor should read, given the tracked pose: band by band, nothing smoothed away yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from hybridsim.sensing.bands import SEEN, Bands, levels, split
from hybridsim.sensing.filters import low_passed, runs
from hybridsim.sensing.gyro import Still, axes_of
from hybridsim.sensing.imu import Frame
from hybridsim.sensing.rest import first_rest, stand_pose
from hybridsim.sensing.turns import rates, shifted, turned, unit

POSE_HZ = 25.0
"""Band of the orientation by which accelerations and gravity are turned."""
RAMP_S, EDGE_S, BESIDE_S = 0.05, 0.2, 0.03
"""Over which motion fades into stands; left out at both ends of the tracked part; and beside holes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """One log's ideal readings; six columns: gyroscope, then accelerometer.

    Attributes:
        log: the log, its readings uncut.
        bands: of the moving part, in the lowest `SEEN` bands [rad/s, m/s^2].
        strength: of these, see `bands.levels`.
        slow: what is there without motion: the bias in the first rest; gravity and the offset.
        stand: the same where the body stands still, from each stand's mean pose.
        standing: 1 inside stands, 0 in motion, in between over `RAMP_S`.
        motion: rows in motion at which the pose is believed.
        rest: the same inside stands.
    """

    log: Still
    bands: Bands
    strength: Bands
    slow: Float[np.ndarray, "row 6"]
    stand: Float[np.ndarray, "row 6"]
    standing: Float[np.ndarray, " row"]
    motion: Bool[np.ndarray, " row"]
    rest: Bool[np.ndarray, " row"]

    @property
    def reading(self) -> Float[np.ndarray, "row 6"]:
        """What was read."""
        return np.concatenate([self.log.recording.gyro, self.log.recording.acc], axis=1)


def given_pose(log: Still, frame: Frame, settled: bool = True) -> Given:
    """Ideal readings of a log in a frame; where they are settled, the first rest sets both biases."""
    recording = log.recording
    period = recording.period
    to_gyro, to_acc = np.linalg.inv(frame.rate), np.linalg.inv(frame.force)
    rate = rates(turned(recording.orientation, log.lag - frame.rate_delay / period), period) @ to_gyro.T
    rows = log.lag - frame.force_delay / period
    pose = turned(recording.orientation, rows)
    axes = axes_of(unit(low_passed(pose, POSE_HZ, period)))
    place = shifted(recording.position, rows) + np.einsum("jni,j->ni", axes_of(pose), frame.lever)
    moved = np.gradient(np.gradient(place, period, axis=0), period, axis=0)
    both = np.concatenate([rate, np.einsum("jni,ni->nj", axes, moved) @ to_acc.T], axis=1)
    bands = split(both, period, SEEN)
    slow = np.empty((recording.rows, 6))
    slow[:, :3] = log.bias if settled else 0.0
    slow[:, 3:] = (np.einsum("jni,i->nj", axes, -frame.gravity) - frame.offset) @ to_acc.T
    stand, standing = _stands(log, frame, slow)
    rest = first_rest(recording) & (standing == 1.0)
    if settled and rest.any():
        shift = (recording.acc[rest] - stand[rest, 3:]).mean(axis=0)
        slow[:, 3:] += shift
        stand[:, 3:] += shift
    believed = _believed(log)
    return Given(
        log=log,
        bands=bands,
        strength=levels(bands, period),
        slow=slow,
        stand=stand,
        standing=standing,
        motion=believed & (standing == 0.0) & ~log.still,
        rest=believed & (standing == 1.0),
    )


def _stands(
    log: Still, frame: Frame, slow: Float[np.ndarray, "row 6"]
) -> tuple[Float[np.ndarray, "row 6"], Float[np.ndarray, " row"]]:
    """Readings of stands from their mean poses, and how far each row belongs to one."""
    recording, ramp = log.recording, log.recording.count(RAMP_S)
    stand, standing = slow.copy(), np.zeros(recording.rows)
    back = np.linalg.inv(frame.force)
    for begin, end in runs(log.still):
        quaternion, _ = stand_pose(recording, begin, end)
        axes = axes_of(quaternion[None])[:, 0]
        stand[begin:end, 3:] = back @ (axes @ -frame.gravity - frame.offset)
        row = np.arange(end - begin)
        into = np.full(end - begin, np.inf) if begin == 0 else row
        out = np.full(end - begin, np.inf) if end == recording.rows else row[::-1]
        standing[begin:end] = np.clip(np.minimum(into, out) / ramp, 0.0, 1.0)
    return stand, standing


def _believed(log: Still) -> Bool[np.ndarray, " row"]:
    """Away from holes and the ends of the tracked part."""
    recording = log.recording
    missing = np.roll(recording.missing, -log.lag)
    found = np.asarray(distance_transform_edt(~missing)) > recording.count(BESIDE_S)
    known = np.flatnonzero(~missing)
    edge = recording.count(EDGE_S)
    found[: known[0] + edge], found[known[-1] - edge :] = False, False
    return found
