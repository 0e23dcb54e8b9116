"""`hybridsim fleet relearn | verify | watch`: what keeps a fleet's calibrations right."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.again import Asked, again
from hybridsim.cli.options import Engine, EngineOption, implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import FleetError

FleetOption = Annotated[
    Path, typer.Option("--fleet", help="The fleet's folder, that of fleet.toml.", show_default=False)
]
SerialOption = Annotated[
    list[str] | None, typer.Option(help="Of which unit; may be given again. Without: of all.")
]


def _open(folder: Path) -> closing[Any]:
    return closing(implementation("hybridsim.fleet.fleet", "Fleet").open(folder))


def _watch(found: Any, engine: Engine, report: Any, asked: Asked = lambda: False) -> Any:
    options = implementation("hybridsim.fleet.watch", "Options")(
        engine=str(engine), progress=report, ends=asked
    )
    return implementation("hybridsim.fleet.watch", "Watch")(found, options)


def relearn(
    fleet: FleetOption,
    every: Annotated[
        bool, typer.Option("--all", help="Learn what all units have in common, each unit anew within it.")
    ] = False,
    reference: Annotated[
        str | None, typer.Option(help="With --all: calibration that units differ from; a folder or a name.")
    ] = None,
    serial: SerialOption = None,
    engine: EngineOption = Engine.loky,
) -> None:
    """Make challengers of units that are new or have changed, from their context alone, or of all units.

    Nothing is promoted; hybridsim fleet verify judges, hybridsim fleet promote acts.

    \b
    Example:
      hybridsim fleet relearn --fleet arms/ --all --reference so101
      hybridsim fleet relearn --fleet arms/ --serial arm-12
    """  # noqa: D301
    if reference is not None and not every:
        raise FleetError("--reference: wants --all; a unit's challenger keeps the fleet's reference")
    with _open(fleet) as found, progress("fleet relearn") as report:
        if every:
            refound = implementation("hybridsim.fleet.founding", "refound")
            population = refound(found, reference, engine=str(engine), progress=report)
            typer.echo(f"population {population.id}: of {len(population.units)} units")
        watching = _watch(found, engine, report)
        made = watching.challenge(serial)
    for unit, name in sorted(made.items()):
        typer.echo(f"{unit}: {name}")
    if not made:
        typer.echo("no unit is new or has changed, or logs are too few: one to teach, one to judge")


def verify(
    fleet: FleetOption,
    serial: SerialOption = None,
    engine: EngineOption = Engine.loky,
) -> None:
    """Judge units' newest challengers beside their current calibrations, on logs that nothing was fitted on.

    Exits with 1 where a challenger does not pass.

    \b
    Example:
      hybridsim fleet verify --fleet arms/ --serial arm-12
    """  # noqa: D301
    with _open(fleet) as found, progress("fleet verify") as report:
        watch = _watch(found, engine, report)
        verdicts = watch.verify(serial)
    implementation("hybridsim.cli.fleet_tables", "show_verdicts")(verdicts)
    if refused := [unit for unit, (_, verdict) in verdicts.items() if not verdict.passed]:
        raise FleetError(f"{len(refused)} of {len(verdicts)} challengers did not pass: {', '.join(refused)}")


def watch(
    fleet: FleetOption,
    inbox: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders into which hybridsim ingest writes logs.", show_default=False),
    ] = None,
    enrol: Annotated[
        bool, typer.Option("--enrol", help="Units that the fleet does not know join it.")
    ] = False,
    every_s: Annotated[
        float | None, typer.Option("--every", min=1.0, help="Go on: look again after so many seconds.")
    ] = None,
    engine: EngineOption = Engine.loky,
) -> None:
    """Take new logs in, notice what has changed, relearn it, judge, and promote what passes: one round.

    May run from cron, on several machines at once, and be killed at any moment. With --every an error, such
    as a database that is gone for a while, costs its round; SIGTERM or Ctrl-C ends it between two steps.

    \b
    Example:
      hybridsim fleet watch logs/ --fleet arms/ --enrol
      hybridsim fleet watch logs/ --fleet arms/ --every 600
    """  # noqa: D301

    def once(asked: Asked = lambda: False) -> None:
        with _open(fleet) as found, progress("fleet watch") as report:
            turned = implementation("hybridsim.fleet.watch", "take_in")(found, inbox or [], enrol=enrol)
            done = _watch(found, engine, report, asked).round()
        implementation("hybridsim.cli.fleet_tables", "show_round")(done, turned)

    if every_s is None:
        once()
    else:
        again(once, every_s)


def add_to(app: typer.Typer) -> None:
    """Among the commands of `hybridsim fleet`."""
    for command in (relearn, verify, watch):
        app.command()(command)
