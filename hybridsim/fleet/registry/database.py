"""The database behind a registry: SQLite or PostgreSQL by URL, brought to today's tables by alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from hybridsim.errors import FleetError

BUSY_S = 30.0
"""How long a writer waits for another one; chosen, because a transaction here takes milliseconds."""
MIGRATIONS = Path(__file__).parent / "migrations"
KINDS = ("sqlite", "postgresql")


def connect(url: str) -> Engine:
    """An engine for a database that has today's tables.

    Args:
        url: SQLAlchemy's, such as sqlite:///fleet.db or postgresql+psycopg://user@host/name.

    Raises:
        FleetError: no such kind of database, none there, or one of a newer hybridsim.
    """
    engine = _engine(url)
    try:
        _migrate(engine)
    except DBAPIError as error:
        engine.dispose()
        raise FleetError(f"{shown(url)}: {_why(error)}") from None
    return engine


def shown(url: str) -> str:
    """The URL as messages may show it: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def place(engine: Engine) -> str:
    """An engine's URL, the same way."""
    return engine.url.render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    try:
        kind = make_url(url).get_backend_name()
        if kind not in KINDS:
            raise FleetError(f"{shown(url)}: no database for a fleet; expected one of: {', '.join(KINDS)}")
        waits = {"timeout": BUSY_S} if kind == "sqlite" else {"connect_timeout": int(BUSY_S)}
        engine = create_engine(url, pool_pre_ping=True, connect_args=waits)
    except ArgumentError:
        raise FleetError("database: is no URL; expected such as sqlite:///fleet.db") from None
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise FleetError(
            f"{shown(url)}: {error}; expected postgresql+psycopg://, with pip install 'hybridsim[fleet]'"
        ) from None
    if kind == "sqlite":
        event.listen(engine, "connect", _careful)
        event.listen(engine, "begin", _at_once)
    return engine


def _careful(connection: Any, record: object) -> None:
    """SQLite: readers beside a writer, references that hold, and no commit before it is on the disk."""
    del record
    connection.isolation_level = None  # SQLAlchemy begins transactions, see `_at_once`
    for pragma in ("journal_mode = wal", "foreign_keys = on", "synchronous = full"):
        connection.execute(f"pragma {pragma}")


def _at_once(connection: Any) -> None:
    """A transaction takes the writer's lock first: two that read before they write could not both go on."""
    connection.exec_driver_sql("begin immediate")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _migrate(engine: Engine) -> None:
    """To the newest tables, in one transaction."""
    config = _config()
    known = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found == known.get_current_head():
            return
        if found is not None and found not in {one.revision for one in known.walk_revisions()}:
            raise FleetError(
                f"{place(engine)}: its tables are of unknown revision '{found}'; update hybridsim"
            )
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise FleetError(f"{place(engine)}: {error}") from None


def _why(error: DBAPIError) -> str:
    """What a driver says, on one line."""
    said = " ".join(str(error.orig).split())
    return f"cannot be reached: {said}" if isinstance(error, OperationalError) else said
