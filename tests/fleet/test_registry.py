"""What a fleet remembers: in SQLite and PostgreSQL, with other writers, and what it refuses."""

import multiprocessing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from hybridsim.errors import FleetError
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.migrate import MIGRATIONS
from hybridsim.fleet.registry.registry import Registry
from hybridsim.fleet.registry.standing import NEWEST, read_standings
from hybridsim.fleet.registry.tables import Table, Unit
from hybridsim.fleet.registry.transaction import transaction

DAY = 86_400 * 10**9
START = 1_700_000_000 * 10**9


def entry(number, serial="a", **changes):
    began = START + number * DAY
    given = {"log_id": f"{number:016x}", "serial": serial, "began_ns": began, "ended_ns": began + 30 * 10**9}
    return LogEntry(**{**given, "session": "", **changes})


def with_calibrations(registry, *names):
    for name in names:
        registry.add_calibration(name)


def passed(registry, serial, calibration):
    return registry.add_verdict(serial, calibration, passed=True, evidence={"gain": 0.1})


def test_the_same_log_twice_is_one_log_and_logs_come_from_old_to_new(registry):
    assert registry.enrol(["b", "a", "b"]) == ["b", "a"] and registry.enrol(["a"]) == []
    assert [registry.add_log(entry(n)) for n in (2, 1, 2)] == [True, True, False]
    assert registry.add_log(entry(3, "b"))
    judge = entry(1, held_out=True)
    assert registry.logs("a") == [judge, entry(2)] and registry.logs() == [judge, entry(2), entry(3, "b")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (entry(5, "nobody"), "no unit 'nobody' in this fleet; available: a, b"),
        (entry(10**4), "begins [0-9]{9} s from now; expected a log of the past"),
        (entry(1, "b"), "is of unit 'a' already; given: 'b'"),
    ],
)
def test_logs_that_cannot_be_are_refused_and_nothing_changes(registry, given, words):
    registry.enrol(["a", "b"])
    registry.add_log(entry(1))
    with pytest.raises(FleetError, match=words):
        registry.add_log(given)
    assert registry.logs() == [entry(1)]


def test_promotions_want_a_verdict_against_what_is_current(registry):
    registry.enrol(["a", "b"])
    with_calibrations(registry, "one", "two", "three")
    assert registry.promote("a", "one").number == 1
    assert registry.promote("a", "one") is None
    with pytest.raises(FleetError, match="'a': has one; expected a verdict"):
        registry.promote("a", "two")
    failed = registry.add_verdict("a", "two", passed=False, evidence={})
    with pytest.raises(FleetError, match="two did not pass for unit 'a'"):
        registry.promote("a", "two", verdict=failed)
    good, stale = passed(registry, "a", "two"), passed(registry, "a", "three")
    with pytest.raises(FleetError, match="is not of calibration three"):
        registry.promote("a", "three", verdict=good)
    assert registry.promote("a", "two", verdict=good).number == 2
    with pytest.raises(FleetError, match="given against one; unit 'a' has two now; verify again"):
        registry.promote("a", "three", verdict=stale)
    registry.add_calibration("own", serial="b")
    with pytest.raises(FleetError, match="own: is of unit 'b'; given: 'a'"):
        registry.promote("a", "own")
    assert [step.calibration for step in registry.history("a")] == ["one", "two"]


def test_steps_back_undo_one_promotion_each(registry):
    registry.enrol(["a"])
    with_calibrations(registry, "one", "two", "three")
    with pytest.raises(FleetError, match="nothing was promoted yet"):
        registry.roll_back("a")
    registry.promote("a", "one")
    with pytest.raises(FleetError, match="nothing was promoted before one"):
        registry.roll_back("a")
    for name in ("two", "three"):
        registry.promote("a", name, verdict=passed(registry, "a", name))
    with pytest.raises(FleetError, match="four was never promoted before; available: one, two"):
        registry.roll_back("a", "four")
    assert [registry.roll_back("a").calibration for _ in range(2)] == ["two", "one"]
    with pytest.raises(FleetError, match="nothing was promoted before one"):
        registry.roll_back("a")
    assert registry.roll_back("a", "three", why="it was better").calibration == "three"
    assert registry.history()[-1].why == "it was better" and len(registry.history()) == 6


