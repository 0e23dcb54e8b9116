"""`hybridsim verify`: may a policy be released."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybridsim.cli.options import CalibrationOption, Engine, EngineOption, VariantOption, implementation
from hybridsim.cli.progress import progress


def verify(
    policy: Annotated[Path, typer.Argument(help="What hybridsim train wrote.", show_default=False)],
    battery: Annotated[
        str,
        typer.Option(help="TOML of scenarios; a file, or such as anymal_c/batteries/release.toml."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for verify.json, junit.xml, report.html and videos.")
    ] = None,
    calibration: CalibrationOption = None,
    variant: VariantOption = "hybrid",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed, the same verdict.")] = 0,
    video: Annotated[bool, typer.Option(help="Film worst cases.")] = True,
    engine: EngineOption = Engine.loky,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Episodes' batches at once; by default one a core.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result to this file; - prints it.")
    ] = None,
) -> None:
    """Test a policy in scenarios, each on as many drawn episodes as it takes to know, and search its limits.

    Exits with 1 where a scenario fails, or stays undecided.

    \b
    Example:
      hybridsim verify runs/walk/best --battery anymal_c/batteries/release.toml --out verified/
      hybridsim verify runs/walk/best --battery my.toml --calibration CALIBRATION --json -
    """  # noqa: D301
    run = implementation("hybridsim.verify.run", "verify")
    ask = implementation("hybridsim.verify.run", "Asked")(
        policy=policy, battery=battery, calibration=calibration, variant=variant, seed=seed, film=video
    )
    crew = implementation("hybridsim.verify.work", "Crew")(engine=str(engine), workers=workers)
    with progress("verify") as report:
        found = run(ask, out, crew=crew, progress=report)
    typer.echo(found.json() if str(json_file) == "-" else found)
    if json_file is not None and str(json_file) != "-":
        implementation("hybridsim.files", "write_text")(json_file, found.json() + "\n")
    if not found.passed:
        raise typer.Exit(1)
