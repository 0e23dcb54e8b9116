"""`hybridsim fleet collect`: which motion, on which unit, would tell most."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybridsim.cli.fleet_loop import FleetOption
from hybridsim.cli.options import Engine, EngineOption, implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import FleetError

if TYPE_CHECKING:
    from hybridsim.fleet.collect import Plan

NAMED = 3
"""Parameters named on the screen."""


def collect(
    fleet: FleetOption,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="Of units that may move; may be given again. Without: the 4 most uncertain try."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=4.0, max=600.0, help="That the motion lasts.")] = 20.0,
    candidates: Annotated[int, typer.Option(min=1, max=1000, help="Motions that each unit tries.")] = 12,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the motions.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="CSV file for the commands: time_s, and a column a drive.")
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="JSON file for scripts.")] = None,
    engine: EngineOption = Engine.loky,
) -> None:
    """Say which motion, on which unit, would reduce the fleet's uncertainty most, and write its commands.

    Units try motions in simulation. Commands keep to the joints' limits of angle and velocity, begin and end
    at rest, and keep clear of the calibration's ground, if it has one; they know of nothing else that is in
    the way, and not of the robot itself: look at them first.

    \b
    Example:
      hybridsim fleet collect --fleet arms/ --out next.csv
      hybridsim fleet collect --fleet arms/ --serial arm-12 --seconds 30 --out next.csv --json next.json
    """  # noqa: D301
    for path in (out, as_json):
        if path is not None:
            _require_writable(path)
    module, opened = "hybridsim.fleet.collect", implementation("hybridsim.fleet.fleet", "Fleet").open(fleet)
    with closing(opened) as found, progress("fleet collect") as report:
        ask = implementation(module, "Ask")(seconds=seconds, candidates=candidates, seed=seed)
        plan = implementation(module, "plan")(found, serial, ask, engine=str(engine), progress=report)
    if out is not None:
        implementation(module, "write_commands")(out, plan.bench.robot, plan.motion)
    if as_json is not None:
        text = json.dumps(_document(plan, seconds, seed, out), indent=1) + "\n"
        implementation("hybridsim.files", "write_text")(as_json, text)
    _show(plan, out)


def _require_writable(path: Path) -> None:
    """Before the work, not after it."""
    if path.is_dir():
        raise FleetError(f"{path}: is a folder; expected a file to write")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise FleetError(f"{path}: cannot be written; expected a folder that is there and may be written to")


def _document(plan: Plan, seconds: float, seed: int, out: Path | None) -> dict[str, Any]:
    told = implementation("hybridsim.fleet.collect", "told_entries")
    units = [
        {
            "serial": unit,
            "motion": worth.motion,
            "drop": worth.drop,
            "drop_context": worth.context,
            "drop_networks": worth.networks,
            "parameters": told(plan.bench, worth),
        }
        for unit, worth in plan.others.items()
    ]
    chosen = {"serial": plan.serial, "motion": plan.motion.name, "seconds": seconds, "seed": seed}
    return {
        "schema": 1,
        **chosen,
        "commands": None if out is None else str(out),
        "units": units,
        "uncertainty": plan.uncertainty,
    }


def _show(plan: Plan, out: Path | None) -> None:
    """A line a unit that tried, the best first."""
    from rich.console import Console
    from rich.table import Table

    told = implementation("hybridsim.fleet.collect", "told_entries")
    table = Table(box=None, header_style="bold")
    for name in ("unit", "best motion", "drop", "context", "networks", "would tell about"):
        table.add_column(name, justify="right" if name in ("drop", "context", "networks") else "left")
    for unit, worth in plan.others.items():
        entries = told(plan.bench, worth, NAMED)
        words = ", ".join(
            f"{e['name'].removeprefix('drive.')} {e['after'] / e['before'] - 1:+.0%}" for e in entries
        )
        numbers = (f"{one:.2f}" for one in (worth.drop, worth.context, worth.networks))
        table.add_row(unit, worth.motion, *numbers, words)
    console = Console()
    console.print(table)
    asked = len(plan.uncertainty)
    console.print(
        f"{len(plan.others)} of {asked} units tried motions, the most uncertain or those named; drops are of"
        " the log determinant of what is not known, percentages of a parameter's standard deviation"
    )
    written = f": {out}" if out is not None else "; --out FILE writes its commands"
    typer.echo(f"next: {plan.motion.name}, on unit {plan.serial}{written}")
