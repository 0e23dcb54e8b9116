"""A log in memory: named, stamped, unit-carrying time series of one recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from hybridsim.errors import LogError, listed
from hybridsim.log.header import Constant, Damage, Lag, LogHeader, SignalFacts, SourceFile

Block = tuple[Int64[np.ndarray, " sample"], Float64[np.ndarray, "sample component"]]
"""Stamps [ns] and values of some samples."""


@runtime_checkable
class Samples(Protocol):
    """A signal that is written block by block, and may be larger than memory; see `Signal`."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def unit(self) -> str: ...  # noqa: D102

    @property
    def components(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def frame(self) -> str | None: ...  # noqa: D102

    @property
    def rows(self) -> int: ...  # noqa: D102

    def stamps(self) -> Iterator[Int64[np.ndarray, " sample"]]:
        """All stamps, block by block [ns]."""
        ...

    def blocks(self) -> Iterator[Block]:
        """All stamps and values, block by block."""
        ...


@dataclass(frozen=True)
class Signal:
    """A time series in SI units; its arrays are read-only.

    Attributes:
        name: a name of `hybridsim.signals`.
        unit: SI unit of every component.
        components: names of the columns; the robot's joint names for joint signals.
        stamp_ns: native stamps, strictly increasing [ns].
        values: one column a component [unit].
        frame: the frame that a vector is given in.
    """

    name: str
    unit: str
    components: tuple[str, ...]
    stamp_ns: Int64[np.ndarray, " sample"]
    values: Float64[np.ndarray, "sample component"]
    frame: str | None = None

    def __post_init__(self) -> None:
        shape = (len(self.stamp_ns), len(self.components))
        if self.values.shape != shape:
            raise LogError(f"signal {self.name}: values have shape {self.values.shape}; expected {shape}")
        object.__setattr__(self, "stamp_ns", _read_only(self.stamp_ns))
        object.__setattr__(self, "values", _read_only(self.values))

    @property
    def rows(self) -> int:
        """How many samples."""
        return len(self.stamp_ns)

    def stamps(self) -> Iterator[Int64[np.ndarray, " sample"]]:
        """All stamps, in one block [ns]."""
        yield self.stamp_ns

    def blocks(self) -> Iterator[Block]:
        """All stamps and values, in one block."""
        yield self.stamp_ns, self.values

    @property
    def time_s(self) -> Float64[np.ndarray, " sample"]:
        """Time since the signal's first sample [s]."""
        start = self.stamp_ns[0] if len(self.stamp_ns) else 0
        return (self.stamp_ns - start) * 1e-9

    def column(self, component: str) -> Float64[np.ndarray, " sample"]:
        """One component's samples [unit]."""
        if component not in self.components:
            raise LogError(
                f"signal {self.name}: no component '{component}'; available: {', '.join(self.components)}"
            )
        return self.values[:, self.components.index(component)]


@dataclass(frozen=True)
class Log:
    """One recording of one individual, as a store keeps it.

    Attributes:
        log_id: name of its folder, derived from its content.
        robot: the design.
        serial: the individual.
        session: recordings made without a change of set-up share one; None where unknown.
        signals: per signal name.
        constants: numbers that hold for the whole log.
        header: everything in log.json.
    """

    log_id: str
    robot: str
    serial: str
    session: str | None
    signals: Mapping[str, Signal]
    constants: Mapping[str, Constant]
    header: LogHeader

    @property
    def name(self) -> str:
        """The source's own name for this recording."""
        return self.header.name

    @property
    def labels(self) -> Mapping[str, str]:
        """Words that hold for the whole log."""
        return self.header.labels

    @property
    def duration_s(self) -> float:
        """From the first sample of any signal to the last [s]."""
        stamps = [signal.stamp_ns for signal in self.signals.values() if len(signal.stamp_ns)]
        if not stamps:
            return 0.0
        return float(max(s[-1] for s in stamps) - min(s[0] for s in stamps)) * 1e-9

    def signal(self, name: str) -> Signal:
        """The signal of this name, or a LogError that lists the signals there are."""
        if name not in self.signals:
            raise LogError(f"log {self.name}: no signal '{name}'; available: {listed(self.signals)}")
        return self.signals[name]

    def constant(self, name: str) -> float:
        """The constant of this name [its SI unit], or a LogError that lists the constants there are."""
        if name not in self.constants:
            raise LogError(f"log {self.name}: no constant '{name}'; available: {listed(self.constants)}")
        return self.constants[name].value


@dataclass(frozen=True, kw_only=True)
class LogDraft:
    """A log that has no id yet: what ingestion, or a stand-in robot, hands to the store."""

    robot: str
    serial: str
    name: str
    signals: Mapping[str, Samples]
    session: str | None = None
    constants: Mapping[str, Constant] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, SignalFacts] = field(default_factory=dict)
    sources: tuple[SourceFile, ...] = ()
    spec: str | None = None
    notes: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()
    lags: tuple[Lag, ...] = ()

    def with_signals(self, signals: Mapping[str, Samples]) -> LogDraft:
        """The same draft of other signals."""
        return replace(self, signals=signals)


def _read_only(array: np.ndarray) -> np.ndarray:
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view
