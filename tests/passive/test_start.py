"""States fitted to free flights, and what flights say about parameters that vary."""

import numpy as np

from hybridsim.passive.near import flying
from hybridsim.passive.parameters import Noise
from hybridsim.passive.setup import setups_of
from hybridsim.passive.start import fit_flights
from hybridsim.scatter import Scatter
from tests.passive.tosses import STEPS, TIMESTEP, cube, prior, random_starts, tossed, tracks_of

TOSSES = 12
NOISE = Noise(position=1e-5, angle=1e-4, linear_velocity=0.05, angular_velocity=0.5)


def made(scatter: float):
    random = np.random.default_rng(0)
    levers = random.normal(scale=scatter, size=TOSSES) if scatter else np.zeros(TOSSES)
    values = [prior(link__cube__com_z=float(lever)) for lever in levers]
    starts = random_starts(TOSSES, seed=5, height=0.25)
    pieces, paths = tossed(values, starts, 0.25)
    return levers, tracks_of(pieces, paths)


def test_a_flight_ends_before_the_first_touch():
    _, tracks = made(0.0)
    samples = flying(setups_of(cube(), [prior()] * TOSSES), tracks)
    for track, flown in zip(tracks, samples, strict=True):
        assert 5 < flown <= len(track.time_s)
        assert track.position[flown - 1, 2] > 0.0524


def test_a_fitted_start_beats_lagging_velocities():
    """Backward differences are half a sample late, less half a step, as velocities lead positions here."""
    _, tracks = made(0.0)
    flights = fit_flights(
        lambda own: setups_of(cube(), [{**prior(), **one} for one in own]),
        tracks,
        {},
        Scatter(),
        NOISE,
        TIMESTEP,
    )
    late = np.array([track.linear_velocity[0] for track in tracks]) - flights.starts.linear_velocity
    assert np.abs(late[:, 2] - 9.81 * (STEPS - 1) / 2 * TIMESTEP).max() < 1e-3
    assert np.abs(late[:, :2]).max() < 2e-3
    assert (flights.samples > 5).all()


def test_a_lever_that_varies_is_seen_in_flight():
    levers, tracks = made(0.005)
    found = fit_flights(
        lambda own: setups_of(cube(), [{**prior(), **one} for one in own]),
        tracks,
        {"link.cube.com_z": 0.0},
        Scatter(sigma={"link.cube.com_z": 0.005}),
        NOISE,
        TIMESTEP,
    )
    seen = np.array([one["link.cube.com_z"] for one in found.varying])
    assert np.corrcoef(seen, levers)[0, 1] > 0.9


def test_a_toss_that_starts_on_the_ground_starts_as_measured():
    _, tracks = made(0.0)
    low = [type(track)(**{**vars(track), "position": track.position - [0, 0, 0.2]}) for track in tracks[:2]]
    flights = fit_flights(
        lambda own: setups_of(cube(), [{**prior(), **one} for one in own]),
        low,
        {},
        Scatter(),
        NOISE,
        TIMESTEP,
    )
    assert (flights.samples == 0).all()
    assert np.allclose(flights.starts.position, [track.position[0] for track in low])


def test_of_four_places_each_flight_has_the_one_it_was_thrown_with():
    name = ("link.cube.com_y", "link.cube.com_z")
    scatter = Scatter(sigma=dict.fromkeys(name, 0.0065), kind="cross")
    places = [scatter.places()[k % 4] for k in range(TOSSES)]
    values = [{**prior(), **place} for place in places]
    starts = random_starts(TOSSES, seed=5, height=0.25)
    pieces, paths = tossed(values, starts, 0.25)
    tracks = tracks_of(pieces, paths)
    found = fit_flights(
        lambda own: setups_of(cube(), [{**prior(), **one} for one in own]),
        tracks,
        dict.fromkeys(name, 0.0),
        scatter,
        NOISE,
        TIMESTEP,
    )
    assert found.varying == places
