"""`hybridsim fleet`: what is typed, what is printed, and what is left behind."""

import json

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.fleet.artefacts import Artefacts
from hybridsim.fleet.fleet import Fleet
from hybridsim.log import Constant, LogDraft, LogStore, Signal, read_log

START = 1_700_000_000 * 10**9


def log(serial="u1", start=START, robot="xl330_pendulum", level=0.0, mass=None, **labels):
    stamps = start + np.arange(100, dtype=np.int64) * 10**7
    values = level + np.linspace(0.0, 1.0, 100)[:, None]
    signal = Signal("joint_position", "rad", ("pendulum",), stamps, values)
    carried = {} if mass is None else {"payload_mass": (mass, "kg"), "payload_length": (0.1, "m")}
    constants = {name: Constant(value=value, unit=unit) for name, (value, unit) in carried.items()}
    signals = {"joint_position": signal}
    return LogDraft(
        robot=robot, serial=serial, name="swing", signals=signals, constants=constants, labels=labels
    )


@pytest.fixture
def fleet(tmp_path):
    folder = tmp_path / "fleet"
    assert main.run(["fleet", "init", "--fleet", str(folder), "--robot", "xl330_pendulum"]) == 0
    return folder


@pytest.fixture
def logs(tmp_path):
    store = LogStore(tmp_path / "logs")
    return store, lambda **changes: store.add(log(**changes))[0]


def fleet_of(words, folder):
    return main.run(["fleet", *map(str, words), "--fleet", str(folder)])


def test_from_logs_to_a_calibration_and_back(fleet, logs, capsys):
    store, add = logs
    first, second = add(), add(serial="u2", level=1.0)
    assert fleet_of(["ingest", store.root, "--enrol"], fleet) == 0
    assert "2 new logs, 0 that were there already, 0 turned away" in capsys.readouterr().out
    assert fleet_of(["ingest", store.root], fleet) == 0
    assert "0 new logs, 2 that were there already" in capsys.readouterr().out
    kept = fleet / "artefacts" / "logs"
    assert (
        sorted(one.name for one in kept.iterdir()) == sorted([first, second])
        and read_log(kept / first).serial == "u1"
    )
    assert fleet_of(["promote", "xl330_pendulum"], fleet) == 0
    assert fleet_of(["promote", "xl330_pendulum"], fleet) == 0
    assert capsys.readouterr().out.count("as before") == 2
    assert fleet_of(["status", "--json"], fleet) == 0
    units = json.loads(capsys.readouterr().out)["units"]
    assert [(u["serial"], u["logs"], u["alarms"]) for u in units] == [("u1", 1, 0), ("u2", 1, 0)]
    assert units[0]["last_ns"] == START + 99 * 10**7
    assert fleet_of(["status"], fleet) == 0
    assert "2 units, 2 logs, 0.0 h; 0 without a calibration" in capsys.readouterr().out
    assert fleet_of(["history", "--serial", "u1", "--json"], fleet) == 0
    (step,) = json.loads(capsys.readouterr().out)["steps"]
    assert step["calibration"] == units[0]["calibration"] and step["number"] == 1
    assert fleet_of(["rollback", "--serial", "u1"], fleet) == 1
    assert "nothing was promoted before" in capsys.readouterr().err


def test_the_history_says_when_payload_and_site_changed(fleet, logs, capsys):
    store, add = logs
    days = [START + n * 86_400 * 10**9 for n in range(4)]
    add(start=days[0], mass=0.1, site="hall [1]")
    later = add(start=days[2], mass=0.3)
    add(start=days[1], mass=0.1)
    add(start=days[3])
    assert fleet_of(["ingest", store.root, "--enrol"], fleet) == 0
    assert fleet_of(["promote", "xl330_pendulum"], fleet) == 0
    capsys.readouterr()
    assert fleet_of(["history", "--serial", "u1", "--json"], fleet) == 0
    first, second = json.loads(capsys.readouterr().out)["settings"]
    assert (first["payload"], first["site"], first["since_ns"]) == (
        {"payload_mass": 0.1, "payload_length": 0.1},
        "hall [1]",
        days[0],
    )
    assert (second["payload"]["payload_mass"], second["site"]) == (0.3, "hall [1]")
    assert (second["log_id"], second["since_ns"]) == (later, days[2])
    assert fleet_of(["history", "--serial", "u1"], fleet) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "payload_mass 0.3, payload_length 0.1, site hall [1]" in shown
    assert shown.index("payload_mass 0.1") < shown.index("payload_mass 0.3") < shown.index("u1 1 ")


