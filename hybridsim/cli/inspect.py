"""`hybridsim inspect`: what is in a robot, a log, a store or a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import implementation
from hybridsim.errors import HybridSimError


def inspect(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Robots (name or folder), logs, stores or recordings.", show_default=False),
    ],
    spec: Annotated[
        str | None,
        typer.Option(help="How to read recordings: a set in data/, or a file; else each is tried."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the same as a JSON list to this file; - prints it.")
    ] = None,
) -> None:
    """Print what is in it, rates, gaps, and what looks wrong.

    \b
    Example:
      hybridsim inspect robots/so101
      hybridsim inspect logs/
    """  # noqa: D301
    look = implementation("hybridsim.ingest.inspect", "inspect_path")
    sheets, refused = [], []
    for path in paths:
        try:
            sheets.append(look(path, spec))
        except HybridSimError as error:  # one bad path costs that path
            refused.append(error)
            typer.echo(f"hybridsim: {error}", err=True)
            continue
        if str(json_file) != "-":
            typer.echo(sheets[-1])
    if json_file is not None:
        text = json.dumps([json.loads(sheet.json()) for sheet in sheets], indent=1)
        typer.echo(text) if str(json_file) == "-" else json_file.write_text(text, encoding="utf-8")
    if refused:
        raise typer.Exit(1)
