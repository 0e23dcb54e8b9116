"""`hybridsim export`: logs into formats that other tools read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress


class Format(StrEnum):
    """Formats that logs can be written in."""

    mcap = "mcap"
    lerobot = "lerobot"


def export(
    logs: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Logs: their folders, or whole stores.", show_default=False),
    ],
    to: Annotated[
        Format,
        typer.Option("--to", help="ROS 2 messages in MCAP, or a LeRobot dataset of version 3.0."),
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder to make, or a file.mcap for a single log. Nothing is overwritten."),
    ],
    rate: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="Frames a second of a LeRobot dataset; else the rate of the joint positions.",
        ),
    ] = None,
) -> None:
    """Write logs so that ROS tools, Foxglove and LeRobot read them.

    MCAP keeps every sample to the bit, with its own stamp, and comes with an ingest.toml that reads it back.
    LeRobot has one clock: commands are held, measurements interpolated, orientations slerped; the output says
    which.

    \b
    Example:
      hybridsim export logs/ --to mcap --out bags/
      hybridsim export logs/0123456789abcdef --to lerobot --rate 50 --out wave/
    """  # noqa: D301
    if to is Format.mcap and rate is not None:
        raise typer.BadParameter("MCAP keeps every stamp; a rate goes with --to lerobot", param_hint="--rate")
    with progress("export") as report:
        if to is Format.mcap:
            result = implementation("hybridsim.export", "to_mcap")(logs, out, progress=report)
        else:
            result = implementation("hybridsim.export", "to_lerobot")(
                logs, out, rate_hz=rate, progress=report
            )
    unit = "messages" if to is Format.mcap else f"frames at {result.rate_hz} Hz"
    for log in result.logs:
        typer.echo(f"{log.log_id}  {log.name}: {log.count} {unit}, {log.path}")
    for line in [*result.notes, *(f"read back with {spec}" for spec in result.specs)]:
        typer.echo(line)
    for refused in result.refused:
        typer.echo(f"hybridsim: {refused}", err=True)
    if result.refused:
        raise typer.Exit(1)