def test_status_of_many_shows_those_that_want_looking_after(fleet, capsys):
    opened = Fleet.open(fleet)
    opened.registry.enrol([f"u{n:02}" for n in range(60)])
    opened.registry.add_calibration("one")
    for n in range(59):
        opened.registry.promote(f"u{n:02}", "one")
    opened.close()
    assert fleet_of(["status"], fleet) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[0] == "u59" and "... and 20 more; --all shows them" in lines
    assert fleet_of(["status", "--all"], fleet) == 0
    assert capsys.readouterr().out.count(" one ") == 59


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serial": "stranger"}, "no unit 'stranger' in this fleet; available: u1"),
        ({"robot": "so101"}, "is of robot 'so101'; this fleet's is xl330_pendulum"),
        ({"start": 4_000_000_000 * 10**9}, "expected a log of the past"),
    ],
)
def test_a_log_that_is_turned_away_touches_no_other(fleet, logs, capsys, changes, words):
    store, add = logs
    add()
    assert fleet_of(["ingest", store.root, "--enrol"], fleet) == 0
    bad, good = add(**changes), add(level=2.0)
    assert fleet_of(["ingest", store.root], fleet) == 1
    said = capsys.readouterr()
    assert "1 new logs, 1 that were there already, 1 turned away" in said.out
    assert words in said.err and bad in said.err and len(said.err.splitlines()) == 1
    kept = [one.name for one in (fleet / "artefacts" / "logs").iterdir()]
    assert good in kept and bad not in kept


def test_a_damaged_log_is_turned_away(fleet, logs, capsys):
    store, add = logs
    file = store.root / add() / "joint_position.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    assert fleet_of(["ingest", store.root, "--enrol"], fleet) == 1
    assert "joint_position" in capsys.readouterr().err and not (fleet / "artefacts" / "logs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest", "nowhere"], "holds no logs; expected a folder that hybridsim ingest wrote"),
        (["promote", "so101"], "is of robot 'so101'; this fleet's is xl330_pendulum"),
        (["promote", "nowhere"], "no calibration there"),
        (["promote", "xl330_pendulum", "--serial", "u9"], "no unit 'u9' in this fleet; available: none"),
        (["history", "--serial", "u9"], "no unit 'u9'"),
        (["init", "--robot", "so101"], "is of another fleet"),
        (["init", "--robot", "xl330_pendulum", "--database", "sqlite:///other.db"], "is of another fleet"),
    ],
)
def test_what_does_not_fit_is_one_line(fleet, capsys, words, said):
    assert fleet_of(words, fleet) == 1
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert not (fleet / "other.db").exists()


def test_storage_that_nobody_knows_is_refused_and_leaves_no_fleet(tmp_path, capsys):
    words = ["fleet", "init", "--fleet", str(tmp_path), "--robot", "so101", "--artefacts", "nope://x"]
    assert main.run(words) == 1
    assert "Protocol not known: nope" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_folder_without_a_fleet_and_a_misspelt_file(tmp_path, fleet, capsys):
    assert fleet_of(["status"], tmp_path) == 1
    assert "no fleet there; expected a folder that hybridsim fleet init made" in capsys.readouterr().err
    (fleet / "fleet.toml").write_text('schema = 1\nrobot = "so101"\nbase = "x"\n')
    assert fleet_of(["status"], fleet) == 1
    assert "unknown key 'base'; known keys: schema, robot, database, artefacts" in capsys.readouterr().err


def test_artefacts_from_afar_come_here_whole(tmp_path, logs):
    store, add = logs
    name = add()
    far = Artefacts("memory://fleet", tmp_path / "cache")
    assert not far.has("logs", name)
    far.put("logs", name, store.root / name)
    far.put("logs", name, store.root / name)
    assert far.has("logs", name) and read_log(far.folder("logs", name)).log_id == name
    assert far.folder("logs", name) == tmp_path / "cache" / "logs" / name


def test_the_environment_names_a_database_with_a_password(fleet, monkeypatch, remote):
    monkeypatch.setenv("HYBRIDSIM_FLEET_DATABASE", remote)
    opened = Fleet.open(fleet)
    opened.registry.enrol(["afar"])
    opened.close()
    monkeypatch.delenv("HYBRIDSIM_FLEET_DATABASE")
    opened = Fleet.open(fleet)
    assert opened.registry.units() == []
    opened.close()
