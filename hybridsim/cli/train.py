"""`hybridsim train`: a policy from a task and a calibration."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import PolicyError


class Engine(StrEnum):
    """What does rollouts and updates."""

    local = "local"
    ray = "ray"


def train(
    task: Annotated[
        str, typer.Argument(help="What to learn: walk_flat, walk_sloped, walk_rough, ..., reach, swing.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the training: policies, checkpoint, TensorBoard.")],
    calibration: Annotated[
        str | None,
        typer.Option(help="Folder of a calibration, or a published name; else the robot's nominal values."),
    ] = None,
    variant: Annotated[str, typer.Option(help="Simulator: hybrid, identified or nominal.")] = "hybrid",
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of the environment, in all.")] = None,
    worlds: Annotated[int | None, typer.Option(min=1, help="Worlds side by side.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed, the same curve.")] = 0,
    curriculum: Annotated[
        bool, typer.Option("--curriculum", help="Begin with small commands, raise them as it gets better.")
    ] = False,
    prior: Annotated[bool, typer.Option(help="Walking: add actions to a trot.")] = True,
    pushes: Annotated[
        float | None, typer.Option(min=0, max=3, help="Walking: largest push, as a change of speed [m/s].")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="TOML of all settings; options above count more."),
    ] = None,
    engine: Annotated[
        Engine | None, typer.Option(help="local: in this process (default); ray: RLlib on a Ray cluster.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Ray: workers that share the worlds; else one a core.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the training in --out stopped, bit for bit.")
    ] = False,
) -> None:
    """Train a policy with PPO in worlds that differ as the calibration leaves open.

    \b
    Example:
      hybridsim train walk_flat --out runs/walk --steps 600000
      hybridsim train walk_flat --calibration CALIBRATION --pushes 0.3 --out runs/robust
      hybridsim train walk_flat --out runs/walk --resume
      hybridsim train walk_flat --engine ray --workers 16 --worlds 256 --out runs/cluster
    """  # noqa: D301
    given: dict[str, Any] = {"calibration": calibration, "steps": steps, "worlds": worlds}
    given |= {"engine": engine and engine.value, "workers": workers}
    found = {name: value for name, value in given.items() if value is not None}
    found |= {"task": task, "variant": variant, "seed": seed, "curriculum": curriculum}
    options: dict[str, Any] = {} if prior else {"prior": False}
    if pushes is not None:
        options["pushes"] = pushes
    read = implementation("hybridsim.train.settings", "read_settings")(settings, found, options)
    if resume and not out.is_dir():
        raise PolicyError(f"{out}: no training to go on with")
    run = implementation("hybridsim.train", "train")
    with progress(f"train {task}") as report:
        result = run(read, out, resume=resume, progress=report)
    typer.echo(result)
