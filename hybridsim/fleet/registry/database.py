"""The database behind a registry: SQLite or PostgreSQL by URL, brought to today's tables by alembic."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from hybridsim.errors import FleetError
from hybridsim.fleet.registry.standing import BUSY_S, NEWEST, REVISION

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
        _require_tables(engine)
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


def _require_tables(engine: Engine) -> None:
    """Today's tables, made by alembic where they are not; its import takes longer than asking."""
    if _revision(engine) != NEWEST:
        from hybridsim.fleet.registry.migrate import migrate

        migrate(engine)


def _revision(engine: Engine) -> str | None:
    """Of the tables that are there; None without any."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.begin() as connection:
        return connection.execute(text(REVISION)).scalar()


def _why(error: DBAPIError) -> str:
    """What a driver says, on one line."""
    said = " ".join(str(error.orig).split())
    return f"cannot be reached: {said}" if isinstance(error, OperationalError) else said
