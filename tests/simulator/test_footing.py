"""Points within faces resist spinning and tipping as even pressure does."""

from itertools import product

import numpy as np
import pytest

from hybridsim.simulator.footing import faces_of, footing_of, mean_lever
from tests.passive.pushes import MASS, TURN, lying, plate, prior, pushed, straight

SQUARE = (np.sqrt(2) + np.log(1 + np.sqrt(2))) / 6
"""Mean distance from the middle of a square of edge 1: 0.3826."""
FACES = '[touch]\nlinks = ["plate"]\npressure = "faces"\nsource = "lies flat"'


def box(x: float, y: float, z: float) -> np.ndarray:
    return np.array(list(product((-0.5, 0.5), repeat=3))) * [x, y, z]


def disc(radius: float, count: int) -> np.ndarray:
    angle = np.arange(count) * 2 * np.pi / count
    rim = radius * np.c_[np.cos(angle), np.sin(angle)]
    return np.concatenate([np.c_[rim, np.full(count, s * 0.02)] for s in (-1, 1)])


def below(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places and loads of everything that stands on level ground."""
    found = footing_of(corners)
    places = np.concatenate([corners, found.places(corners, 1.0)])
    load = np.concatenate([np.ones(len(corners)), found.share])
    down = places[:, 2] < corners[:, 2].min() + 1e-9
    return places[down], load[down] / load[down].sum()


def test_a_square_has_the_lever_of_even_pressure():
    assert pytest.approx(0.3826, abs=1e-4) == SQUARE
    square = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    assert mean_lever(square) == pytest.approx(SQUARE, rel=1e-12)


# Even pressure over a by b: mean square a^2 / 12 along a. Over a disc: mean lever 2/3 r, mean square r^2 / 4.
# Over 2 by 1, by summing 4000 x 4000 places: 0.5932.
@pytest.mark.parametrize(
    ("corners", "lever", "squares"),
    [
        (box(1.0, 1.0, 0.3), SQUARE, (1 / 12, 1 / 12)),
        (box(2.0, 1.0, 0.3), 0.5934, (4 / 12, 1 / 12)),
        (disc(1.0, 48), 2 / 3, (1 / 4, 1 / 4)),
    ],
)
def test_loads_are_those_of_even_pressure(corners, lever, squares):
    places, load = below(corners)
    assert load @ np.hypot(*places[:, :2].T) == pytest.approx(lever, rel=0.01)
    assert load @ places[:, 0] ** 2 == pytest.approx(squares[0], rel=0.01)
    assert load @ places[:, 1] ** 2 == pytest.approx(squares[1], rel=0.01)
    assert np.abs(load @ places[:, :2]).max() < 1e-9


def test_faces_are_whole_and_small_ones_stand_on_corners():
    assert sorted(len(face) for face in faces_of(box(1.0, 1.0, 0.3))) == [4] * 6
    assert len(footing_of(box(1.0, 1.0, 0.3)).corner) == 8, "four points within each of the two large faces"


@pytest.mark.parametrize(("footing", "lever"), [("", np.sqrt(0.5)), (FACES, SQUARE)])
def test_a_spinning_plate_stops_when_its_pressure_says(tmp_path, footing, lever):
    """Spin falls by 0.3 * weight * lever * edge / inertia a second; about half of it is gone at the end."""
    robot = plate(tmp_path, footing=footing)
    values = prior(robot, contact__friction=0.3)
    rate = 0.3 * MASS * 9.81 * lever * 0.1 / TURN
    seconds = 0.5 * 8.0 / rate // 0.01 * 0.01
    starts = lying(1)._replace(angular_velocity=np.array([[0.0, 0.0, 8.0]]))
    _, paths = pushed(robot, [values], [straight([1.0, 1.0], [0.0, 0.0], seconds)], seconds, starts)
    turned = 2 * np.arctan2(paths.orientation[-1, 2], paths.orientation[-1, 3])
    assert turned == pytest.approx(8.0 * seconds - rate * seconds**2 / 2, rel=0.02)
