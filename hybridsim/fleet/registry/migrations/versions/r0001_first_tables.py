"""Units, logs, calibrations, verdicts, promotions and alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "unit",
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_unit")),
    )
    op.create_table(
        "calibration",
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=True),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent"], ["calibration.calibration_id"], name=op.f("fk_calibration_parent")
        ),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_calibration_serial")),
        sa.PrimaryKeyConstraint("calibration_id", name=op.f("pk_calibration")),
    )
    op.create_table(
        "log",
        sa.Column("log_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("began_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.String(length=200), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_log_serial")),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_log")),
    )
    with op.batch_alter_table("log") as batch_op:
        batch_op.create_index(batch_op.f("ix_log_serial_began_ns"), ["serial", "began_ns"], unique=False)

    op.create_table(
        "alarm",
        sa.Column("log_id", sa.String(length=64), nullable=False),
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("joint", sa.String(length=200), nullable=False),
        sa.Column("likelihoods", sa.JSON(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.calibration_id"], name=op.f("fk_alarm_calibration_id")
        ),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name=op.f("fk_alarm_log_id")),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_alarm_serial")),
        sa.PrimaryKeyConstraint("log_id", "calibration_id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_serial"), ["serial"], unique=False)

    op.create_table(
        "verdict",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("champion", sa.String(length=64), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.calibration_id"], name=op.f("fk_verdict_calibration_id")
        ),
        sa.ForeignKeyConstraint(
            ["champion"], ["calibration.calibration_id"], name=op.f("fk_verdict_champion")
        ),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_verdict_serial")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_verdict")),
    )
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_verdict_serial_calibration_id"), ["serial", "calibration_id"], unique=False
        )

    op.create_table(
        "promotion",
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calibration_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.Integer(), nullable=True),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.calibration_id"], name=op.f("fk_promotion_calibration_id")
        ),
        sa.ForeignKeyConstraint(["serial"], ["unit.serial"], name=op.f("fk_promotion_serial")),
        sa.ForeignKeyConstraint(["verdict"], ["verdict.number"], name=op.f("fk_promotion_verdict")),
        sa.PrimaryKeyConstraint("serial", "number", name=op.f("pk_promotion")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("promotion")
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verdict_serial_calibration_id"))

    op.drop_table("verdict")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarm_serial"))

    op.drop_table("alarm")
    with op.batch_alter_table("log") as batch_op:
        batch_op.drop_index(batch_op.f("ix_log_serial_began_ns"))

    op.drop_table("log")
    op.drop_table("calibration")
    op.drop_table("unit")
