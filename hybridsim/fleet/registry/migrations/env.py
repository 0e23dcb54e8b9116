"""Run by alembic with a connection that `registry.database` has open."""

from alembic import context

from hybridsim.fleet.registry.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
