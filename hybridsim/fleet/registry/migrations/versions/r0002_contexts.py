"""Contexts of units, what logs say of them, and which logs judge."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision; of alarms there was no writer before it."""
    with op.batch_alter_table("log") as batch_op:
        batch_op.add_column(sa.Column("held_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("log") as batch_op:
        batch_op.alter_column("held_out", server_default=None)
    with op.batch_alter_table("alarm") as batch_op:
        batch_op.drop_column("joint")
        batch_op.add_column(sa.Column("family", sa.String(length=40), nullable=False))
        batch_op.add_column(sa.Column("place", sa.String(length=200), nullable=False))
        batch_op.add_column(sa.Column("statistic", sa.Float(), nullable=False))
    op.create_table(
        "population",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("population_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reference"], ["calibration.calibration_id"], name=op.f("fk_population_reference")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_population")),
        sa.UniqueConstraint("population_id", name=op.f("uq_population_population_id")),
    )
    op.create_table(
        "context",
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("population_id", sa.String(length=64), nullable=False),
        sa.Column("mean", sa.LargeBinary(), nullable=False),
        sa.Column("covariance", sa.LargeBinary(), nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=False),
        sa.Column("to_ns", sa.BigInteger(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.calibration_id"], name=op.f("fk_context_calibration_id")
        ),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_context_serial")),
        sa.ForeignKeyConstraint(
            ["population_id"], ["population.population_id"], name=op.f("fk_context_population_id")
        ),
        sa.PrimaryKeyConstraint("calibration_id", name=op.f("pk_context")),
    )
    with op.batch_alter_table("context") as batch_op:
        batch_op.create_index(batch_op.f("ix_context_serial"), ["serial"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("log_id", sa.String(length=64), nullable=False),
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("pull", sa.LargeBinary(), nullable=False),
        sa.Column("information", sa.LargeBinary(), nullable=False),
        sa.Column("misfit", sa.Float(), nullable=False),
        sa.Column("error", sa.Float(), nullable=False),
        sa.Column("odd", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.calibration_id"], name=op.f("fk_evidence_calibration_id")
        ),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name=op.f("fk_evidence_log_id")),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_evidence_serial")),
        sa.PrimaryKeyConstraint("log_id", "calibration_id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_evidence_serial_calibration_id"), ["serial", "calibration_id"], unique=False
        )


def downgrade() -> None:
    """Back."""
    for table in ("evidence", "context", "population"):
        op.drop_table(table)
    with op.batch_alter_table("alarm") as batch_op:
        for column in ("family", "place", "statistic"):
            batch_op.drop_column(column)
        batch_op.add_column(sa.Column("joint", sa.String(length=200), nullable=False))
    with op.batch_alter_table("log") as batch_op:
        batch_op.drop_column("held_out")
