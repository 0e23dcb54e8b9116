"""`hybridsim fleet relearn | verify | watch` as they are typed, and what they say to mistakes."""

import os
import shutil
import signal

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.cli.fleet_tables import show_round
from hybridsim.errors import FleetError
from hybridsim.fleet import founding, watch
from hybridsim.fleet.bench import Basis
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.founding import found
from hybridsim.fleet.gate import Verdict
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


def nobody_keeps(calibration):
    """One unit trains no networks for others."""
    pytest.fail(f"kept {calibration.id}")


@pytest.mark.parametrize("most", [founding.MOST_S, 5.0])
def test_one_unit_is_a_population_that_assumes_the_rest(arms, monkeypatch, most):
    """Its own context is the mean; how far others are is assumed; from one long log first, or always."""
    monkeypatch.setattr(founding, "FIRST_S", 5.0)
    monkeypatch.setattr(founding, "MOST_S", most)
    basis = Basis(DEMO / "arm", next(path for path in (arms.root / "reference").iterdir()))
    population = found(basis, {"u0": of_unit(arms.root / "later", "u0")}, nobody_keeps, engine="serial")
    assert population.units == ("u0",)
    assert np.array(population.covariance) == pytest.approx(np.eye(len(population.entries)), abs=0.02)


def test_watching_goes_on_after_an_error_and_ends_between_steps(arms, tmp_path, capsys, monkeypatch):
    folder, rounds = tmp_path / "fleet", []
    shutil.copytree(arms.root / "settled", folder)
    replay = watch.replay_new

    def lost_once(*given, **options):
        rounds.append(replay(*given, **options))
        if len(rounds) == 2:
            raise FleetError("postgresql://fleet: server closed the connection; nothing was changed")
        if len(rounds) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return rounds[-1]

    def never(*_):
        pytest.fail("a step after it was told to end")

    monkeypatch.setattr(watch, "replay_new", lost_once)
    monkeypatch.setattr(watch.Watch, "_judge", lambda self, *_: never() if len(rounds) == 3 else None)
    assert fleet_of(["watch", "--every", "1", "--engine", "serial"], folder) == 0
    said = capsys.readouterr()
    assert len(rounds) == 3 and said.out.count("logs replayed") == 2
    assert said.err.strip().endswith("nothing was changed; tried again in 1 s")
    assert len(said.err.splitlines()) == 1


def test_watching_a_wrong_folder_ends_at_once(tmp_path, capsys):
    assert fleet_of(["watch", "--every", "1"], tmp_path) == 1
    assert "no fleet there" in capsys.readouterr().err


@pytest.mark.parametrize(("left", "told"), [([1.0, 3.0, 3.5], True), ([1.0, 1.5, 3.0], False)])
def test_a_round_says_whose_logs_no_context_explains(capsys, left, told):
    """Median 3 of at most 2 is what units share; median 1.5 is not."""
    evidence = {"against": ["x"], "misfit": left, "misfit_most": 2.0}
    known = Verdict(
        passed=False, evidence={"against": ["no held-out log that taught neither calibration"], "logs": []}
    )
    verdicts = {"u1": (3, Verdict(passed=False, evidence=evidence)), "u2": (4, known)}
    show_round(watch.Round(verdicts=verdicts), [])
    said = "".join(capsys.readouterr().out.split())
    assert ("nocontextexplainsthelogsofu1:hybridsimfleetrelearn--all" in said) == told
