"""Scores that only a sensor has: coverage in motion and at rest, turns over 30 s, Allan deviations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.frames import conjugate, product, rotation_vector
from hybridsim.sensing.allan import pooled_deviation
from hybridsim.sensing.curves import curves, drawn, real, rest_parts
from hybridsim.sensing.judge import motion_scores
from hybridsim.sensing.read import Read
from hybridsim.sensing.recording import ACC, AXES, GYRO
from hybridsim.sensing.turns import accumulated, turned

SHARE = 0.9
TURN_S, TURN_EVERY_S = 30.0, 0.5
"""Of pure integration, and between two starts."""
STRETCHES_S = (0.1, 1.0, 10.0)
COLUMNS = [(GYRO, axis) for axis in AXES] + [(ACC, axis) for axis in AXES]


def sensor_scores(reads: Sequence[Read]) -> dict[str, Any]:
    """All of them."""
    return {
        "coverage_90": {when: _coverage(reads, when) for when in ("motion", "rest")},
        "crps_in_motion": _crps(reads),
        "turn_30_s": _turns(reads),
        "allan_drawn_over_real": _allan(reads),
        "curves": curves(reads),
    }


def _coverage(reads: Sequence[Read], when: str) -> dict[str, Any]:
    """Share of the readings inside their 90 % interval, all logs together and log by log."""
    by_log, inside, count = {}, np.zeros(6), 0
    for read in reads:
        given = read.stated.given
        rows: Bool[np.ndarray, " row"] = getattr(given, when)
        if not rows.any():
            continue
        low, high = read.stated.interval(SHARE)
        hit = ((given.reading >= low) & (given.reading <= high))[rows]
        by_log[read.place.recording.log_id] = hit.mean(axis=0).tolist()
        inside, count = inside + hit.sum(axis=0), count + len(hit)
    pooled = inside / max(count, 1)
    return {"columns": _names(), "pooled": pooled.tolist(), "logs": by_log}


def _crps(reads: Sequence[Read]) -> dict[str, Any]:
    """Of the model that follows the motion over that with two spreads; below 1 is better."""
    some = [read for read in reads if read.stated.given.motion.any()]
    following = np.array([motion_scores(read.stated.given, read.stated) for read in some])
    fixed = np.array([motion_scores(read.plain.given, read.plain) for read in some])
    if not len(some):
        return {"columns": _names(), "ratio": [], "logs": {}}
    return {
        "columns": _names(),
        "ratio": (following.mean(axis=0) / fixed.mean(axis=0)).tolist(),
        "ratio_mean": float((following.mean(axis=0) / fixed.mean(axis=0)).mean()),
        "logs": {
            read.place.recording.log_id: ratio.tolist()
            for read, ratio in zip(some, following / fixed, strict=True)
        },
    }


def _turns(reads: Sequence[Read]) -> dict[str, Any]:
    """Root of the mean squared error of turns over 30 s of pure integration, in motion [rad]."""
    raw, bias, calibrated = [], [], []
    for read in reads:
        log, frame = read.stated.given.log, read.place.frame
        gyro, rows = log.recording.gyro, read.stated.given.motion
        for found, rate in (
            (raw, gyro),
            (bias, gyro - log.bias),
            (calibrated, (gyro - log.bias) @ frame.rate.T),
        ):
            found.append(_turn_errors(read, rate, rows))
    sizes = {
        name: float(np.sqrt(np.mean(np.concatenate(found) ** 2))) if sum(map(len, found)) else None
        for name, found in (("uncalibrated", raw), ("without_bias", bias), ("calibrated", calibrated))
    }
    whole, left = sizes["uncalibrated"], sizes["calibrated"]
    return {"unit": "rad", **sizes, "ratio": None if not whole or left is None else left / whole}


def _turn_errors(read: Read, rate: Float[np.ndarray, "row 3"], rows: Bool[np.ndarray, " row"]) -> np.ndarray:
    """Angles by which integrated rates miss the pose's turns [rad]."""
    log = read.stated.given.log
    recording = log.recording
    pose = turned(recording.orientation, log.lag - read.place.frame.rate_delay / recording.period)
    length, every = recording.count(TURN_S), recording.count(TURN_EVERY_S)
    first = np.arange(0, recording.rows - length, every)
    last = first + length
    moving = np.concatenate([[0], np.cumsum(~log.still)])
    missing = np.roll(recording.missing, -log.lag)
    used = (moving[last] - moving[first] > 0.7 * length) & ~missing[first] & ~missing[last] & rows[first]
    first, last = first[used], last[used]
    swept = accumulated(np.ascontiguousarray(rate), recording.period)
    by_pose = product(conjugate(pose[first]), pose[last])
    by_rate = product(conjugate(swept[first]), swept[last])
    return np.linalg.norm(rotation_vector(conjugate(by_pose), by_rate), axis=1)


def _allan(reads: Sequence[Read]) -> dict[str, Any]:
    """Allan deviation of drawn over real readings in long rests."""
    parts = [rest_parts(reads, chosen) for chosen in (real, drawn)]
    if not parts[0]:
        return {"columns": _names(), "stretch_s": list(STRETCHES_S), "ratio": []}
    period = reads[0].stated.given.log.recording.period
    deviation = [pooled_deviation(part, period, STRETCHES_S) for part in parts]
    ratio = deviation[1] / deviation[0]
    return {
        "columns": _names(),
        "stretch_s": list(STRETCHES_S),
        "ratio": [[None if not np.isfinite(v) else float(v) for v in row] for row in ratio],
    }


def _names() -> list[str]:
    return [f"{signal}.{axis}" for signal, axis in COLUMNS]
