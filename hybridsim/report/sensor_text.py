"""What a sensor's scores say in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Scores = Mapping[str, Any]

SENSED = {
    "nominal": "a sensor without errors at the tracked body's origin",
    "identified": "identified sensor and mounting; fixed smoothing of the pose, two spreads",
    "hybrid": "the same; smoothing, spread and spectrum follow the motion",
}


STOOD = {
    "nominal": "a sensor without errors: no rate, and gravity's size",
    "identified": "the log's own bias, and the identified accelerometer",
    "hybrid": "the same",
}


def stood(scores: Scores) -> bool:
    """Whether rests alone were the truth."""
    return scores["sensor"].get("truth") == "rest"


def truth_of(scores: Scores) -> str:
    """What readings were stated from."""
    return "its rests" if stood(scores) else "the tracked pose"


def sensed(scores: Scores) -> bool:
    """Whether a sensor's readings were stated from a tracked pose."""
    return "sensor" in scores


def protocol_text(scores: Scores) -> str:
    """How variants were run."""
    both = "" if stood(scores) else " Smoothing looks both ways in time."
    return f"Every log gives {scores['protocol']['replay']}.{both}"


def lines(scores: Scores) -> Iterator[str]:
    """The scores that only a sensor has."""
    found = scores["sensor"]
    for when, words in (("motion", "In motion"), ("rest", "At rest")):
        held = found["coverage_90"][when]
        if held["logs"]:
            each = np.array(list(held["logs"].values()))
            yield (
                f"{words} the 90 % intervals hold {_percents(held['pooled'])} of the readings "
                f"({_columns(held['columns'])}), log by log {100 * each.min():.0f} to "
                f"{100 * each.max():.0f} %."
            )
    ratio = found["crps_in_motion"]["ratio"]
    if ratio:
        shown = ", ".join(f"{value:.2f}" for value in ratio)
        yield (
            f"CRPS in motion over that of fixed smoothing with two spreads: {shown}; mean "
            f"{np.mean(ratio):.3f}."
        )
    turn = found["turn_30_s"]
    if turn["ratio"] is not None:
        sizes = [np.degrees(turn[key]) for key in ("uncalibrated", "without_bias", "calibrated")]
        yield (
            f"Pure integration over 30 s of motion misses the pose's turn by {sizes[0]:.2f} deg "
            "uncalibrated, "
            f"{sizes[1]:.2f} deg without the bias, {sizes[2]:.2f} deg calibrated (ratio {turn['ratio']:.3f})."
        )
    allan = found["allan_drawn_over_real"]
    for stretch, row in zip(allan["stretch_s"], allan["ratio"], strict=False):
        known = [value for value in row if value is not None]
        if known:
            yield f"Allan deviation at {stretch:g} s, drawn over real: {min(known):.2f} to {max(known):.2f}."


def _percents(values: list[float]) -> str:
    return ", ".join(f"{100 * value:.0f}" for value in values) + " %"


def _columns(names: list[str]) -> str:
    short = {"imu_angular_velocity": "gyroscope", "imu_linear_acceleration": "accelerometer"}
    parts: dict[str, list[str]] = {}
    for name in names:
        signal, _, axis = name.rpartition(".")
        parts.setdefault(short.get(signal, signal), []).append(axis)
    return ", ".join(f"{signal} {' '.join(axes)}" for signal, axes in parts.items())
