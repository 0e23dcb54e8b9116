"""The walk: its script stands safely at any time, the robot covers ground, and a fall is told."""

import numpy as np
import pytest

from hybridsim.cli import demo as command
from hybridsim.cli import main
from hybridsim.demo.gait import Gait, script_of
from hybridsim.demo.walk import walk
from hybridsim.errors import HybridSimError
from hybridsim.report.walk_numbers import foot_rows
from hybridsim.robot import load_robot
from hybridsim.simulator.surfaces import kind_of

NAMES = ("LF_FOOT", "RF_FOOT", "LH_FOOT", "RH_FOOT")
FEET = np.array([[0.4, 0.3, 0.0], [0.4, -0.3, 0.0], [-0.4, 0.3, 0.0], [-0.4, -0.3, 0.0]])
BRISK = Gait(shift_s=0.5, swing_s=0.4, rest_s=0.2)


@pytest.fixture
def anymal():
    try:
        load_robot("anymal_c").urdf_path()
    except HybridSimError as error:
        pytest.skip(f"example-robot-data is not installed: {error}")


def inside(point, corners):
    """Distance of a point from the nearest edge of a triangle, negative outside [m]."""
    centre = corners.mean(axis=0)
    distances = []
    for a, b in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        normal = np.array([b[1] - a[1], a[0] - b[0]])
        normal *= np.sign(normal @ (centre - a)) / np.linalg.norm(normal)
        distances.append(normal @ (point - a))
    return min(distances)


def test_the_centre_of_mass_stays_over_the_standing_feet():
    script = script_of(Gait(), NAMES, FEET, 3, 0.01)
    lifted = script.feet[:, :, 2] > 0.0
    assert lifted.sum(axis=1).max() == 1 and lifted.any(axis=0).all()
    margins = [
        inside(centre[:2], feet[~up, :2])
        for centre, feet, up in zip(script.centre, script.feet, lifted, strict=True)
        if up.any()
    ]
    # feet 0.8 m by 0.6 m: a foot is 0.48 m from the diagonal; 0.35 / 3 of that is 56 mm, less as feet stride
    assert min(margins) > 0.03
    assert script.bearing[lifted].max() == 0.0


def test_every_foot_ends_three_strides_ahead_and_nothing_jumps():
    gait = Gait()
    script = script_of(gait, NAMES, FEET, 3, 0.01)
    assert script.feet[-1] == pytest.approx(FEET + np.array([3 * gait.stride, 0.0, 0.0]))
    assert script.centre[-1] == pytest.approx([3 * gait.stride, 0.0, 0.0])
    # no more than 1.875 / (0.6 * 0.5 s) strides a second: 16 mm a row
    assert np.abs(np.diff(script.feet, axis=0)).max() < 0.017
    assert np.abs(np.diff(script.centre, axis=0)).max() < 0.005


def test_it_walks_from_firm_onto_slippery_ground_and_slides_more_there(anymal, tmp_path):
    grounds = [kind_of("slippery", (0.5, 9.0, -9.0, 9.0)), kind_of("firm")]
    done = walk(tmp_path, surfaces=grounds, strides=2, gait=BRISK)
    assert not done.fell and done.planned == pytest.approx(2 * BRISK.stride)
    assert done.distance == pytest.approx(done.planned, abs=0.15)
    assert np.degrees(done.tilt.max()) < 10.0
    rows = {(row.foot, row.surface): row for row in foot_rows(done.trace)}
    for foot in ("LF_FOOT", "RF_FOOT"):  # at 0.38 on firm ground, at 0.64 and 0.9 on the slippery one
        firm, slippery = rows[foot, "firm"], rows[foot, "slippery"]
        assert (firm.steps, slippery.steps) == (1, 2)
        assert slippery.slip_per_step > 2.0 * firm.slip_per_step and slippery.used > firm.used
    # 511.4 N on four feet most of the time, some of it on three
    assert 100.0 < np.mean([row.mean_load for row in rows.values()]) < 170.0
    page = done.page.read_text(encoding="utf-8")
    assert "SYNTHETIC" in page[:8000] and "slippery" in page
    assert str(done).startswith("SYNTHETIC") and "no fall" in str(done)


def test_a_walk_over_the_edge_is_a_fall(anymal, tmp_path):
    done = walk(tmp_path, surfaces=[kind_of("firm", (-9.0, 0.5, -9.0, 9.0))], strides=1, gait=BRISK)
    assert done.fell and "it fell" in str(done)
    assert done.trace.time_s[-1] < 4 * (BRISK.shift_s + BRISK.swing_s)


@pytest.mark.parametrize(("fell", "code"), [(False, 0), (True, 1)])
def test_exit_code_says_whether_it_fell(monkeypatch, fell, code):
    asked = []

    class Done:
        def __init__(self):
            self.fell = fell

    monkeypatch.setattr(command, "implementation", lambda *names: asked.append(names) or (lambda **_: Done()))
    assert main.run(["demo", "--walk"]) == code
    assert asked == [("hybridsim.demo.walk", "walk")]
