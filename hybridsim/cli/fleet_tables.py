"""Tables of a fleet, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hybridsim.errors import listed
from hybridsim.fleet.registry.entries import Setting, Standing, Step, dated

if TYPE_CHECKING:
    from hybridsim.fleet.gate import Verdict
    from hybridsim.fleet.watch import Round

MOST = 40
"""Units shown unless all are asked for; chosen, because a screen holds no more."""


def show_status(rows: Sequence[Standing], every: bool = False) -> None:
    """A line a unit, those with alarms or without a calibration first, and the sums."""
    ordered = sorted(rows, key=lambda row: (-row.alarms, row.calibration is not None, row.serial))
    table = Table(box=None, header_style="bold")
    for name in ("unit", "logs", "hours", "last log", "calibration", "since", "alarms"):
        table.add_column(name, justify="right" if name in ("logs", "hours", "alarms") else "left")
    for row in ordered if every else ordered[:MOST]:
        table.add_row(
            row.serial,
            str(row.logs),
            f"{row.seconds / 3600:.2f}",
            _when(row.last_ns),
            row.calibration or "-",
            _when(row.since_ns),
            str(row.alarms) if row.alarms else "",
            style="bold red" if row.alarms else None,
        )
    console = Console()
    console.print(table)
    if len(rows) > MOST and not every:
        console.print(f"... and {len(rows) - MOST} more; --all shows them")
    hours, logs = sum(row.seconds for row in rows) / 3600, sum(row.logs for row in rows)
    without = sum(row.calibration is None for row in rows)
    alarmed = sum(row.alarms > 0 for row in rows)
    counted = f"{len(rows)} units, {logs} logs, {hours:.1f} h"
    console.print(f"{counted}; {without} without a calibration, {alarmed} with alarms")


def show_history(steps: Sequence[Step], settings: Sequence[Setting] = ()) -> None:
    """A line a step, from old to new, and one for each log from which on payload or site were others."""
    table = Table(box=None, header_style="bold")
    for name in ("when", "unit", "step", "calibration", "verdict", "why"):
        table.add_column(name)
    rows = [(step.at_ns, _step(step)) for step in steps] + [(one.since_ns, _setting(one)) for one in settings]
    for _, row in sorted(rows, key=lambda one: one[0]):
        table.add_row(*map(escape, row))
    Console().print(table)


def _step(step: Step) -> tuple[str, ...]:
    name = ("back to " if step.back else "") + step.calibration
    verdict = "-" if step.verdict is None else str(step.verdict)
    return _when(step.at_ns), step.serial, str(step.number), name, verdict, step.why


def _setting(one: Setting) -> tuple[str, ...]:
    said = [f"{name} {value:g}" for name, value in (one.payload or {}).items()]
    said += [f"site {one.site}"] if one.site else []
    return _when(one.since_ns), one.serial, "", "", "", ", ".join(said) + f", from log {one.log_id} on"


def show_verdicts(verdicts: Mapping[str, tuple[int, Verdict]]) -> None:
    """A line a challenger."""
    table = Table(box=None, header_style="bold")
    for name in ("unit", "verdict", "passed", "error on held-out logs", "against it"):
        table.add_column(name)
    for serial, (number, verdict) in sorted(verdicts.items()):
        said = verdict.evidence
        low, high = said.get("change_interval_95", (0.0, 0.0))
        change = f"{said['change_mean']:+.1%} [{low:+.1%}, {high:+.1%}]" if "change_mean" in said else "-"
        passed = "yes" if verdict.passed else "NO"
        table.add_row(serial, str(number), passed, change, "; ".join(verdict.reasons))
    Console().print(table)


def show_round(done: Round, turned: Sequence[str]) -> None:
    """What a round of watching did."""
    console = Console()
    for line in turned[:MOST]:
        console.print(f"turned away: {line}", style="red", markup=False)
    for log, why in list(done.odd.items())[:MOST]:
        console.print(f"set aside: log {log}: {why}", style="red", markup=False)
    for alarm in done.alarms:
        share = alarm.likelihoods[alarm.family]
        where = f" of {alarm.place}" if alarm.place else ""
        since = f" since {_when(alarm.since_ns)}" if dated(alarm.since_ns) else ""
        line = f"changed: {alarm.serial}: {alarm.family}{where} ({share:.0%}){since}"
        console.print(line, style="bold", markup=False)
    if done.verdicts:
        show_verdicts(done.verdicts)
    if few := sorted(serial for serial, (_, verdict) in done.verdicts.items() if not verdict.explains):
        line = f"no context explains the logs of {listed(few)}: hybridsim fleet relearn --all learns anew"
        console.print(f"{line} what units share", markup=False)
    counted = f"{done.assessed} logs replayed, {len(done.odd)} set aside, {len(done.alarms)} units changed"
    console.print(f"{counted}, {len(done.verdicts)} challengers judged, {len(done.promoted)} promoted")


def _when(stamp_ns: int | None) -> str:
    """In local time; stamps without a date have none."""
    if stamp_ns is None or not dated(stamp_ns):
        return "-"
    return datetime.fromtimestamp(stamp_ns / 1e9).strftime("%Y-%m-%d %H:%M")
