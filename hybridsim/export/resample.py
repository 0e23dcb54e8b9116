"""Signals on a common clock: commands held, measurements interpolated, orientations turned."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from hybridsim.errors import LogError
from hybridsim.signals import SIGNALS

Method = Literal["hold", "linear", "slerp"]
METHODS: dict[Method, str] = {
    "hold": "last sample held",
    "linear": "linear between samples, no low-pass filter",
    "slerp": "spherical linear between samples",
}
SWITCHES = ("motor_enabled", "intervention", "emergency_stop", "contact", "position_gain")
"""Measurements that jump from one value to another: between two of theirs there is nothing."""


def method_of(name: str, components: int) -> Method:
    """How a signal gets onto another clock."""
    plain = name.partition(".")[0]  # wrench.left is a wrench
    if plain.endswith("_command") or plain in SWITCHES:
        return "hold"
    word = SIGNALS.get(plain)
    return "slerp" if word is not None and word.kind == "quaternion" and components == 4 else "linear"


def clock(start_ns: int, end_ns: int, rate_hz: int) -> Int64[np.ndarray, " frame"]:
    """Stamps of the frames from start to end, both included where they meet."""
    frames = frame_count(start_ns, end_ns, rate_hz)
    # whole nanoseconds without a float of the epoch's size: k * 1e9 / rate, rounded half up
    steps = np.arange(frames, dtype=np.int64)
    whole, rest = np.divmod(steps, rate_hz)
    return start_ns + whole * 10**9 + (2 * rest * 10**9 + rate_hz) // (2 * rate_hz)


def frame_count(start_ns: int, end_ns: int, rate_hz: int) -> int:
    """How many frames fit between two stamps."""
    return (end_ns - start_ns) * rate_hz // 10**9 + 1


def resample(
    stamp_ns: Int64[np.ndarray, " sample"],
    values: Float64[np.ndarray, "sample component"],
    at_ns: Int64[np.ndarray, " frame"],
    method: Method,
) -> Float64[np.ndarray, "frame component"]:
    """Values at other stamps, none of them before the first sample.

    Only `hold` reaches beyond the last one.
    """
    before = np.searchsorted(stamp_ns, at_ns, side="right") - 1
    assert len(at_ns) == 0 or (before[0] >= 0 and (method == "hold" or at_ns[-1] <= stamp_ns[-1]))
    if method == "hold":
        return values[before]
    after = np.minimum(before + 1, len(stamp_ns) - 1)
    span = np.maximum(stamp_ns[after] - stamp_ns[before], 1)
    share = ((at_ns - stamp_ns[before]) / span)[:, None]
    if method == "slerp":
        return _slerp(values[before], values[after], share)
    return values[before] + share * (values[after] - values[before])


def _slerp(
    a: Float64[np.ndarray, "frame 4"],
    b: Float64[np.ndarray, "frame 4"],
    share: Float64[np.ndarray, "frame 1"],
) -> Float64[np.ndarray, "frame 4"]:
    """Rotations on the shorter way from a to b, of length one and without jumps of sign."""
    a, b = _unit(a), _unit(b)
    cosine = np.sum(a * b, axis=1, keepdims=True)
    b, cosine = np.where(cosine < 0, -b, b), np.minimum(np.abs(cosine), 1.0)
    angle = np.arccos(cosine)
    sine = np.where(angle > 1e-6, np.sin(angle), 1.0)
    near = angle <= 1e-6  # so close that a straight line is exact to the last bit
    weight_a = np.where(near, 1 - share, np.sin((1 - share) * angle) / sine)
    weight_b = np.where(near, share, np.sin(share * angle) / sine)
    turned = _unit(weight_a * a + weight_b * b)
    flips = np.sum(turned[1:] * turned[:-1], axis=1) < 0
    return turned * np.where(np.cumsum(np.concatenate([[False], flips])) % 2, -1.0, 1.0)[:, None]


def _unit(quaternion: Float64[np.ndarray, "frame 4"]) -> Float64[np.ndarray, "frame 4"]:
    length = np.linalg.norm(quaternion, axis=1, keepdims=True)
    if np.any(length < 1e-6):
        raise LogError("an orientation is 0, 0, 0, 0; expected a quaternion of length one")
    return quaternion / length
