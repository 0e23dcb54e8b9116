"""The evolution finds a noisy bowl's bottom, remembers what it was told and takes one entry or many."""

import numpy as np
import pytest

from hybridsim.identify.evolve import Evolution
from hybridsim.identify.remember import Told


def bowl(bottom, random):
    return lambda point: float(((point - bottom) ** 2).sum() + 0.001 * random.normal())


@pytest.mark.parametrize("bottom", [[0.7], [0.7, 0.2, 0.5]])
def test_the_bottom_of_a_noisy_bowl_is_found(bottom):
    evolution = Evolution(np.full(len(bottom), 0.5), 0.2, seed=0, box=(0.0, 1.0))
    cost = bowl(bottom, np.random.default_rng(0))
    for _ in range(30):
        evolution.generation(cost)
    assert np.abs(evolution.centre - bottom).max() < 0.05


def search(told, asked, stop=None):
    """Three generations; dies at the `stop`th question."""

    def cost(point):
        asked.append(point)
        if len(asked) == stop:
            raise KeyboardInterrupt
        return float(point @ point)

    evolution = Evolution(np.full(2, 0.5), 0.2, seed=3)
    for _ in range(3):
        evolution.generation(told.costs(cost))
    return evolution.centre


def test_a_killed_search_goes_on_where_it_was(tmp_path):
    whole, first, second, shown = [], [], [], []
    expected = search(Told(21), whole)
    with pytest.raises(KeyboardInterrupt):
        search(Told(21, folder=tmp_path, name="some"), first, stop=9)
    with (tmp_path / "some.txt").open("a") as file:
        file.write("0.12")  # cut short
    again = search(Told(21, lambda done, _: shown.append(done), tmp_path, "some"), second)
    assert again.tolist() == expected.tolist()
    assert len(second) == len(whole) - 8
    assert shown == list(range(1, len(whole) + 1))


def test_what_is_damaged_is_asked_again(tmp_path):
    (tmp_path / "some.txt").write_text("0.5\nnan\n0.25\n")
    told = Told(3, folder=tmp_path, name="some").costs(lambda point: 7.0)
    assert [told(np.zeros(1)) for _ in range(2)] == [0.5, 7.0]
    assert (tmp_path / "some.txt").read_text() == "0.5\n7.0\n"
