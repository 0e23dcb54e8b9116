"""`hybridsim fleet`: many individuals of one robot over time."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.fleet_collect import collect
from hybridsim.cli.fleet_loop import FleetOption, add_to
from hybridsim.cli.fleet_report import report
from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import FleetError

app = typer.Typer(
    help="Many individuals of one robot over time: what each did, and what is known of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def _open(folder: Path) -> closing[Any]:
    return closing(implementation("hybridsim.fleet.fleet", "Fleet").open(folder))


def _registry(folder: Path) -> closing[Any]:
    """The registry alone, which is there at once."""
    return closing(implementation("hybridsim.fleet.registry.registry", "Registry").of(folder))


def _standings(folder: Path) -> list[Any]:
    """How units stand; most often without SQLAlchemy."""
    url = implementation("hybridsim.fleet.place", "read_place")(folder).database_in(folder)
    rows = implementation("hybridsim.fleet.registry.standing", "read_standings")(url)
    if rows is not None:
        return rows
    with _registry(folder) as found:
        return found.status()


@app.command()
def init(
    fleet: FleetOption,
    robot: Annotated[str, typer.Option(help="Name or folder of the robot that all units are.")],
    database: Annotated[
        str,
        typer.Option(help="SQLite or postgresql+psycopg:// by URL; HYBRIDSIM_FLEET_DATABASE counts more."),
    ] = "sqlite:///registry.db",
    artefacts: Annotated[
        str,
        typer.Option(
            help="Folder for logs and calibrations, or s3://bucket/fleet: extra s3, AWS_* variables."
        ),
    ] = "artefacts",
) -> None:
    """Make a fleet's folder, with its database; where it is there already, nothing changes.

    \b
    Example:
      hybridsim fleet init --fleet arms/ --robot so101
      hybridsim fleet init --fleet dogs/ --robot anymal_c --artefacts s3://logs/dogs
    """  # noqa: D301
    place = implementation("hybridsim.fleet.place", "Place")(
        schema=1, robot=robot, database=database, artefacts=artefacts
    )
    implementation("hybridsim.fleet.fleet", "Fleet").init(fleet, place).close()
    typer.echo(f"{fleet}: a fleet of {robot}")


@app.command()
def ingest(
    stores: Annotated[
        list[Path],
        typer.Argument(help="Folders of logs that hybridsim ingest wrote, or logs.", show_default=False),
    ],
    fleet: FleetOption,
    enrol: Annotated[
        bool, typer.Option("--enrol", help="Units that the fleet does not know join it.")
    ] = False,
) -> None:
    """Add logs to a fleet; the same log twice changes nothing.

    Exits with 1 where a log was turned away; the others are in.

    \b
    Example:
      hybridsim fleet ingest logs/ --fleet arms/ --enrol
    """  # noqa: D301
    with _open(fleet) as found, progress("fleet ingest") as report:
        tell = lambda done, total: report(done, total, "logs")  # noqa: E731
        taken, turned = found.take(stores, enrol=enrol, progress=tell)
    new = sum(one.new for one in taken)
    typer.echo(f"{new} new logs, {len(taken) - new} that were there already, {len(turned)} turned away")
    if turned:
        named = "; ".join(f"{one.folder.name}: {one.why}" for one in turned[:3])
        more = f"; and {len(turned) - 3} more" if len(turned) > 3 else ""
        raise FleetError(f"turned away: {named}{more}")


@app.command()
def status(
    fleet: FleetOption,
    every: Annotated[bool, typer.Option("--all", help="Show all units, not 40.")] = False,
    as_json: JsonOption = False,
) -> None:
    """How units stand: logs, calibration, alarms; those first that want looking after.

    \b
    Example:
      hybridsim fleet status --fleet arms/
    """  # noqa: D301
    rows = _standings(fleet)
    if as_json:
        typer.echo(json.dumps({"schema": 1, "units": [vars(row) for row in rows]}))
        return
    implementation("hybridsim.cli.fleet_tables", "show_status")(rows, every)


@app.command()
def promote(
    calibration: Annotated[
        str, typer.Argument(help="Folder of a calibration, or a published name.", show_default=False)
    ],
    fleet: FleetOption,
    serial: Annotated[
        list[str] | None, typer.Option(help="For which unit; may be given again. Without: for all.")
    ] = None,
    verdict: Annotated[
        int | None, typer.Option(help="That it passed; may be left out for a unit's first calibration.")
    ] = None,
    why: Annotated[str, typer.Option(help="In words, for the history.")] = "",
) -> None:
    """Make a calibration the current one of units that have none, or that a verdict lets go on.

    \b
    Example:
      hybridsim fleet promote so101 --fleet arms/
      hybridsim fleet promote runs/3f0c/ --serial arm-12 --verdict 41 --fleet arms/
    """  # noqa: D301
    with _open(fleet) as found:
        name = found.add_calibration(calibration)
        for unit in serial or found.registry.units():
            step = found.registry.promote(unit, name, verdict=verdict, why=why)
            typer.echo(f"{unit}: {name}" + (" as before" if step is None else f", step {step.number}"))


@app.command()
def rollback(
    fleet: FleetOption,
    serial: Annotated[str, typer.Option(help="Of which unit.")],
    to: Annotated[str | None, typer.Option(help="Id of an earlier calibration; else the one before.")] = None,
    why: Annotated[str, typer.Option(help="In words, for the history.")] = "",
) -> None:
    """Make an earlier calibration of a unit current again.

    \b
    Example:
      hybridsim fleet rollback --serial arm-12 --fleet arms/ --why "walks worse on grass"
    """  # noqa: D301
    with _registry(fleet) as found:
        step = found.roll_back(serial, to, why)
    typer.echo(f"{serial}: back to {step.calibration}, step {step.number}")


@app.command()
def history(
    fleet: FleetOption,
    serial: Annotated[str | None, typer.Option(help="Of which unit; else of all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Which calibration was current when, and why; and when payload or site changed.

    \b
    Example:
      hybridsim fleet history --fleet arms/ --serial arm-12
    """  # noqa: D301
    with _registry(fleet) as found:
        steps, settings = found.history(serial), found.timeline.settings(serial)
    if as_json:
        rows = {"steps": [vars(step) for step in steps], "settings": [vars(one) for one in settings]}
        typer.echo(json.dumps({"schema": 1, **rows}))
        return
    implementation("hybridsim.cli.fleet_tables", "show_history")(steps, settings)


add_to(app)
app.command()(report)
app.command()(collect)
