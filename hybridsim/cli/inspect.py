"""`hybridsim inspect`: what is in a log, a store, a recording or a robot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybridsim.cli.options import implementation

if TYPE_CHECKING:
    from hybridsim.ingest.inspect import Sheet


def inspect(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Logs, stores, recordings, or robots by folder or name.", show_default=False),
    ],
    spec: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="Which columns of a recording are which signals; tried by default: data/."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each path.")] = False,
) -> None:
    """Print what is in it, rates, gaps, and what looks wrong.

    \b
    Example:
      hybridsim inspect robots/so101
      hybridsim inspect logs/
    """  # noqa: D301
    inspect_path = implementation("hybridsim.ingest.inspect", "inspect_path")
    for path in paths:
        sheet = inspect_path(path, spec)
        if as_json:
            typer.echo(sheet.json())
        else:
            _show(sheet)


def _show(sheet: Sheet) -> None:
    """Tables on a terminal; plain text, never wrapped, into a file or pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        typer.echo(str(sheet))
        return
    console.print(Text(sheet.title, style="bold"))
    for name, value in sheet.facts:
        console.print(Text(f"  {name}: {value}"))
    for grid in sheet.grids:
        table = Table(
            *(Text(column) for column in grid.columns), title=Text(grid.title), title_justify="left"
        )
        for row in grid.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    console.print(Text("what looks wrong", style="bold"))
    for line in sheet.problems or ("nothing found",):
        console.print(Text(f"  {line}", style="yellow" if sheet.problems else "green"))
