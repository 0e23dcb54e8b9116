"""`hybridsim standin`: SYNTHETIC logs and scores from a robot that nobody fitted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import Engine, EngineOption, implementation
from hybridsim.cli.progress import progress

MOST_SEED = 2**63 - 1
app = typer.Typer(
    help="SYNTHETIC: a stand-in for a real ANYmal C, in MuJoCo; its drives, masses and sensors are hidden.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
StandInSeed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        max=MOST_SEED,
        help="Which individual; its serial is standin-<seed>.",
        show_default=False,
    ),
]


def _of(module: str, name: str) -> Callable[..., Any]:
    return implementation(f"hybridsim.standin.{module}", name)


@app.command()
def record(
    seed: StandInSeed,
    out: Annotated[Path, typer.Option(help="Folder for the bags, a folder each.", show_default=False)],
    logs: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many bags; by default 8, one a motion.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=4.0, max=3600.0, help="Length of each; by default 40 [s].")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Bags of 6 s, to see how it works.")] = False,
) -> None:
    """Record SYNTHETIC ROS 2 bags of a stand-in: excitation in a crane, and motions on the ground.

    Eight motions in turn: multisine, sway, chirp, walk, steps, squat, wander and trot, each with another
    charge of the battery. Bags that are there already stay: the same command goes on where it was killed.

    Exits with 1 where the robot fell; the bag then ends there.

    \b
    Example:
      hybridsim standin record --seed 7 --out bags/
      hybridsim ingest bags/* --robot anymal_c --spec anymal_c_standin --serial standin-7 --store logs/
    """  # noqa: D301
    run = _of("record", "record")
    default = _of("record", "QUICK_SECONDS" if quick else "SECONDS")
    count = _of("record", "LOGS") if logs is None else logs
    with progress("standin record") as report:
        bags = run(seed, out, count, default if seconds is None else seconds, report)
    typer.echo(_of("label", "SYNTHETIC"))
    for bag in bags:
        fell = "" if bag.fell_at is None else f"  (fell after {bag.fell_at:.1f} s)"
        typer.echo(f"{bag.path}{'' if bag.created else '  (already there)'}{fell}")
    if any(bag.fell_at is not None for bag in bags):
        raise typer.Exit(1)


@app.command()
def run(
    policy: Annotated[Path, typer.Argument(help="What hybridsim train wrote.", show_default=False)],
    seed: StandInSeed,
    episodes: Annotated[int, typer.Option(min=1, max=10_000, help="How many, of 10 s each.")] = 16,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the scores to this file; - prints them.")
    ] = None,
) -> None:
    """Let a policy walk a stand-in, and tell nothing but its return, its speed error and its falls.

    \b
    Example:
      hybridsim standin run policies/walk --seed 7 --json scores.json
    """  # noqa: D301
    play = _of("run", "run")
    controller = _of("run", "load_controller")(policy)
    with progress("standin run") as report:
        played = play(controller, seed, episodes, progress=report)
    typer.echo(played.json() if str(json_file) == "-" else played)
    if json_file is not None and str(json_file) != "-":
        implementation("hybridsim.files", "write_text")(json_file, played.json() + "\n")


@app.command()
def prove(
    seed: StandInSeed,
    out: Annotated[
        Path,
        typer.Option(help="Folder for bags, logs, calibration, policies and report.", show_default=False),
    ],
    plan: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What is trained; by default ANYmal C's proof.toml."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short logs and trainings, to see how it works; proves nothing.")
    ] = False,
    engine: EngineOption = Engine.loky,
) -> None:
    """Record, ingest, calibrate, train in several simulators, play on the stand-in, and report. SYNTHETIC.

    Trains policies in the nominal, identified and hybrid simulator and in the nominal one with ranges chosen
    by hand, with equal steps and several seeds. A killed proof goes on where it was.

    \b
    Example:
      hybridsim standin prove --seed 7 --out proof/
    """  # noqa: D301
    read = implementation("hybridsim.proof.plan", "read_plan")(plan)
    run = implementation("hybridsim.proof.chain", "prove")
    with progress("standin prove") as report:
        found = run(read.quickened() if quick else read, seed, out, engine=str(engine), progress=report)
    typer.echo(found)
