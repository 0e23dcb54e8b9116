"""What a unit carried and where it was, by its logs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision; of logs that were taken in before it, nobody knows."""
    with op.batch_alter_table("log") as batch_op:
        batch_op.add_column(sa.Column("payload", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("site", sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("log") as batch_op:
        for column in ("payload", "site"):
            batch_op.drop_column(column)