def test_status_counts_logs_and_names_the_current_calibration(registry):
    registry.enrol(["b", "a"])
    with_calibrations(registry, "one", "two")
    for n in (1, 2):
        registry.add_log(entry(n))
    registry.promote("a", "one")
    registry.promote("a", "two", verdict=passed(registry, "a", "two"))
    a, b = registry.status()
    assert (a.serial, a.logs, a.seconds, a.calibration, a.alarms) == ("a", 2, 60.0, "two", 0)
    assert a.last_ns == START + 2 * DAY + 30 * 10**9
    assert (b.serial, b.logs, b.last_ns, b.calibration, b.since_ns) == ("b", 0, None, None, None)


def test_a_file_says_the_same_without_sqlalchemy_where_its_tables_are_of_today(tmp_path):
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    assert read_standings(url) is None and not list(tmp_path.iterdir())
    registry = Registry.open(url)
    registry.enrol(["b", "a"])
    with_calibrations(registry, "one", "two")
    registry.add_log(entry(1))
    registry.promote("a", "one")
    registry.promote("a", "two", verdict=passed(registry, "a", "two"))
    rows = registry.status()
    assert [row.calibration for row in rows] == ["two", None] and read_standings(url) == rows
    with registry._engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    assert read_standings(url) is None
    registry.close()
    (tmp_path / "registry.db").write_bytes(b"no database")
    assert read_standings(url) is None and read_standings("postgresql+psycopg://u@h/x") is None


def promote_all(url, names, found):
    """One writer: promotes each calibration with a verdict, tries again where another one was first."""
    registry = Registry.open(url)
    for name in names:
        while True:
            try:
                step = registry.promote("a", name, verdict=passed(registry, "a", name))
            except FleetError as error:
                if "try again" not in str(error) and "verify again" not in str(error):
                    found.put(str(error))
                    return
                continue
            break
        assert step is not None
    found.put("done")


def test_two_writers_promote_nothing_twice_and_lose_nothing(url):
    registry = Registry.open(url)
    registry.enrol(["a"])
    names = [f"c{n}" for n in range(12)]
    with_calibrations(registry, *names)
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    writers = [context.Process(target=promote_all, args=(url, names[k::2], found)) for k in range(2)]
    for writer in writers:
        writer.start()
    assert [found.get(timeout=60) for _ in writers] == ["done", "done"]
    for writer in writers:
        writer.join()
    steps = registry.history("a")
    registry.close()
    assert [step.number for step in steps] == list(range(1, 13))
    assert sorted(step.calibration for step in steps) == sorted(names)


def test_a_database_of_a_newer_hybridsim_is_left_alone(url):
    Registry.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(FleetError, match="tables are of unknown revision '9999'; update hybridsim"):
        Registry.open(url)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no url", "is no URL; expected such as sqlite"),
        ("mysql://user:secret@host/x", r"mysql://user:\*\*\*@host/x: no database for a fleet"),
        ("sqlite:////nowhere/at/all.db", "cannot be reached: unable to open database file"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/x", r"user:\*\*\*@127.0.0.1:1/x: cannot be reached"),
    ],
)
def test_databases_out_of_reach_are_named_without_their_passwords(given, words):
    with pytest.raises(FleetError, match=words):
        Registry.open(given)


def test_a_lost_connection_is_one_line_and_changes_nothing(remote):
    registry = Registry.open(remote)
    registry.enrol(["a"])
    engine = create_engine(remote)
    lost = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
    with pytest.raises(FleetError, match="nothing was changed"), transaction(registry._engine) as session:
        session.add(Unit(serial="b", added_ns=0))
        session.flush()
        with engine.begin() as other:
            other.execute(text(lost))
        session.add(Unit(serial="c", added_ns=0))
    engine.dispose()
    assert registry.units() == ["a"]  # and goes on
    registry.close()


def test_the_newest_revision_is_the_one_that_is_looked_for():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_migrations_make_the_tables_that_the_code_speaks_of(url):
    Registry.open(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    engine.dispose()
