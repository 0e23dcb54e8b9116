"""`hybridsim ingest`: recordings into a log store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import Engine, EngineOption, SerialOption, implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import LogError, SpecError, listed


def ingest(
    sources: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Recordings: files, or folders of them.", show_default=False),
    ],
    robot: Annotated[str, typer.Option(help="Robot: a name in robots/, or a folder with a robot.toml.")],
    spec: Annotated[
        str | None,
        typer.Option(
            help="Which columns are which signals: a set in data/, or a file; else the robot's own."
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
    owner = implementation("hybridsim.robot", "load_robot")(robot)
    table = _spec(spec, owner)
    logs = implementation("hybridsim.log", "LogStore")(store)
    with progress("ingest") as report:
        result = run(sources, table, owner, serial, logs, str(engine), report)
    for log in result.logs:
        typer.echo(f"{log.log_id}  {log.source}{'' if log.created else '  (already there)'}")
    for line in result.lines():
        typer.echo(line, err=True)
    if not result.logs:
        raise LogError(f"ingest: none of {len(result.refused)} logs could be used; the lines above say why")


def _spec(given: str | None, robot: Any) -> Any:
    """The specification asked for, or the only one that serves the robot."""
    if given is not None:
        return implementation("hybridsim.ingest.spec", "load_spec")(given)
    fitting = implementation("hybridsim.ingest.spec", "specs_for")(robot)
    if len(fitting) != 1:
        names = listed(one.set_name for one in fitting)
        raise SpecError(
            f"ingest: --spec is missing and robot '{robot.name}' has not one set; available: {names}"
        )
    return fitting[0]
