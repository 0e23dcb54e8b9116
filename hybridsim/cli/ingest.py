"""`hybridsim ingest`: recordings into a log store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import (
    Engine,
    EngineOption,
    MsgOption,
    SerialOption,
    TypesOption,
    implementation,
)
from hybridsim.cli.progress import progress
from hybridsim.errors import LogError, SpecError, listed

PARTLY = 3  # exit code: logs are in, but something was refused


def ingest(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings: files, folders of them, or patterns such as 'day*/*.bag'.", show_default=False
        ),
    ],
    robot: Annotated[str, typer.Option(help="Robot: a name in robots/, or a folder with a robot.toml.")],
    spec: Annotated[
        str | None,
        typer.Option(
            help="Which columns or topics are which signals: a set in data/, or a file; else the robot's own."
        ),
    ] = None,
    serial: SerialOption = None,
    store: Annotated[Path, typer.Option(help="Log store to add to; made when it is missing.")] = Path("logs"),
    engine: EngineOption = Engine.loky,
    msg: MsgOption = None,
    types: TypesOption = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what became of everything to this file; - prints it.")
    ] = None,
) -> None:
    """Turn recordings into logs with named, stamped, unit-carrying signals.

    Reads CSV, JSON, Parquet, MATLAB and bags: .bag, .db3, .mcap and rosbag2 folders, whole or damaged. A bad
    row, message, file or log costs that row, message, file or log, and is counted and named. Ingesting twice
    changes nothing, and goes on where a killed run stopped.

    Exit code: 0 when all of every source is in, 3 when a source, a part or a row was refused but logs are in,
    1 when none is.

    \b
    Example:
      hybridsim ingest recordings/*/ --robot so101 --store logs/
      hybridsim inspect drive.mcap --robot so101 --write ingest.toml
      hybridsim ingest drive.mcap --robot so101 --spec ingest.toml --store logs/
    """  # noqa: D301
    run = implementation("hybridsim.ingest.run", "ingest")
    owner = implementation("hybridsim.robot", "load_robot")(robot)
    table = _spec(spec, owner)
    logs = implementation("hybridsim.log", "LogStore")(store)
    reading = implementation("hybridsim.ingest.task", "reading_of")(msg or (), types)
    with progress("ingest") as report:
        result = run(sources, table, owner, serial, logs, str(engine), report, reading)
    _tell(result, json_file)


def _tell(result: Any, json_file: Path | None) -> None:
    """Logs on standard output, refusals on standard error, all of it as JSON where asked for."""
    if str(json_file) == "-":
        typer.echo(result.json())
    else:
        for log in result.logs:
            typer.echo(f"{log.log_id}  {log.source}{'' if log.created else '  (already there)'}")
    for line in result.lines():
        typer.echo(line, err=True)
    typer.echo(result.summary(), err=True)
    if json_file is not None and str(json_file) != "-":
        implementation("hybridsim.files", "write_text")(json_file, result.json() + "\n")
    if not result.logs:
        raise LogError(f"ingest: none of {len(result.refused)} logs could be used; the lines above say why")
    if result.partial:
        raise typer.Exit(PARTLY)


def _spec(given: str | None, robot: Any) -> Any:
    """The specification asked for, or the only one that serves the robot."""
    if given is not None:
        return implementation("hybridsim.ingest.spec", "load_spec")(given)
    fitting = implementation("hybridsim.ingest.spec", "specs_for")(robot)
    if len(fitting) != 1:
        names = listed(one.set_name for one in fitting)
        raise SpecError(
            f"ingest: --spec is missing and robot '{robot.name}' has not one set; available: {names}; "
            f"for bags, draft one: hybridsim inspect BAG --robot {robot.name} --write ingest.toml"
        )
    return fitting[0]
