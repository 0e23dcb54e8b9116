"""Tosses in numbers: planted bounces, landings, energies and errors come back."""

from itertools import pairwise

import numpy as np
import pytest

from hybridsim.passive.setup import setups_of
from hybridsim.report.impacts import impact_times, landing
from hybridsim.report.toss_body import Body, Motion, bodies_of, energy, tosses_of
from hybridsim.report.toss_frames import frames_figure, moments
from hybridsim.report.tosses import at_moments, through_impacts, toss_scores
from hybridsim.score.scores import plain
from tests.passive import tosses as made_up

GRAVITY, HALF_EDGE = 9.81, 0.05
CORNERS = HALF_EDGE * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def cube(**given):
    own = {
        "corners": CORNERS,
        "radius": np.zeros(8),
        "mass": 0.4,
        "com": np.zeros(3),
        "inertia": 7e-4 * np.eye(3),
        "gravity": GRAVITY,
        "ground": 0.0,
    }
    return Body(**(own | given))


def about(axis, angle):
    """Quaternions xyzw about one axis."""
    axis = np.array(axis) / np.linalg.norm(axis)
    return np.c_[np.sin(angle / 2)[:, None] * axis, np.cos(angle / 2)]


def flat(time, position):
    return Motion(time_s=time, position=position, orientation=np.tile([0.0, 0.0, 0.0, 1.0], (len(time), 1)))


def test_planted_bounces_are_found_at_either_rate(bounces):
    for rate in (148.0, 1000.0):
        motion, planted = bounces(rate)
        noise = np.random.default_rng(0).normal(scale=5e-5, size=motion.position.shape)
        noisy = Motion(time_s=motion.time_s, position=motion.position + noise, orientation=motion.orientation)
        found = impact_times(noisy, GRAVITY)
        assert len(found) == len(planted) and np.abs(found - planted).max() < 7e-3


def test_what_rests_slides_or_flies_has_no_impact():
    time = np.arange(150) / 148.0
    noise = np.random.default_rng(1).normal(scale=5e-5, size=(150, 3))
    resting = np.tile([0.0, 0.0, HALF_EDGE], (150, 1)) + noise
    sliding = resting + (0.8 * time - 0.5 * 2.0 * time**2)[:, None] * [1.0, 0.0, 0.0]
    flying = resting + np.c_[time, time, 4.0 * time - 0.5 * GRAVITY * time**2]
    for position in (resting, sliding, flying):
        assert len(impact_times(flat(time, position), GRAVITY)) == 0


def test_hits_that_last_are_one_impact():
    # Stopped from 2 m/s over 15 ms: 13 weights all the while, which is one impact, not three.
    time = np.arange(200) / 1000.0
    speed = np.clip(2.0 - 2.0 * (time - 0.1) / 0.015, 0.0, 2.0)
    place = np.c_[np.cumsum(speed) / 1000.0, np.zeros(200), np.zeros(200)]
    assert len(impact_times(flat(time, place), GRAVITY)) == 1


@pytest.mark.parametrize(
    ("axis", "angle", "kind"),
    [
        ((1, 0, 0), 0.0, "face"),
        ((1, 0, 0), 0.02, "face"),  # 2 mm over the edge's 100 mm
        ((1, 0, 0), np.pi / 4, "edge"),
        ((1, 1, 0), np.arccos(1 / np.sqrt(3)), "corner"),
        ((1, 1, 0), 0.2, "corner"),
    ],
)
def test_a_body_lands_on_what_is_lowest(axis, angle, kind):
    time = np.arange(60) / 148.0
    place = np.c_[np.zeros((60, 2)), 0.3 - 0.5 * GRAVITY * time**2]
    motion = Motion(time_s=time, position=place, orientation=about(axis, np.full(60, angle)))
    assert landing(motion, cube()) == kind


def test_energy_is_kept_in_flight_also_off_the_middle():
    body = cube(com=np.array([0.006, -0.004, 0.003]))
    time = np.arange(60) / 148.0
    turned = about((1, 2, 3), 12.0 * time)
    centre = np.c_[0.5 * time, -0.3 * time, 0.5 + 1.5 * time - 0.5 * GRAVITY * time**2]
    spun = Motion(time_s=time, position=np.zeros((60, 3)), orientation=turned)
    motion = Motion(time_s=time, position=centre - spun.at(body.com[None])[:, 0], orientation=turned)
    held = energy(body, motion, 1)
    # 0.2 (0.25 + 0.09 + 2.25) + 0.5 * 7e-4 * 144 + 0.4 * 9.81 * 0.5 = 0.518 + 0.0504 + 1.962 J
    assert np.isnan(held[[0, -1]]).all()
    np.testing.assert_allclose(held[1:-1], 2.5304, rtol=1e-4)


