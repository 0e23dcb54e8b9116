"""What a scenario may do to a robot: one table for batteries, searches and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np


class Disturbance(NamedTuple):
    """A number that a scenario may have."""

    unit: str
    low: float
    """Smallest value."""
    high: float
    needs: str
    """What a robot must have for it, see `verify.fit.NEEDS`; empty for nothing."""
    free: tuple[str, ...]
    """What is drawn, or chosen by a search, along with it where nobody gave it."""
    meaning: str
    neutral: float = 0.0
    """Value that changes nothing, where a search begins."""


_d = Disturbance
TURN = float(np.pi)
DISTURBANCES: Mapping[str, Disturbance] = MappingProxyType(
    {
        "payload_kg": _d("kg", 0.0, 1e3, "carrier", (), "a mass more, see payload_at_m"),
        "push_m_s": _d(
            "m/s",
            0.0,
            10.0,
            "floating",
            ("push_direction_rad", "push_at_s"),
            "sudden change of speed",
        ),
        "push_direction_rad": _d("rad", -TURN, TURN, "floating", (), "of it, from the world's x towards y"),
        "push_at_s": _d("s", 0.0, 1e3, "floating", (), "when; drawn from the first 70 % of an episode"),
        "slope_rad": _d("rad", 0.0, 0.7, "ground", ("slope_heading_rad",), "of the ground"),
        "slope_heading_rad": _d(
            "rad", -TURN, TURN, "ground", (), "where it rises, or friction_beyond begins"
        ),
        "roughness_m": _d("m", 0.0, 0.3, "ground", (), "heights' standard deviation, points 0.125 m apart"),
        "friction": _d("1", 0.0, 5.0, "ground", (), "of the ground, in the place of the task's", 1.0),
        "friction_beyond": _d(
            "1", 0.0, 5.0, "ground", ("slope_heading_rad",), "the same from 0.7 m off the start on", 1.0
        ),
        "battery_voltage_share": _d("1", 0.05, 2.0, "", (), "of the drives' rated voltage", 1.0),
        "delay_ms": _d("ms", 0.0, 80.0, "", (), "that the drives act later than they do anyway"),
        "derating_share": _d("1", 0.0, 1.0, "", ("derating_joints",), "of their largest effort, lost"),
        "gyro_bias_rad_s": _d("rad/s", 0.0, 10.0, "gyroscope", (), "about an axis drawn from all directions"),
        "gyro_noise_rad_s": _d("rad/s", 0.0, 10.0, "gyroscope", (), "of each axis and sample, 1 sigma"),
        "orientation_bias_rad": _d("rad", 0.0, 1.0, "orientation", (), "tilt about a level axis, any"),
        "encoder_bias_rad": _d("rad", 0.0, 0.5, "", (), "joints' zeros, within plus and minus this"),
        "velocity_noise_rad_s": _d("rad/s", 0.0, 10.0, "velocity", (), "of each joint and sample, 1 sigma"),
        "dropout_share": _d("1", 0.0, 1.0, "", (), "of periods that show the last signals"),
        "dropout_ms": _d("ms", 0.0, 1e4, "", ("dropout_at_s",), "in one piece that does so"),
        "dropout_at_s": _d("s", 0.0, 1e3, "", (), "when that begins; drawn as push_at_s is"),
        "tilt_rad": _d("rad", 0.0, 0.7, "floating", ("tilt_direction_rad",), "of the base at the start"),
        "tilt_direction_rad": _d("rad", -TURN, TURN, "floating", (), "level axis it is tilted about"),
        "joint_offset_rad": _d("rad", 0.0, 1.0, "", (), "joints at the start, within plus and minus this"),
    }
)
"""Numbers by key; a key's unit is its end."""
MOMENTS = MappingProxyType({"push_at_s": (0.05, 0.7), "dropout_at_s": (0.05, 0.7)})
"""Shares of an episode between which a moment lies that nobody gave; chosen, so that what follows is seen."""
SEARCHED = tuple(n for n, one in DISTURBANCES.items() if one.low >= 0.0 and n not in MOMENTS)
"""Those whose smallest breaking value can be searched: how strong, not where or when."""


def span_of(key: str, episode_s: float) -> tuple[float, float]:
    """Between which values a search, or a draw of what nobody gave, chooses."""
    if key in MOMENTS:
        low, high = MOMENTS[key]
        return low * episode_s, high * episode_s
    return DISTURBANCES[key].low, DISTURBANCES[key].high
