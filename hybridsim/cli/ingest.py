"""`hybridsim ingest`: recordings into a log store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import Engine, EngineOption, SerialOption, implementation
from hybridsim.cli.progress import progress


def ingest(
    sources: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Recordings: files, or folders of them.", show_default=False),
    ],
    robot: Annotated[str, typer.Option(help="Robot: a name in robots/, or a folder with a robot.toml.")],
    spec: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Which columns are which signals; by default the robot's own."
        ),
    ] = None,
    serial: SerialOption = None,
    store: Annotated[Path, typer.Option(help="Log store to add to; made when it is missing.")] = Path("logs"),
    engine: EngineOption = Engine.loky,
) -> None:
    """Turn recordings into logs with named, stamped, unit-carrying signals.

    A bad row, file or log costs that row, file or log, and is counted and named. Ingesting twice changes
    nothing.

    \b
    Example:
      hybridsim ingest recordings/*/ --robot so101 --store logs/
    """  # noqa: D301
    run = implementation("hybridsim.ingest.run", "ingest")
    with progress("ingest") as report:
        result = run(
            sources, spec=spec, robot=robot, serial=serial, store=store, engine=str(engine), progress=report
        )
    typer.echo(result)
