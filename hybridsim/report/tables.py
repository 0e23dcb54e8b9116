"""The rows of the page's tables: numbers already in words, widths of little bars already in per cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hybridsim.parameters import Parameter
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.sentences import Scores, best_variant, is_identified, meaning, shortened, subject
from hybridsim.report.variants import style
from hybridsim.score import REFERENCE, number_text, signal_unit, span_text


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A dot with its interval on a line, everything in per cent of the line."""

    at: float
    low: float
    high: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class VariantRow:
    """One variant in the table of one signal."""

    name: str
    meaning: str
    colour: str
    error: str
    difference: str
    improved: str
    bar: Bar
    best: bool


def variant_rows(scores: Scores, signal: str) -> list[VariantRow]:
    """All variants of a signal, in their usual order."""
    held = {name: v for name, v in scores["variants"].items() if signal in v["signals"]}
    widest = max(v["signals"][signal]["mae_mean_interval_95"][1] for v in held.values()) or 1.0
    best = best_variant(scores, signal)
    return [variant_row(scores, signal, name, widest, best == name and len(held) > 1) for name in held]


def variant_row(scores: Scores, signal: str, name: str, widest: float, best: bool) -> VariantRow:
    """One variant: its error, and the paired difference to `identified`."""
    variant = scores["variants"][name]
    found, against = variant["signals"][signal], variant["minus_identified"].get(signal)
    low, high = found["mae_mean_interval_95"]
    unit = signal_unit(signal, found["unit"])
    at = [100 * value / widest for value in (found["mae_mean"], low, high)]
    difference = improved = "–"
    if name == subject(scores) and is_identified(scores):
        difference = "none"
    elif against is not None:
        difference = span_text(against["mae_mean"], against["interval_95"], unit)
        improved = f"{100 * against['logs_improved']:.0f} %"
    return VariantRow(
        name=name,
        meaning=meaning(scores, name),
        colour=style(name).colour,
        error=span_text(found["mae_mean"], (low, high), unit),
        difference="reference" if name == REFERENCE else difference,
        improved=improved,
        bar=Bar(at=at[0], low=at[1], high=at[2], colour=style(name).colour),
        best=best,
    )


@dataclass(frozen=True, kw_only=True)
class RelativeRow:
    """One variant's errors over the measurement's spread: a cell a component, then the mean."""

    name: str
    cells: tuple[str, ...]


def relative_rows(scores: Scores, signal: str) -> list[RelativeRow]:
    """All variants that have such errors."""
    found = []
    for name, variant in scores["variants"].items():
        relative = variant["signals"].get(signal, {}).get("relative")
        if relative is not None:
            low, high = relative["mean_interval_95"]
            mean = f"{relative['mean']:.3f} [{low:.3f}, {high:.3f}]"
            each = (f"{value:.3f}" for value in relative["rmse_over_spread"])
            found.append(RelativeRow(name=name, cells=(*each, mean)))
    return found


@dataclass(frozen=True, kw_only=True)
class ParameterRow:
    """One identified parameter; `bar` places value and interval between its bounds."""

    name: str
    value: str
    interval: str
    bounds: str
    unit: str
    source: str
    flags: tuple[str, ...]
    bar: Bar


def parameter_row(parameter: Parameter) -> ParameterRow:
    """A parameter in words."""
    low, high = parameter.interval_95 or (parameter.value, parameter.value)
    at, left, right = (position(parameter, value) for value in (parameter.value, low, high))
    interval = "–" if parameter.interval_95 is None else f"{low:.4g} to {high:.4g}"
    return ParameterRow(
        name=shortened(parameter.name),
        value=f"{parameter.value:.4g}",
        interval=interval,
        bounds=f"{parameter.low:.4g} to {parameter.high:.4g}",
        unit=parameter.unit,
        source=parameter.source,
        flags=flags(parameter),
        bar=Bar(at=at, low=left, high=right, colour="#b45309" if flags(parameter) else "#0072b2"),
    )


def flags(parameter: Parameter) -> tuple[str, ...]:
    """What a reader must not overlook about a parameter."""
    found = {"at bound": parameter.at_bound, "not identifiable": not parameter.identifiable}
    return tuple(name for name, raised in found.items() if raised)


def position(parameter: Parameter, value: float) -> float:
    """Where a value lies between the bounds, on the parameter's scale [%], clipped to 0..100."""
    low, high, at = parameter.low, parameter.high, min(max(value, parameter.low), parameter.high)
    if parameter.scale == "log":
        low, high, at = math.log(low), math.log(high), math.log(at)
    return 100 * (at - low) / (high - low)


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """One log: its errors of one signal, a cell a variant."""

    name: str
    log_id: str
    seconds: str
    cells: tuple[str, ...]


def log_rows(scores: Scores, signal: str, info: CalibrationInfo, variants: Sequence[str]) -> list[LogRow]:
    """All logs of a signal, the one with the largest error of the last variant first."""
    held = scores["variants"][variants[-1]]["logs"]
    ids = [log_id for log_id in held if signal in held[log_id]]
    ids.sort(key=lambda log_id: -held[log_id][signal]["mae_mean"])
    unit = signal_unit(signal, scores["variants"][variants[-1]]["signals"][signal]["unit"])
    means = {v: {i: scores["variants"][v]["logs"][i][signal]["mae_mean"] for i in ids} for v in variants}
    return [
        LogRow(
            name=shortened(info.log_name(log_id)),
            log_id=shortened(log_id),
            seconds=f"{scores['protocol']['log_seconds'][log_id]:.1f}",
            cells=tuple(number_text(means[variant][log_id], unit) for variant in variants),
        )
        for log_id in ids
    ]
