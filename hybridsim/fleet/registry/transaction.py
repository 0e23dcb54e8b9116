"""All or nothing, and one line for whatever a database says against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from hybridsim.errors import FleetError
from hybridsim.fleet.registry.database import place


class OutrunError(FleetError):
    """Another writer was first; asked again, it can be done or is done already."""


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose changes are all kept at the block's end, or none if it fails.

    Raises:
        OutrunError: another writer was first.
        FleetError: the database is gone.
    """
    written = False
    try:
        with Session(engine) as session, session.begin():
            yield session
            session.flush()
            written = True
    except IntegrityError:
        raise OutrunError(
            f"{place(engine)}: another writer was first; nothing was changed, try again"
        ) from None
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        ends = "whether it was changed is not known; the same command again does it once" if written else ""
        raise FleetError(f"{place(engine)}: {said}; {ends or 'nothing was changed'}") from None


@contextmanager
def outrun() -> Iterator[None]:
    """Another writer that was first has done the same; nothing is left to do."""
    try:
        yield
    except OutrunError:
        return
