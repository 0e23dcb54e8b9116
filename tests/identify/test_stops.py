"""Mechanical stops: found where a joint was pushed on, not where it only turned round."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.identify.stops import found_stops
from tests.identify.bench import log_of

HIGH = "drive.pendulum.stop_high"
LOW = "drive.pendulum.stop_low"


def log(command, measured):
    """50 Hz."""
    return log_of(np.arange(len(command)) / 50.0, command, measured)


def pushed(seconds=1.0, beyond=0.3, end=0.8):
    """Up to `end`, held there for a while with the command `beyond` it, and back."""
    rows = round(seconds * 50)
    way = np.linspace(0.0, end, 40)
    measured = np.concatenate([way, np.full(rows, end), way[::-1]])
    command = np.concatenate([way, np.full(rows, end + beyond), way[::-1]])
    return log(command, measured)


def test_a_stop_is_where_the_joint_was_held_back():
    assert found_stops([pushed()], ["pendulum"]) == {HIGH: pytest.approx(0.8)}


def test_the_other_side_is_its_mirror_image():
    mirrored = replace(pushed(), command=-pushed().command, measured=-pushed().measured)
    assert found_stops([mirrored], ["pendulum"]) == {LOW: pytest.approx(-0.8)}


@pytest.mark.parametrize(
    "free",
    [
        pushed(beyond=0.05),
        pushed(seconds=0.1),
        log(np.sin(np.arange(200) / 20), np.sin(np.arange(200) / 20 - 0.1)),
    ],
    ids=["friction could hold that", "too short", "never pushed"],
)
def test_no_stop_where_nothing_pushed(free):
    assert found_stops([free], ["pendulum"]) == {}


def test_a_log_that_went_further_shows_that_it_was_no_stop():
    assert found_stops([pushed(end=0.8), pushed(beyond=0.0, end=1.2)], ["pendulum"]) == {}


def test_missing_samples_are_no_stop_and_hide_none():
    holed = pushed()
    measured = holed.measured.copy()
    measured[::7] = np.nan
    found = found_stops([replace(holed, measured=measured)], ["pendulum"])
    assert found.get(HIGH, 0.8) == pytest.approx(0.8)
    assert LOW not in found
