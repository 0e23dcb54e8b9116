"""Replays small enough to score by hand."""

import numpy as np
import pytest

from hybridsim.replay import Replay


def make_replay(log_id="a", measured=((0.0,), (0.0,)), predicted=None, **given):
    """A replay of `joint_position` with one component unless told otherwise."""
    measured = np.asarray(measured, dtype=float)
    count, width = measured.shape
    variants = {name: np.asarray(value, dtype=float) for name, value in (predicted or {}).items()}
    filler = {
        "signal": "joint_position",
        "unit": "rad",
        "components": tuple(f"joint_{i}" for i in range(width)),
        "time_s": np.arange(count) * 0.02,
        "command": np.zeros_like(measured),
        "low": None,
        "high": None,
        "speed": np.zeros_like(measured),
        "load": np.full_like(measured, np.nan),
        "enabled": np.ones(count, dtype=bool),
    }
    return Replay(log_id=log_id, measured=measured, predicted=variants, **(filler | given))


@pytest.fixture
def replay():
    """The maker of small replays."""
    return make_replay
