"""The tables of study.toml; every key says its unit in its name, or in the `unit` beside it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from hybridsim.errors import SpecError
from hybridsim.signals import signal_word

WORD = re.compile(r"^[a-z][a-z0-9_]{0,79}$")
# Ceilings are chosen, because a hundred times what a study of ours asks for is a slip of the keyboard.
Text = Annotated[str, Field(min_length=1, max_length=500)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
CountOrNone = Annotated[int, Field(ge=0, le=10_000_000)]
Width = Annotated[int, Field(ge=1, le=256)]
Members = Annotated[int, Field(ge=1, le=32)]
Positive = Annotated[FiniteFloat, Field(gt=0, le=1e9)]
NotNegative = Annotated[FiniteFloat, Field(ge=0, le=1e9)]
Share = Annotated[FiniteFloat, Field(gt=0, lt=1)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1, max_length=4)]
Seconds = Annotated[tuple[NotNegative, ...], Field(strict=False, max_length=200)]
Texts = Annotated[tuple[Text, ...], Field(strict=False, max_length=100_000)]


def _known_signal(name: str) -> str:
    try:
        signal_word(name)
    except SpecError as error:
        raise ValueError(str(error)) from None
    return name


def _words(value: Any) -> Any:
    """What logs share: one word, or several as a tuple."""
    words = value if isinstance(value, list | tuple) else (value,)
    if not 0 < len(words) <= 20 or not all(isinstance(word, str) and WORD.match(word) for word in words):
        raise ValueError("expected log, session, serial, time, the name of a label, or a list of such names")
    return tuple(value) if isinstance(value, list | tuple) else value


SignalName = Annotated[str, Field(max_length=80), AfterValidator(_known_signal)]


class Table(BaseModel):
    """A table of study.toml: no unknown keys, no silent conversions, never changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SplitRule(Table):
    """Which logs the fit may see.

    Attributes:
        by: what is never divided: a `log`, a `session`, an individual (`serial`), or logs whose label of this
            name is the same: `group` for copies of one recording. Of several, such as ["group", "block"],
            logs that share any stay together, and so do logs that share one with these.
            `time` divides every log: its last share is scored, the share before it selects. Only for studies
            of efforts, and only where one recording is all there is: the parts share a day and a warm-up, so
            the score says less about tomorrow than one on another log.
        validation_fraction: share of the groups that selection uses, where `validation` names none.
        test_fraction: share of the groups that are scored once, where `test` names none.
        validation: logs by name or id; their whole groups go there.
        test: logs by name or id; their whole groups go there.
        seed: of the draw.
        gap_s: dropped between the parts of a log that is divided by time: no filter reaches across it [s].
    """

    by: Annotated[str | tuple[str, ...], BeforeValidator(_words)] = "log"
    validation_fraction: Share = 0.25
    test_fraction: Annotated[FiniteFloat, Field(ge=0, lt=1)] = 0.0
    validation: Texts = ()
    test: Texts = ()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    gap_s: Annotated[FiniteFloat, Field(ge=0, le=1e6)] = 0.5

    @property
    def keys(self) -> tuple[str, ...]:
        """What `by` names, one or several."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @model_validator(mode="after")
    def _several_can_be_shared(self) -> SplitRule:
        alone = {"log", "time"} & set(self.keys)
        if alone and not isinstance(self.by, str):
            word = min(alone)
            raise ValueError(
                f"by: '{word}' stands alone; expected by = '{word}', or a list of what logs share"
            )
        return self

    @model_validator(mode="after")
    def _time_names_no_log(self) -> SplitRule:
        if self.by == "time" and (self.test or self.validation):
            raise ValueError("by = 'time' divides every log; expected no 'test' and no 'validation'")
        if self.by == "time" and not self.test_fraction:
            raise ValueError("by = 'time' needs a test_fraction above 0")
        return self


class Simulation(Table):
    """How the worlds of replays and fits step.

    Attributes:
        physics_timestep_s: of the rigid bodies [s]; None takes the robot's.
        rate_hz: of commands and observations [1/s]; None takes the physics rate.
        plane: whether there is a ground to touch.
    """

    physics_timestep_s: Annotated[FiniteFloat, Field(ge=1e-6, le=0.1)] | None = None
    rate_hz: Annotated[FiniteFloat, Field(gt=0, le=1e6)] | None = None
    plane: bool = False


class ParameterRule(Table):
    """Which of the parameters that the models offer are identified, and within which bounds.

    Of several rules that match a parameter the last one counts, so the general one comes first.

    Attributes:
        name: glob over the offered names, such as `drive.*.delay`.
        unit: of every number here; has to be the offered one.
        low: smallest value that is searched [unit]; None takes the model's.
        high: largest value that is searched [unit]; None takes the model's.
        value: where the search starts [unit]; None takes the prior.
        scale: `log` searches ratios; None takes the model's.
        identify: False holds the parameter at `value`.
        shared: one value for all that match.
        prior_sigma: standard deviation of the prior around the start [unit]; on a log scale that of the
            natural logarithm [1].
        varies: standard deviation from log to log around the one value that all logs share [unit]; for
            passive bodies, whose free flight then says where each log lies.
        source: where the bounds come from, in words.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    value: FiniteFloat | None = None
    scale: Literal["linear", "log"] | None = None
    identify: bool = True
    shared: bool = False
    prior_sigma: Positive | None = None
    varies: Positive | None = None
    source: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _upright(self) -> ParameterRule:
        low, high, value = self.low, self.high, self.value
        if low is not None and high is not None and not low < high:
            raise ValueError(
                f"'{self.name}' has inverted bounds: low {low:g}, high {high:g} {self.unit}; "
                "expected low < high"
            )
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            raise ValueError(
                f"'{self.name}' has value {value:g} outside its bounds; "
                f"expected {_end(low)} to {_end(high)} {self.unit}"
            )
        if self.scale == "log" and low is not None and low <= 0:
            raise ValueError(f"'{self.name}' has low {low:g} {self.unit}; a log scale needs low > 0")
        if not self.identify and (self.shared or self.prior_sigma is not None):
            raise ValueError(f"'{self.name}' is not identified; 'shared' and 'prior_sigma' have no use there")
        return self


