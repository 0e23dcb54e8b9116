"""`hybridsim calibrate`: logs into a calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import Engine, EngineOption, SeedOption, implementation
from hybridsim.cli.progress import progress


def calibrate(
    study: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="study.toml: what to identify and learn.")
    ],
    logs: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="Log store or folder of recordings; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the calibration goes; by default beside the study.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first answer in a minute or so: smaller budgets.")
    ] = False,
    engine: EngineOption = Engine.loky,
    seed: SeedOption = 0,
) -> None:
    """Identify a robot's parameters from its logs, learn what they leave, and score it on held-out logs.

    Ctrl-C loses nothing that was finished: the same command goes on from there.

    \b
    Example:
      hybridsim calibrate calibration/so101/study.toml --logs recordings/ --quick
    """  # noqa: D301
    run = implementation("hybridsim.calibrate", "calibrate")
    with progress("calibrate") as report:
        folder = run(
            study=study, logs=logs or [], out=out, quick=quick, engine=str(engine), seed=seed, progress=report
        )
    typer.echo(folder)
