"""`hybridsim train`: a policy from a task and a calibration."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import CalibrationOption, VariantOption, implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import PolicyError


class Engine(StrEnum):
    """What does rollouts and updates."""

    local = "local"
    ray = "ray"


def train(
    out: Annotated[Path, typer.Option(help="Folder of the training: policies, checkpoint, TensorBoard.")],
    task: Annotated[
        str | None,
        typer.Argument(
            help="What to learn: walk_flat, walk_sloped, walk_rough, ..., reach, swing; or --motion.",
            show_default=False,
        ),
    ] = None,
    motion: Annotated[
        str | None,
        typer.Option(
            help="Motion to imitate: a clip (.txt, .json), a table (.csv, .parquet), a log, or a name."
        ),
    ] = None,
    retarget: Annotated[
        str | None, typer.Option(help="TOML that says which joint of the motion is which of the robot.")
    ] = None,
    robot: Annotated[
        str | None, typer.Option(help="Name or folder; else the task's or the motion's.")
    ] = None,
    calibration: CalibrationOption = None,
    variant: VariantOption = "hybrid",
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
      hybridsim train --motion laikago_walk --out runs/trot
      hybridsim train walk_flat --engine ray --workers 16 --worlds 256 --out runs/cluster
    """  # noqa: D301
    if resume and not out.is_dir():
        raise PolicyError(f"{out}: no training to go on with")
    options: dict[str, Any] = {} if prior else {"prior": False}
    if motion is not None:
        task, robot = _imitating(task, motion, retarget, robot)
        options |= {"motion": _kept(motion)} | ({} if retarget is None else {"retarget": _kept(retarget)})
    if task is None and not resume:
        raise PolicyError("train: no task; expected its name, such as walk_flat, or --motion FILE")
    given: dict[str, Any] = {"calibration": calibration, "steps": steps, "worlds": worlds, "robot": robot}
    given |= {"engine": engine and engine.value, "workers": workers}
    found = {name: value for name, value in given.items() if value is not None}
    found |= {"task": task or "", "variant": variant, "seed": seed, "curriculum": curriculum}
    if pushes is not None:
        options["pushes"] = pushes
    read = implementation("hybridsim.train.settings", "read_settings")(settings, found, options)
    run = implementation("hybridsim.train", "train")
    with progress(f"train {task or out.name}") as report:
        result = run(read, out, resume=resume, progress=report)
    typer.echo(result)


def _imitating(task: str | None, motion: str, retarget: str | None, robot: str | None) -> tuple[str, str]:
    """The task and the robot of a motion."""
    if task not in (None, "imitate"):
        raise PolicyError(f"train: task '{task}' with --motion; expected imitate, or no task")
    if robot is not None:
        return "imitate", robot
    read = implementation("hybridsim.motion", "read_motion")
    return "imitate", implementation("hybridsim.motion", "robot_for")(read(motion), retarget)


def _kept(given: str) -> str:
    """A path that still leads there when a training goes on from elsewhere; names stay."""
    path = Path(given).expanduser()
    return str(path.resolve()) if path.exists() else given
