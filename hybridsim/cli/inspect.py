"""`hybridsim inspect`: what is in a robot, a log, a store or a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import MsgOption, TrustOption, TypesOption, implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import HybridSimError, SpecError


def inspect(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Robots (name or folder), logs, stores, bags, recordings, actuator networks (.pt).",
            show_default=False,
        ),
    ],
    spec: Annotated[
        str | None,
        typer.Option(help="How to read recordings: a set in data/, or a file; else each is tried."),
    ] = None,
    robot: Annotated[
        str | None, typer.Option(help="With --write: the robot whose joints the bag's names are matched to.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write a first ingest.toml for --robot to this file, from one bag.")
    ] = None,
    msg: MsgOption = None,
    types: TypesOption = None,
    trust_torchscript: TrustOption = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the same as a JSON list to this file; - prints it.")
    ] = None,
) -> None:
    """Print what is in it, rates, gaps, and what looks wrong.

    \b
    Example:
      hybridsim inspect robots/so101
      hybridsim inspect logs/
      hybridsim inspect drive.mcap --robot so101 --write ingest.toml
      hybridsim inspect network.pt --trust-torchscript    # with its contract, network.toml, beside it
    """  # noqa: D301
    look = implementation("hybridsim.ingest.inspect", "inspect_path")
    reading = implementation("hybridsim.ingest.task", "reading_of")(msg or (), types)
    if robot is not None and write is None:
        raise SpecError(f"inspect: --robot {robot} without --write; expected --write and a new file")
    sheets, refused = [], []
    for path in paths:
        try:
            with progress(f"inspect {path.name}"):
                if path.suffix == ".pt":
                    probe = implementation("hybridsim.exchange.probe", "probe_actuator")
                    sheets.append(probe(path, trust=trust_torchscript))
                else:
                    sheets.append(look(path, spec, reading))
        except HybridSimError as error:  # one bad path costs that path
            refused.append(error)
            typer.echo(f"hybridsim: {error}", err=True)
            continue
        if str(json_file) != "-":
            typer.echo(sheets[-1])
    if json_file is not None:
        text = json.dumps([json.loads(sheet.json()) for sheet in sheets], indent=1)
        typer.echo(text) if str(json_file) == "-" else json_file.write_text(text, encoding="utf-8")
    if write is not None:
        _write_spec(paths, robot, write, reading)
    if refused:
        raise typer.Exit(1)


def _write_spec(paths: list[Path], robot: str | None, write: Path, reading: Any) -> None:
    """Write a first ingest.toml; one that is there already is not touched."""
    if robot is None or len(paths) != 1:
        raise SpecError(
            f"inspect: --write needs one bag and --robot; given {len(paths)} paths, robot {robot}"
        )
    if write.exists():
        raise SpecError(f"{write}: is there already; expected a new file")
    owner = implementation("hybridsim.robot", "load_robot")(robot)
    text = implementation("hybridsim.ingest.inspect.look", "draft_spec")(paths[0], owner, reading)
    implementation("hybridsim.files", "write_text")(write, text)
    typer.echo(f"{write}: a first draft for {owner.name}; read it before you rely on it")
