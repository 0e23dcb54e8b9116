"""`hybridsim evaluate`: a calibration on logs it never saw."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress


class Start(StrEnum):
    """Where replays of bodies without drives begin."""

    first = "first"
    flight = "flight"


def evaluate(
    calibration: Annotated[
        str, typer.Argument(help="Folder of a calibration, or the name of a published one.")
    ],
    logs: Annotated[
        list[Path], typer.Option(exists=True, help="Log store or folder of recordings; may be repeated.")
    ],
    robot: Annotated[
        str | None, typer.Option(help="Folder of a robot of your own; else looked up by its name.")
    ] = None,
    start: Annotated[
        Start,
        typer.Option(help="Of bodies without drives: the first measured state, or one fitted to the flight."),
    ] = Start.first,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every score to this file.")] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write a page with tables and traces to this file.")
    ] = None,
) -> None:
    """Replay logs free-running, from their first sample on, and score every variant with intervals.

    \b
    Example:
      hybridsim evaluate calibration/so101/ID --logs recordings/ --json scores.json --report report.html
    """  # noqa: D301
    run = implementation("hybridsim.evaluate", "evaluate")
    with progress("evaluate") as report:
        result = run(
            calibration=calibration,
            logs=logs,
            robot=robot,
            json_file=json_file,
            report_file=report_file,
            start=str(start),
            progress=report,
        )
    typer.echo(result)