class Identify(Table):
    """Budget of the parameter search.

    Attributes:
        trials: evaluations of the global search, all restarts together.
        restarts: independent starts of the global search.
        workers: processes; None takes every core. The result does not depend on it.
        polish_iterations: of the least squares at the end; 0 for none.
        refit: once everything is judged, fit training and validation logs together; for few logs and no
            networks (a residual belongs to the parameters it was learned on). A contact law is searched on
            both from the start: its residual is judged by logs that it has not seen, whatever the law saw.
        polish_on: `logs` polishes on whole logs; `pieces` on the search's pieces of them, in a fraction of
            the time.
        folds: 1 takes errors on training logs as they are; more divide them into so many parts, each replayed
            under parameters polished without it. Residuals and intervals are read from these errors.
        restart_window_s: beside whole logs, replay pieces of this length from measured states [s]; None for
            whole logs alone.
    """

    trials: Count = 2000
    restarts: Count = 2
    workers: Count | None = None
    polish_iterations: CountOrNone = 30
    polish_on: Literal["logs", "pieces"] = "logs"
    folds: Annotated[int, Field(ge=1, le=16)] = 1
    restart_window_s: Positive | None = None
    refit: bool = False


class Learn(Table):
    """Residual networks: what they see, how large they are, how far they may correct.

    Attributes:
        enabled: False for parameters only.
        history_s: how long before now the inputs are looked at [s].
        memory_s: time constants of leaky memories of the inputs [s].
        hidden: widths of the hidden layers.
        members: networks whose mean corrects and whose spread widens the interval; with folds, of each.
        folds: 1 learns from training logs and judges on validation logs; more divide all logs into so many
            parts, each of which judges networks that learned from the others, and all networks ship.
        sample_period_s: of the networks' inputs [s]; None takes the simulation's.
        epochs: of training, 100 steps each; always all of them, so that no log that judges ends it.
        learning_rate: of the first epochs [1].
    """

    enabled: bool = True
    history_s: Seconds = (0.0, 0.02, 0.05, 0.1)
    memory_s: Seconds = ()
    hidden: Widths = (32, 32)
    members: Members = 5
    folds: Annotated[int, Field(ge=1, le=16)] = 1
    sample_period_s: Positive | None = None
    epochs: Count = 10
    learning_rate: Annotated[FiniteFloat, Field(gt=0, le=1)] = 3e-3


class BlackBox(Table):
    """The baseline that knows no physics: a recurrent network from commands to measurements.

    Attributes:
        enabled: whether it is trained at all.
        hidden: width of its state.
        epochs: passes over the training logs, at most.
        learning_rate: of the first epochs [1].
    """

    enabled: bool = True
    hidden: Width = 64
    epochs: Count = 60
    learning_rate: Annotated[FiniteFloat, Field(gt=0, le=1)] = 3e-3


class Quick(Table):
    """What `--quick` changes: per table the keys that differ."""

    simulation: dict[str, Any] = {}
    identify: dict[str, Any] = {}
    learn: dict[str, Any] = {}
    blackbox: dict[str, Any] = {}
    effort: dict[str, Any] = {}


def _end(bound: float | None) -> str:
    return "the model's own bound" if bound is None else f"{bound:g}"
