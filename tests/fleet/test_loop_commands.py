"""`hybridsim fleet relearn | verify | watch` as they are typed, and what they say to mistakes."""

import shutil

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.fleet.bench import Basis
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.founding import found
from tests.context.made import DEMO, reference
from tests.fleet.arms import UNITS, of_unit


def fleet_of(words, folder):
    return main.run(["fleet", *map(str, words), "--fleet", str(folder)])


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    assert main.run(["fleet", "init", "--fleet", str(folder), "--robot", str(DEMO / "arm")]) == 0
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["watch"], "nothing is known of its units yet; run hybridsim fleet relearn --all first"),
        (["verify"], "nothing is known of its units yet"),
        (["relearn"], "nothing is known of its units yet"),
        (
            ["relearn", "--all"],
            "relearn: nothing is known of the units yet; expected --reference CALIBRATION",
        ),
        (["relearn", "--reference", "so101"], "--reference: wants --all"),
        (["relearn", "--all", "--reference", "so101"], "is of robot 'so101'; this fleet's is demo_arm"),
        (["relearn", "--all", "--reference", "nowhere"], "no calibration there"),
    ],
)
def test_mistakes_are_one_line(empty, capsys, words, said):
    capsys.readouterr()
    assert fleet_of(words, empty) == 1
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1


def test_a_fleet_without_logs_and_a_unit_that_is_not_there(empty, arms, tmp_path, capsys):
    saved = reference().save(tmp_path / "reference")
    assert fleet_of(["relearn", "--all", "--reference", saved], empty) == 1
    assert "0 units: none has 2 logs to learn from" in capsys.readouterr().err
    shutil.copytree(arms.root / "settled", tmp_path / "settled")
    for command in ("relearn", "verify"):
        assert fleet_of([command, "--serial", "u9", "--engine", "serial"], tmp_path / "settled") == 1
        error = capsys.readouterr().err
        assert "no unit 'u9' in this fleet; available: u0, u1, u2" in error and len(error.splitlines()) == 1


def test_relearn_and_verify_by_hand_then_watch_promotes(arms, tmp_path, capsys):
    folder, store = tmp_path / "fleet", tmp_path / "after"
    shutil.copytree(arms.root / "settled", folder)
    shutil.copytree(arms.root / "after", store)
    assert fleet_of(["relearn", "--engine", "serial"], folder) == 0
    assert "no unit is new or has changed" in capsys.readouterr().out
    assert fleet_of(["ingest", store], folder) == 0
    assert fleet_of(["relearn", "--serial", "u0", "--engine", "serial"], folder) == 0
    assert fleet_of(["verify", "--serial", "u0", "--engine", "serial"], folder) == 0
    assert "yes" in capsys.readouterr().out
    fleet = Fleet.open(folder)
    assert len(fleet.registry.history("u0")) == 1
    fleet.close()
    assert fleet_of(["watch", store, "--engine", "serial"], folder) == 0
    said = capsys.readouterr().out
    assert "0 challengers judged, 1 promoted" in said
    fleet = Fleet.open(folder)
    assert [len(fleet.registry.history(serial)) for serial in UNITS] == [2, 1, 1]
    fleet.close()


def test_one_unit_is_a_population_that_assumes_the_rest(arms):
    """Its own context is the mean; how far others are from it is assumed."""
    basis = Basis(DEMO / "arm", next(path for path in (arms.root / "reference").iterdir()))
    population = found(basis, {"u0": of_unit(arms.root / "later", "u0")}, engine="serial")
    assert population.units == ("u0",)
    assert np.array(population.covariance) == pytest.approx(np.eye(len(population.entries)))
