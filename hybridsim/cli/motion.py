"""`hybridsim motion`: what is in a reference motion, and how a robot would make it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress

SHOWN_S = 4.0
"""Of a motion that goes round, in a video [s]."""


def motion(
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="MOTION",
            help="A clip (.txt, .json), a table (.csv, .parquet), a log, or a clip's name; none lists them.",
            show_default=False,
        ),
    ] = None,
    robot: Annotated[str | None, typer.Option(help="Show it as this robot would make it.")] = None,
    retarget: Annotated[
        str | None, typer.Option(help="TOML that says which joint of the motion is which of the robot.")
    ] = None,
    video: Annotated[
        Path | None, typer.Option(help="With --robot or --retarget: film the robot in the motion (.mp4).")
    ] = None,
) -> None:
    """Print a motion's length, speed and joints; the pybullet package's clips are known by name.

    \b
    Example:
      hybridsim motion humanoid3d_walk
      hybridsim motion laikago_walk --robot anymal_c --video trot.mp4
    """  # noqa: D301
    if given is None:
        typer.echo("\n".join(implementation("hybridsim.physics.clips", "clips")()))
        return
    found = implementation("hybridsim.motion", "read_motion")(given)
    typer.echo(found)
    if robot is None and retarget is None and video is None:
        return
    name = robot or implementation("hybridsim.motion", "robot_for")(found, retarget)
    design = implementation("hybridsim.robot", "load_robot")(name)
    moved = implementation("hybridsim.motion", "retargeted")(
        found, design, implementation("hybridsim.motion", "map_of")(found, design, retarget)
    )
    typer.echo(moved)
    if video is not None:
        options: dict[str, Any] = {"motion": given} | ({} if retarget is None else {"retarget": retarget})
        seconds = SHOWN_S if moved.loop else moved.duration_s
        images = implementation("hybridsim.envs.shown", "reference_images")(name, options, seconds)
        with progress("motion"):
            implementation("hybridsim.envs.render", "write_video")(video, images)
        typer.echo(video)
