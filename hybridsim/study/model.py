"""The whole of study.toml."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from hybridsim.errors import StudyError
from hybridsim.parameters import Parameter
from hybridsim.study.contact import PASSIVE_SIGNALS, ContactRule
from hybridsim.study.drive import PUSHED_SIGNALS, DriveRule
from hybridsim.study.effort import EFFORT_SIGNALS, EffortRule
from hybridsim.study.sections import (
    BlackBox,
    Identify,
    Learn,
    ParameterRule,
    Quick,
    SignalName,
    Simulation,
    SplitRule,
    Table,
)
from hybridsim.study.selection import Selection, select
from hybridsim.study.sensor import DRIVE_SIGNALS, INERTIAL_SIGNALS, SensorRule
from hybridsim.validation import explain

SCHEMA = 1


class Study(Table):
    """What to calibrate and how.

    Attributes:
        schema_version: version of this layout, key `schema`.
        robot: a name under robots/, or the path of a folder beside the study that holds a robot.toml.
        description: for people.
        scored_signals: signals that are replayed, fitted and scored.
        split: which logs the fit may see.
        simulation: how the worlds step.
        parameters: tables `[[parameter]]`: what is identified.
        identify: budget of the search.
        learn: the residual networks.
        blackbox: the baseline without physics.
        effort: how efforts are predicted from motion, where those are scored.
        contact: how bodies that nothing drives are replayed, where their base is scored.
        sensor: how sensors are identified, where their signals are scored.
        drive: how drives that push are followed along measured motion; None where they are not.
        overrides: table `[quick]`: what `--quick` changes.
    """

    schema_version: Literal[1] = Field(alias="schema")
    robot: Annotated[str, Field(min_length=1, max_length=400)]
    description: Annotated[str, Field(max_length=4000)] = ""
    scored_signals: Annotated[tuple[SignalName, ...], Field(strict=False, min_length=1, max_length=20)]
    split: SplitRule = SplitRule()
    simulation: Simulation = Simulation()
    parameters: Annotated[
        tuple[ParameterRule, ...], Field(alias="parameter", strict=False, max_length=2000)
    ] = ()
    identify: Identify = Identify()
    learn: Learn = Learn()
    blackbox: BlackBox = BlackBox()
    effort: EffortRule = EffortRule()
    contact: ContactRule = ContactRule()
    sensor: SensorRule = SensorRule()
    drive: DriveRule | None = None
    overrides: Quick = Field(default=Quick(), alias="quick")

    _where: str = PrivateAttr(default="study")
    _text: str = PrivateAttr(default="")
    _is_quick: bool = PrivateAttr(default=False)
    _robot_path: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _unique(self) -> Study:
        for key, names in (
            ("scored_signals", self.scored_signals),
            ("parameter", tuple(rule.name for rule in self.parameters)),
        ):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{key}: {sorted(twice)[0]!r} given more than once; expected each name once")
        return self

    @model_validator(mode="after")
    def _one_direction(self) -> Study:
        if self.replays_truth:
            return self._in_drives()
        if self.drive is not None:
            return self._along_motion()
        efforts = [name for name in self.scored_signals if name in EFFORT_SIGNALS]
        if efforts and len(self.scored_signals) > 1:
            raise ValueError(
                f"scored_signals: '{efforts[0]}' is predicted from the motion; expected it alone, "
                "in a study of its own"
            )
        passive = [name for name in self.scored_signals if name in PASSIVE_SIGNALS]
        if passive and set(passive) != set(PASSIVE_SIGNALS):
            raise ValueError(
                f"scored_signals: '{passive[0]}' alone; expected {' and '.join(PASSIVE_SIGNALS)} together"
            )
        if not passive and (
            self.contact != ContactRule() or any(rule.varies is not None for rule in self.parameters)
        ):
            raise ValueError(
                f"[contact] and parameters that vary are for scored_signals = {list(PASSIVE_SIGNALS)}"
            )
        if efforts and self.parameters:
            raise ValueError("parameter: a study of efforts has none; expected the table [effort] instead")
        if not efforts and (self.split.by == "time" or self.effort != EffortRule()):
            raise ValueError(
                "[effort] and split.by = 'time' are for scored_signals = ['joint_effort'] or "
                "['motor_current']"
            )
        return self

    @model_validator(mode="after")
    def _sensor_alone(self) -> Study:
        if self.replays_truth:
            return self
        inertial = [name for name in self.scored_signals if name in INERTIAL_SIGNALS]
        if inertial and set(self.scored_signals) != set(INERTIAL_SIGNALS):
            raise ValueError(
                f"scored_signals: {list(self.scored_signals)}; expected {' and '.join(INERTIAL_SIGNALS)} "
                "together, in a study of their own"
            )
        if not inertial and self.sensor != SensorRule():
            raise ValueError(
                f"[sensor] is for scored_signals = {list(INERTIAL_SIGNALS)}, or needs truth = 'replay'"
            )
        if self.sensor.truth == "rest" and "learn" in self.model_fields_set:
            raise ValueError("'learn' has no use where rests are the truth: they show no motion to follow")
        if inertial and self.parameters:
            raise ValueError("parameter: a study of a sensor has none; expected the table [sensor] instead")
        return self

    def _along_motion(self) -> Study:
        """Refuse what a study of drives along measured motion has no use for."""
        if self.scored_signals != PUSHED_SIGNALS:
            raise ValueError(
                f"scored_signals: {list(self.scored_signals)}; with [drive] expected {list(PUSHED_SIGNALS)}"
            )
        idle = {"effort", "contact", "sensor", "blackbox"}
        if given := sorted(idle & self.model_fields_set):
            raise ValueError(f"'{given[0]}' has no use beside [drive]")
        if self.split.by == "time" or self.identify.refit:
            raise ValueError("[drive] goes without split.by = 'time' and without identify.refit")
        return self

    def _in_drives(self) -> Study:
        """Refuse what a study of sensors in drives has no use for."""
        if odd := [name for name in self.scored_signals if name not in DRIVE_SIGNALS]:
            raise ValueError(
                f"scored_signals: '{odd[0]}' is read by no sensor in a drive; "
                f"available: {', '.join(DRIVE_SIGNALS)}"
            )
        idle = {"parameters", "identify", "blackbox", "effort", "contact", "simulation", "drive"}
        if given := sorted(idle & self.model_fields_set):
            raise ValueError(
                f"'{given[0]}' has no use where sensors are identified by replay: the calibration says that"
            )
        return self

    @property
    def replays_truth(self) -> bool:
        """Whether it identifies sensors in drives against a calibration's replay."""
        return self.sensor.truth == "replay"

    @property
    def is_inertial(self) -> bool:
        """Whether it identifies an inertial sensor."""
        return set(INERTIAL_SIGNALS) == set(self.scored_signals)

    @property
    def predicts_effort(self) -> bool:
        """Whether it predicts efforts from motion, and not motion from commands."""
        return self.drive is None and self.scored_signals[0] in EFFORT_SIGNALS and not self.replays_truth

    @property
    def follows_motion(self) -> bool:
        """Whether it identifies drives that push, along the measured motion of their joints."""
        return self.drive is not None

    @property
    def is_passive(self) -> bool:
        """Whether it follows a body that nothing drives."""
        return set(PASSIVE_SIGNALS) <= set(self.scored_signals)

    @property
    def robot_path(self) -> str:
        """What `load_robot` wants: a name under robots/, or the path of a robot of the user's own."""
        return self._robot_path or self.robot

    @property
    def where(self) -> str:
        """The file it was read from, for messages."""
        return self._where

    @property
    def text(self) -> str:
        """The file's text, for a calibration's lineage; a study made in Python gives its JSON."""
        return self._text or self.model_dump_json(by_alias=True)

    @property
    def sha256(self) -> str:
        """Hash of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_quick(self) -> bool:
        """Whether the overrides of `[quick]` are applied."""
        return self._is_quick

    def quick(self) -> Study:
        """The same study with the overrides of `[quick]` applied.

        Raises:
            StudyError: an override does not fit its table; `load_study` has checked that already.
        """
        changed: dict[str, Table] = {}
        for name, override in self.overrides:
            table: Table = getattr(self, name)
            try:
                values = {**table.model_dump(exclude_unset=True), **override}
                changed[name] = type(table).model_validate(values)
            except ValidationError as error:
                raise StudyError(f"{self.where}: quick.{name}: {explain(error, type(table))}") from None
        quick = self.model_copy(update=changed)
        quick._is_quick = True
        return quick

    def resolve(self, offered: Sequence[Parameter]) -> Selection:
        """Which of the offered parameters are identified, with which bounds and starts; see `select`."""
        return select(self.parameters, offered, self.where)
