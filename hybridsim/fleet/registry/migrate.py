"""Tables of a registry, brought to today's by alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from hybridsim.errors import FleetError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """To the newest tables, all in one transaction; who comes second finds them made.

    Raises:
        FleetError: they are of a newer hybridsim.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known:
            where = engine.url.render_as_string(hide_password=True)
            raise FleetError(f"{where}: its tables are of unknown revision '{found}'; update hybridsim")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
