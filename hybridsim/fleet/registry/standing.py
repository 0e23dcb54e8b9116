"""How units stand, in one question; a SQLite file is asked without SQLAlchemy, whose import takes longer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from hybridsim.fleet.registry.entries import Standing

NEWEST = "0003"
"""Revision of today's tables: the last file in migrations/."""
REVISION = "select version_num from alembic_version"
STANDINGS = """
select unit.serial, logs.count, logs.lasted, logs.last, now.calibration_id, now.at_ns, rung.count
from unit
left join (
    select serial, count(*) as count, sum(ended_ns - began_ns) as lasted, max(ended_ns) as last
    from log group by serial
) as logs on logs.serial = unit.serial
left join (select serial, max(number) as number from promotion group by serial) as newest
    on newest.serial = unit.serial
left join promotion as now on now.serial = newest.serial and now.number = newest.number
left join (
    select serial, calibration_id, count(*) as count from alarm group by serial, calibration_id
) as rung on rung.serial = now.serial and rung.calibration_id = now.calibration_id
order by unit.serial
"""
"""For every kind of database; a row a unit."""
HEAD = "sqlite:///"
BUSY_S = 30.0
"""How long one waits for another writer; chosen, because a transaction here takes milliseconds."""


def standings(rows: Iterable[Sequence[Any]]) -> list[Standing]:
    """Of the rows of `STANDINGS`."""
    return [
        Standing(
            serial=serial,
            logs=logs or 0,
            seconds=int(lasted or 0) / 1e9,
            last_ns=last,
            calibration=calibration,
            since_ns=since,
            alarms=alarms or 0,
        )
        for serial, logs, lasted, last, calibration, since, alarms in rows
    ]


def read_standings(url: str) -> list[Standing] | None:
    """Of every unit, straight from a SQLite file that has today's tables; None for any other database."""
    path = Path(url.removeprefix(HEAD))
    if not url.startswith(HEAD) or "?" in url or not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as asked:
            asked.execute("pragma query_only = on")
            if asked.execute(REVISION).fetchone() != (NEWEST,):
                return None
            return standings(asked.execute(STANDINGS))
    except sqlite3.Error:  # which SQLAlchemy's way makes again, and puts into words
        return None
