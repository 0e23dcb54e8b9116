"""What a fleet remembers, as tables: units and what is known of them, logs and what they say.

Rows are only ever added: what is current follows from the promotion with the highest number of its unit. A
population that is learned again only becomes the newest again.
Times are nanoseconds since 1970 (UTC), as stamps of logs are.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ID, SERIAL, SITE = 64, 80, 200
"""Longest id, serial and site [characters]."""


class Table(DeclarativeBase):
    """Of the registry; constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Unit(Table):
    """One individual of the fleet's robot."""

    __tablename__ = "unit"
    serial: Mapped[str] = mapped_column(String(SERIAL), primary_key=True)
    added_ns: Mapped[int] = mapped_column(BigInteger)
    site: Mapped[str] = mapped_column(String(SITE), default="")
    note: Mapped[str] = mapped_column(Text, default="")


class LogRow(Table):
    """A recording of a unit; its files lie among the artefacts, under the same id."""

    __tablename__ = "log"
    log_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"))
    began_ns: Mapped[int] = mapped_column(BigInteger)
    ended_ns: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[str] = mapped_column(String(200))
    added_ns: Mapped[int] = mapped_column(BigInteger)
    held_out: Mapped[bool] = mapped_column(Boolean)
    payload: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    site: Mapped[str | None] = mapped_column(String(SITE))
    __table_args__ = (Index(None, "serial", "began_ns"),)


class CalibrationRow(Table):
    """A calibration artefact; `serial` says whose it is, none where it is shared."""

    __tablename__ = "calibration"
    calibration_id: Mapped[str] = mapped_column(String(ID), primary_key=True)
    serial: Mapped[str | None] = mapped_column(ForeignKey("unit.serial"))
    parent: Mapped[str | None] = mapped_column(ForeignKey("calibration.calibration_id"))
    added_ns: Mapped[int] = mapped_column(BigInteger)


class VerdictRow(Table):
    """What a gate said of a calibration for a unit, with the evidence."""

    __tablename__ = "verdict"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"))
    calibration_id: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"))
    champion: Mapped[str | None] = mapped_column(ForeignKey("calibration.calibration_id"))
    passed: Mapped[bool] = mapped_column(Boolean)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "serial", "calibration_id"),)


class PromotionRow(Table):
    """A unit's calibration from then on; two writers cannot both give the next number."""

    __tablename__ = "promotion"
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    calibration_id: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"))
    verdict: Mapped[int | None] = mapped_column(ForeignKey("verdict.number"))
    back: Mapped[bool] = mapped_column(Boolean, default=False)
    why: Mapped[str] = mapped_column(Text, default="")
    at_ns: Mapped[int] = mapped_column(BigInteger)


class PopulationRow(Table):
    """What the units have in common; the newest counts. Its file lies among the artefacts."""

    __tablename__ = "population"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    population_id: Mapped[str] = mapped_column(String(ID), unique=True)
    reference: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class ContextRow(Table):
    """What was believed of a unit when a calibration of its own was made: the calibration's memory."""

    __tablename__ = "context"
    calibration_id: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"), index=True)
    population_id: Mapped[str] = mapped_column(ForeignKey("population.population_id"))
    mean: Mapped[bytes] = mapped_column(LargeBinary)
    covariance: Mapped[bytes] = mapped_column(LargeBinary)
    from_ns: Mapped[int] = mapped_column(BigInteger)
    to_ns: Mapped[int] = mapped_column(BigInteger)
    at_ns: Mapped[int] = mapped_column(BigInteger)


class EvidenceRow(Table):
    """What a log says of its unit beside one of the unit's calibrations; `odd` where nothing explains it."""

    __tablename__ = "evidence"
    log_id: Mapped[str] = mapped_column(ForeignKey("log.log_id"), primary_key=True)
    calibration_id: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"))
    pull: Mapped[bytes] = mapped_column(LargeBinary)
    information: Mapped[bytes] = mapped_column(LargeBinary)
    misfit: Mapped[float] = mapped_column(Float)
    error: Mapped[float] = mapped_column(Float)
    odd: Mapped[str] = mapped_column(Text, default="")
    at_ns: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "serial", "calibration_id"),)


class AlarmRow(Table):
    """A unit no longer does what its calibration says: since when, where, and what may have changed."""

    __tablename__ = "alarm"
    log_id: Mapped[str] = mapped_column(ForeignKey("log.log_id"), primary_key=True)
    calibration_id: Mapped[str] = mapped_column(ForeignKey("calibration.calibration_id"), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("unit.serial"), index=True)
    since_ns: Mapped[int] = mapped_column(BigInteger)
    family: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(200))
    statistic: Mapped[float] = mapped_column(Float)
    likelihoods: Mapped[dict[str, Any]] = mapped_column(JSON)
    at_ns: Mapped[int] = mapped_column(BigInteger)
