"""Numbers as a person reads them: 4.5 [4.1, 4.9] mrad."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hybridsim.signals import is_quaternion

ROTATION = "rad of a whole body"

# unit inside -> (factor, unit on the page): errors are small, so the page shows thousandths of them.
DISPLAY = {"rad": (1e3, "mrad"), "rad/s": (1e3, "mrad/s"), "m": (1e3, "mm"), "1": (1e3, "thousandths")}
DISPLAY[ROTATION] = (180 / math.pi, "deg")  # bodies that tumble are off by degrees, joints by mrad

MOST_DECIMALS = 4


def signal_unit(signal: str, unit: str) -> str:
    """What `display_unit` knows a signal's errors by: their unit, but for whole bodies' rotations."""
    return ROTATION if unit == "rad" and is_quaternion(signal) else unit


def display_unit(unit: str) -> tuple[float, str]:
    """Factor and unit to show errors in: rad as mrad, m as mm, "1" as thousandths; see `signal_unit`."""
    return DISPLAY.get(unit, (1.0, unit))


def number_text(value: float | None, unit: str, interval: Sequence[float] = ()) -> str:
    """A value in its display unit, without the unit; "–" for None and NaN."""
    if value is None or not math.isfinite(value):
        return "–"
    factor, _ = display_unit(unit)
    return f"{value * factor:z.{decimals(value * factor, [end * factor for end in interval])}f}"


def span_text(value: float | None, interval: Sequence[float], unit: str) -> str:
    """A value with its interval in its display unit, without the unit: "4.5 [4.1, 4.9]"."""
    factor, _ = display_unit(unit)
    if value is None or not math.isfinite(value):
        return "–"
    places = decimals(value * factor, [end * factor for end in interval])
    low, high = (f"{end * factor:z.{places}f}" for end in interval)
    return f"{value * factor:z.{places}f} [{low}, {high}]"


def interval_text(value: float | None, interval: Sequence[float] | None, unit: str) -> str:
    """A value with its interval and unit: 0.00452 rad, (0.0041, 0.0049) -> "4.5 [4.1, 4.9] mrad"."""
    text = number_text(value, unit) if interval is None else span_text(value, interval, unit)
    return text if text == "–" else f"{text} {display_unit(unit)[1]}"


def decimals(value: float, interval: Sequence[float] = ()) -> int:
    """Decimals that tell enough: one below 100, more where the interval is tight or, without one, below 1."""
    places = 0 if abs(value) >= 100 else 1
    half = (max(interval) - min(interval)) / 2 if interval else 0.0
    if half > 0:
        places = max(places, -exponent(half))
    elif 0 < abs(value) < 1:
        places = 1 - exponent(value)
    if places > MOST_DECIMALS and round(value, MOST_DECIMALS) == 0:
        return 1  # nothing to tell from zero
    return min(places, MOST_DECIMALS)


def exponent(value: float) -> int:
    """Power of ten of the first digit: 0.03 -> -2."""
    return math.floor(math.log10(abs(value)) + 1e-9)  # log10(0.01 - rounding) is still -2
