"""A log on one page: signals, rates, gaps, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hybridsim.errors import HybridSimError, listed
from hybridsim.ingest.inspect.sheet import Grid, Sheet, number
from hybridsim.ingest.outcome import said
from hybridsim.log import Lag, Log, Refusal, SignalHeader
from hybridsim.robot import Robot, load_robot
from hybridsim.signals import SIGNALS, signal_word

SIGNAL_COLUMNS = (
    "signal",
    "unit",
    "components",
    "samples",
    "rate [Hz]",
    "lasts [s]",
    "gaps",
    "refused",
    "range",
)
CLOCK_COLUMNS = ("signal", "clock", "sender ahead [s]", "drift [ppm]", "95 % late by [s]", "set anew")
LAG_COLUMNS = ("command", "response", "of", "delay [s]", "95 % interval [s]", "correlation", "trusted")
LOG_COLUMNS = ("log", "id", "robot", "session", "signals", "lasts [s]", "gaps", "refused")
MAX_REFUSALS = 30  # lines; chosen, because nobody reads more


def log_sheet(log: Log) -> Sheet:
    """Everything about one log."""
    header = log.header
    facts = [
        ("log id", log.log_id),
        ("robot, serial", f"{log.robot}, {log.serial}"),
        ("session", log.session or "not stated"),
        ("lasts", f"{log.duration_s:.3f} s"),
        *((name, f"{c.value:g}{'' if c.unit == '1' else ' ' + c.unit}") for name, c in log.constants.items()),
        *log.labels.items(),
        *(
            ("source", f"{file.path}, {file.bytes} bytes, sha256 {file.sha256[:12]}")
            for file in header.sources
        ),
        *(("note", note) for note in header.notes),
    ]
    rows = tuple(_signal_row(log, name, entry) for name, entry in header.signals.items())
    clocks = tuple(_clock_row(name, entry) for name, entry in header.signals.items() if entry.clock.source)
    grids = (
        Grid("signals", SIGNAL_COLUMNS, rows),
        Grid("clocks, measured and not applied", CLOCK_COLUMNS, clocks),
        Grid("delays, measured and not applied", LAG_COLUMNS, tuple(map(_lag_row, header.lags))),
    )
    data = {"kind": "log", "duration_s": log.duration_s, "header": header.model_dump(mode="json")}
    shown = tuple(grid for grid in grids if grid.rows)
    return Sheet(f"log {log.name}", tuple(facts), shown, tuple(_problems(log)), data)


def logs_sheet(title: str, logs: Sequence[Log], refused: Sequence[str]) -> Sheet:
    """Several logs, one line each, and what looks wrong with any of them."""
    rows = tuple(_log_row(log) for log in logs)
    lasts = sum(log.duration_s for log in logs)
    found = [*(f"refused {line}" for line in refused)]
    found += [f"{log.name}: {line}" for log in logs for line in _problems(log)]
    data = {
        "kind": "logs",
        "logs": [
            {"duration_s": log.duration_s, "header": log.header.model_dump(mode="json")} for log in logs
        ],
        "refused": list(refused),
    }
    facts = (("logs", f"{len(logs)}, {lasts:.1f} s in all"), ("refused", str(len(refused))))
    return Sheet(title, facts, (Grid("logs", LOG_COLUMNS, rows),) if rows else (), tuple(found), data)


def _signal_row(log: Log, name: str, entry: SignalHeader) -> tuple[str, ...]:
    values = log.signals[name].values
    span = 0 if entry.start_ns is None or entry.end_ns is None else entry.end_ns - entry.start_ns
    longest = max((gap.duration_s for gap in entry.gaps), default=None)
    return (
        name,
        entry.unit,
        _some(entry.components),
        str(entry.rows),
        number(entry.rate_hz),
        f"{span * 1e-9:.3f}",
        f"{entry.gap_count}" + (f", longest {number(longest)} s" if longest else ""),
        str(_refused(entry)),
        f"{number(values.min())} to {number(values.max())}" if values.size else "-",
    )


def _clock_row(name: str, entry: SignalHeader) -> tuple[str, ...]:
    clock = entry.clock
    return (
        name,
        clock.method + (", simulated time" if clock.simulated else ""),
        _with_interval(clock.sender_ahead_s, clock.sender_ahead_interval_95_s),
        _with_interval(clock.drift_ppm, clock.drift_interval_95_ppm),
        number(clock.jitter_95_s),
        ", ".join(f"{number(size)} s" for _, size, _ in clock.steps_s[:3]) or "-",
    )


def _lag_row(lag: Lag) -> tuple[str, ...]:
    return (
        lag.command,
        lag.response,
        lag.component or "all",
        number(lag.delay_s),
        "-" if lag.interval_95_s is None else " to ".join(number(end) for end in lag.interval_95_s),
        number(lag.correlation, 3),
        "yes" if lag.trusted else f"no: {lag.reason}",
    )


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    """A number with its 95 % interval."""
    if value is None or interval is None:
        return number(value, 6)
    return f"{number(value, 6)} ({number(interval[0], 6)} to {number(interval[1], 6)})"


def _log_row(log: Log) -> tuple[str, ...]:
    entries = log.header.signals.values()
    return (
        log.name,
        log.log_id,
        log.robot,
        log.session or "-",
        str(len(log.signals)),
        f"{log.duration_s:.3f}",
        str(max(entry.gap_count for entry in entries)),
        str(sum(_refused(entry) for entry in entries)),
    )


def _some(names: Sequence[str]) -> str:
    """Up to two names, or the first and the last of so many; all of them are in the JSON."""
    return ", ".join(names) if len(names) < 3 else f"{names[0]} .. {names[-1]} ({len(names)})"


def _refused(entry: SignalHeader) -> int:
    return sum(refusal.count for refusal in entry.refused)


def _problems(log: Log) -> Iterator[str]:
    merged: dict[Refusal, list[str]] = {}
    for name, entry in log.header.signals.items():
        for refusal in entry.refused:
            merged.setdefault(refusal, []).append(name)
        if entry.duplicates_dropped:
            yield f"{name}: {entry.duplicates_dropped} samples dropped: their stamp was there already"
        if entry.gap_count:
            longest = max(gap.duration_s for gap in entry.gaps)
            yield f"{name}: {entry.gap_count} gaps, the longest {number(longest)} s"
    for refusal, names in list(merged.items())[:MAX_REFUSALS]:
        rows = ", ".join(map(str, refusal.rows[:3])) + (", ..." if refusal.count > 3 else "")
        where = f"{refusal.file}: {refusal.count} rows refused in {', '.join(names)}"
        yield f"{where}: {refusal.reason} (row {rows})"
    for damage in log.header.damage[:MAX_REFUSALS]:
        yield f"{damage.file}: {said(damage)}"
    try:
        robot = load_robot(log.robot)
    except HybridSimError as error:
        yield str(error)
        return
    yield from _beyond_limits(log, robot)


def _beyond_limits(log: Log, robot: Robot) -> Iterator[str]:
    """Samples that the robot's own limits do not allow; such samples are kept."""
    for name, signal in log.signals.items():
        limit = signal_word(name).limit if name.partition(".")[0] in SIGNALS else None
        for component in signal.components if limit else ():
            if component not in robot.joint_names:
                yield f"{name}: '{component}' is not a joint of {robot.name}: {listed(robot.joint_names)}"
                continue
            joint = robot.joint(component)
            low, high = joint.lower.value, joint.upper.value
            if limit != "position":
                high = (joint.velocity_limit if limit == "velocity" else joint.effort_limit).value
                low = -high
            column = signal.column(component)
            count = int(np.count_nonzero((column < low) | (column > high)))
            if count:
                worst = column[np.argmax(np.abs(column - (low + high) / 2))]
                yield (
                    f"{name} of {component}: {count} samples beyond {number(low)} to {number(high)} "
                    f"{signal.unit}, as far as {number(worst)}"
                )
