"""`hybridsim inspect`: what is in a log, a recording, a robot or a calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import implementation


def inspect(
    paths: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Logs, stores, recordings or robot folders.", show_default=False),
    ],
) -> None:
    """Print what is in it, rates, gaps, and what looks wrong.

    \b
    Example:
      hybridsim inspect robots/so101
      hybridsim inspect logs/
    """  # noqa: D301
    inspect_path = implementation("hybridsim.ingest.inspect", "inspect_path")
    for path in paths:
        typer.echo(inspect_path(path))
