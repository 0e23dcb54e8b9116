"""`hybridsim fleet report`: a fleet on one page."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.fleet_loop import FleetOption
from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress


def report(
    fleet: FleetOption,
    out: Annotated[
        Path | None, typer.Option(help="File to write; else report.html in the fleet's folder.")
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="Unit whose errors are drawn over time; may be given again. Else 12 of them."),
    ] = None,
) -> None:
    """One self-contained HTML page: units by health, errors over time, what changed, what to collect next.

    \b
    Example:
      hybridsim fleet report --fleet arms/
      hybridsim fleet report --fleet arms/ --serial arm-12 --out arm-12.html
    """  # noqa: D301
    page = out or fleet / "report.html"
    opened = implementation("hybridsim.fleet.fleet", "Fleet").open(fleet)
    with closing(opened), progress("fleet report") as told:
        write = implementation("hybridsim.fleet.report", "report")
        facts = write(opened, page, serial or None, progress=told)
    typer.echo(f"{page}: {len(facts.units)} units, {len(facts.shown)} of them over time")