def test_a_bounce_loses_what_was_planted(bounces):
    motion, planted = bounces(1000.0)
    found = through_impacts(cube(), motion, planted)
    # Dropped from 0.30 to 0.05 m with half the speed left: 0.05 + 0.25 / 4 of 0.30 above the ground, then
    # 0.05 + 0.25 / 16 of 0.1125; sideways speed adds 0.5 * 0.4^2 / 9.81 = 0.00815 m of height to each.
    one, two, three = 0.30 + 0.00815, 0.1125 + 0.00815, 0.065625 + 0.00815
    np.testing.assert_allclose(found, [two / one, three / two], rtol=2e-3)
    assert np.isnan(through_impacts(cube(whole=False), motion, planted)).all()  # joints hold energy too
    assert np.isnan(through_impacts(cube(), motion, planted + 0.1)).all()  # other impacts than the real ones


def test_errors_are_read_after_impacts_but_before_the_next():
    time = np.arange(1000) / 1000.0
    found = at_moments(time, time, np.array([0.1, 0.3, 0.33, 0.5, 0.6]))
    # Before 0.1 - 0.01; 0.1 + 0.05; 0.33 - 0.01 because it comes sooner; 0.33 + 0.05; mean of 0.55 and 0.65.
    np.testing.assert_allclose(found, [0.09, 0.15, 0.32, 0.38, 0.60])
    none = at_moments(time, time, np.zeros(0))
    assert none[0] == time[-1] and np.isnan(none[1:]).all()


def test_scores_of_planted_errors(toss_replays):
    replays, planted = toss_replays
    ids = sorted({replay.log_id for replay in replays})
    found = plain(toss_scores(replays, dict.fromkeys(ids, cube())))
    before, first = found["after_impact"][:2]
    assert (before["label"], first["label"], first["logs"]) == ("before", "1", len(ids))
    nominal, hybrid = first["variants"]["nominal"], first["variants"]["hybrid"]
    assert before["variants"]["nominal"]["base_position"]["median"] < 1e-12
    assert nominal["base_position"]["median"] == pytest.approx(planted["nominal"])
    assert hybrid["base_position"]["quartiles"] == pytest.approx([planted["hybrid"]] * 2)
    assert nominal["base_orientation"]["median"] == pytest.approx(planted["angle"])
    assert sum(one["logs"] for one in found["by_speed"]) == len(ids)
    assert [(one["label"], one["logs"]) for one in found["by_landing"]] == [("face", len(ids))]
    log = found["logs"][ids[0]]
    assert log["energy_after_over_before"]["hybrid"] == pytest.approx(
        log["energy_after_over_before"]["measured"], rel=0.02
    )


def test_frames_keep_their_scale_and_spread_along_the_path(toss_replays):
    toss = tosses_of(toss_replays[0])[0]
    rows = moments(toss.measured)
    steps = np.linalg.norm(np.diff(toss.measured.position, axis=0), axis=1)
    assert rows[0] == 0 and rows[-1] == len(toss.measured.time_s) - 1
    between = [steps[a:b].sum() for a, b in pairwise(rows)]
    assert max(between) - min(between) < 2 * steps.max() + 1e-9
    layout = frames_figure(toss, cube().drawing(), ["hybrid"]).layout
    assert (layout.yaxis.scaleanchor, layout.yaxis2.scaleanchor) == ("x", "x2")
    assert layout.xaxis.range == layout.xaxis2.range


def test_bodies_have_the_lengths_and_times_of_the_data():
    values = made_up.prior(data__length_scale=0.98, data__time_scale=1.02, link__cube__rounding=0.003)
    body = bodies_of(setups_of(made_up.cube(), [values]))[0]
    assert body.whole and body.mass == pytest.approx(0.37)
    # Half of 0.1048 m less 0.003 m, and 0.003 m, as the data measure them; 9.81 * 0.98 / 1.02^2 m/s^2.
    np.testing.assert_allclose(np.abs(body.corners), 0.98 * (0.0524 - 0.003))
    np.testing.assert_allclose(body.radius, 0.98 * 0.003)
    assert body.gravity == pytest.approx(9.81 * 0.98 / 1.02**2)


def test_simulated_tosses_are_hit_just_after_they_touch():
    values = made_up.prior(contact__stiffness=1e4, contact__damping=20.0)
    pieces, paths = made_up.tossed([values] * 6, made_up.random_starts(6, seed=3), 0.5)
    body = bodies_of(setups_of(made_up.cube(), [values]))[0]
    kept = []
    for track in made_up.tracks_of(pieces, paths):
        motion = Motion(time_s=track.time_s, position=track.position, orientation=track.orientation)
        touched = motion.time_s[np.flatnonzero(motion.clearance(body).min(axis=1) < 1e-4)[0]]
        first = impact_times(motion, body.gravity)[0]
        assert -0.007 < first - touched < 0.02
        kept.append(through_impacts(body, motion, np.array([first]))[0])
    known = np.array(kept)[np.isfinite(kept)]  # not where the next impact follows at once
    assert len(known) >= 3 and known.min() > 0.2 and known.max() < 1.0
