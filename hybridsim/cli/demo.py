"""`hybridsim demo`: the whole chain on generated logs, or a walk over several grounds; offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress


def demo(
    out: Annotated[
        Path, typer.Option(help="Folder for the synthetic logs, the calibration and its report.")
    ] = Path("demo"),
    walk: Annotated[
        bool,
        typer.Option(
            "--walk",
            help="Instead: ANYmal C walks over firm, slippery and soft ground; see walk.html.",
        ),
    ] = False,
) -> None:
    """Record logs of a synthetic stand-in arm, calibrate on them, and compare with the planted truth.

    Exits with 1 where a planted number is not found within its tolerance, or the walking robot falls.

    \b
    Example:
      hybridsim demo --out demo/
      hybridsim demo --walk --out demo/
    """  # noqa: D301
    run = implementation("hybridsim.demo.walk", "walk") if walk else implementation("hybridsim.demo", "demo")
    with progress("demo") as report:
        result = run(out=out, progress=report)
    typer.echo(result)
    if result.fell if walk else not result.recovered:
        raise typer.Exit(1)
