"""What a report and a card say about a calibration beside its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from hybridsim.errors import CalibrationError
from hybridsim.parameters import Parameter
from hybridsim.score import interval_text
from hybridsim.validation import explain

if TYPE_CHECKING:
    from hybridsim.calibration.parts import Gate
    from hybridsim.calibration.record import CalibrationRecord


class CalibrationInfo(BaseModel):
    """Where the predictions come from, in the words of the page.

    Attributes:
        parameters: what was identified; a mapping name -> fields is taken too.
        networks: network -> one sentence, such as "kept: better on validation by 1.2 [0.8, 1.6] mrad".
        gate: the gate's verdict in one sentence.
        fitted_on: ids of the logs that fitting or selection has seen; scores on those are in-sample.
        lineage: label -> text (study, seed, code version, parent calibration, hashes).
        log_names: log id -> what a person calls it.
        synthetic: the logs are simulated, not recorded on a robot.
        limits: when not to use it, one sentence each.
        command: the command line that gives these scores again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: tuple[Parameter, ...] = ()
    networks: dict[str, str] = {}
    gate: str = ""
    fitted_on: tuple[str, ...] = ()
    lineage: dict[str, str] = {}
    log_names: dict[str, str] = {}
    synthetic: bool = False
    limits: tuple[str, ...] = ()
    command: str = ""

    @field_validator("parameters", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            return tuple({"name": name, **dict(fields)} for name, fields in given.items())
        return given

    @classmethod
    def of(cls, given: CalibrationInfo | Mapping[str, Any]) -> CalibrationInfo:
        """The same, checked.

        Raises:
            CalibrationError: an unknown key, or a value of the wrong kind.
        """
        try:
            return given if isinstance(given, CalibrationInfo) else cls.model_validate(dict(given))
        except ValidationError as error:
            raise CalibrationError(f"calibration_info: {explain(error, cls)}") from error

    def log_name(self, log_id: str) -> str:
        """What a person calls the log, or its id."""
        return self.log_names.get(log_id, log_id)


def info_of(
    record: CalibrationRecord,
    *,
    log_names: Mapping[str, str] | None = None,
    limits: Sequence[str] = (),
    command: str = "",
) -> CalibrationInfo:
    """What calibration.json says, in the words of the page.

    Args:
        record: of the calibration whose scores are shown.
        log_names: names of the scored logs; those in the lineage are known already.
        limits: when not to use it, beyond what the scores themselves show.
        command: the command line that gives the scores again.
    """
    lineage = record.lineage
    return CalibrationInfo(
        parameters=tuple(record.parameters.values()),
        networks={signal: gate_sentence(gate) for signal, gate in record.gates.items()},
        fitted_on=lineage.fitted_on,
        lineage={
            "calibration": record.id,
            "parent calibration": lineage.parent or "none",
            "code version": lineage.code_version,
            "seed": str(lineage.seed) + (", quick" if lineage.quick else ""),
            "study sha256": lineage.study_sha256,
        },
        log_names={log.log_id: log.name for log in lineage.logs} | dict(log_names or {}),
        synthetic=record.synthetic,
        limits=tuple(limits),
        command=command,
    )


def gate_sentence(gate: Gate) -> str:
    """Whether a network ships, by how much it was better on validation logs, and why."""
    text = "ships" if gate.ships else "left out"
    if gate.mean_difference is not None:
        difference = interval_text(gate.mean_difference, gate.interval_95, gate.unit)
        text += f": on validation logs, with minus without the network is {difference}"
    return f"{text}; {gate.reason}" if gate.reason else text
