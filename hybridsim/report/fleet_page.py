"""The page of a fleet: everything inside, nothing loaded from anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import get_args

from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from hybridsim.files import write_text
from hybridsim.report.fleet_facts import FleetFacts, State
from hybridsim.report.fleet_figures import (
    BEFORE,
    FIRST_DATE_NS,
    MOST_ROWS,
    OWN,
    error_figure,
    heat_figure,
    said,
    when,
)
from hybridsim.report.fleet_strips import strip_of
from hybridsim.report.page import own, script_hash
from hybridsim.report.panel import Panel, panel

MOST = {"units": MOST_ROWS, "changes": 30, "wanted": 20, "verdicts": 40, "steps": 60, "odd": 30}
"""Rows of the tables; chosen, because more is not read, and the commands that say more are named."""
ATTENTION: tuple[State, ...] = (
    "verdict refused",
    "changed and not yet relearned",
    "logs set aside",
)
CLASSES: dict[State, str] = dict(
    zip(get_args(State), ("bad", "bad", "look", "fresh", "good", "good"), strict=True)
)
AGES = ("before a calibration of its own", "first of its own", "second", "third")
HEAT = (
    "Mean error of each unit's logs in each span of time, each replayed by the calibration that was current"
    " when it came in; the units that want attention first are on top."
)
CROWD = "How many units had which error, {count} units in all; each log by the calibration of then."
FAMILY_COLOURS = {
    "friction": "#0072b2",
    "gain": "#e69f00",
    "delay": "#009e73",
    "mass": "#cc79a7",
    "sensor bias": "#56b4e9",
}


def write_fleet(path: Path, facts: FleetFacts) -> None:
    """Write the page atomically; it works from a file:// address, offline."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"mrad": mrad, "date": date, "told": unit_text, "percent": percent, "said": said}
    page.globals["quote"] = quote
    scripts = {"plotly_js": get_plotlyjs().replace("\r", ""), "draw_js": own("draw.js")}
    odd = [(unit, one) for unit in facts.units for one in unit.points if one.odd]
    text = page.from_string(own("fleet.html.jinja")).render(
        css=own("page.css"),
        script_hashes=[script_hash(script) for script in scripts.values()],
        f=facts,
        most=MOST,
        headline=headline(facts),
        tiles=tiles(facts, len(odd)),
        states=[(state, n) for state in get_args(State) if (n := count(facts, state))],
        classes=CLASSES,
        families=FAMILY_COLOURS,
        odd=sorted(odd, key=lambda both: -both[1].began_ns),
        heat=heat(facts),
        panels=errors(facts),
        ages=list(zip(AGES, (BEFORE, *OWN[:3]), strict=True)),
        strips=[strip_of(entry) for entry in facts.entries],
        **scripts,
    )
    write_text(path, text)


def count(facts: FleetFacts, *states: State) -> int:
    """Units in some states."""
    found = Counter(unit.state for unit in facts.units)
    return sum(found[state] for state in states)


def headline(facts: FleetFacts) -> str:
    """The fleet in a sentence."""
    if not facts.units:
        return "No unit yet"
    wanting = [f"{n} {state}" for state in ATTENTION if (n := count(facts, state))]
    units = f"{len(facts.units)} unit" + ("s" if len(facts.units) > 1 else "")
    if wanting:
        return f"{count(facts, *ATTENTION)} of {units} want attention: {'; '.join(wanting)}"
    fresh = count(facts, "new")
    if fresh == len(facts.units):
        return f"None of {units} has a calibration of its own yet"
    if fresh:
        return f"{fresh} of {units} have no calibration of their own; of the others none wants attention"
    return f"None of {units} wants attention"


def tiles(facts: FleetFacts, odd: int) -> list[tuple[str, str]]:
    """The fleet in numbers."""
    opened = sum(change.open for change in facts.changes)
    return [
        ("units", f"{len(facts.units)}"),
        ("logs", f"{sum(unit.logs for unit in facts.units)}"),
        ("hours of logs", f"{sum(unit.hours for unit in facts.units):.1f}"),
        ("open alarms", f"{opened} of {len(facts.changes)}"),
        ("logs set aside", f"{odd}"),
        ("without a calibration", f"{sum(unit.calibration is None for unit in facts.units)}"),
    ]


def heat(facts: FleetFacts) -> Panel | None:
    """All units at once."""
    figure = heat_figure(facts.units)
    replayed = sum(bool(unit.points) for unit in facts.units)
    caption = HEAT if replayed <= MOST_ROWS else CROWD.format(count=replayed)
    return None if figure is None else panel("heat", "Error of all units over time", caption, figure)


def errors(facts: FleetFacts) -> Sequence[Panel]:
    """A figure a unit."""
    return [
        panel(
            f"unit-{k}", unit.serial, f"{unit.state}{': ' + unit.why if unit.why else ''}", error_figure(unit)
        )
        for k, unit in enumerate(facts.shown)
    ]


def mrad(error: float | None) -> str:
    """An error as the tables show it; a dash for none."""
    return "–" if error is None else f"{1e3 * error:.2f}"


def percent(share: float | None, form: str = ".0f") -> str:
    """A share; a dash for none."""
    return "–" if share is None else f"{100.0 * share:{form}} %"


def date(stamp_ns: int | None) -> str:
    """Of a stamp that says one; a dash for others."""
    return "–" if stamp_ns is None or stamp_ns < FIRST_DATE_NS else when(stamp_ns)


def unit_text(unit: str) -> str:
    """A unit as people write it: N·m for N*m, kg·m² for kg*m^2, nothing for 1."""
    return "" if unit == "1" else unit.replace("*", "·").replace("^2", "²").replace("^3", "³")
