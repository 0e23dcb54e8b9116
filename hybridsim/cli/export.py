"""`hybridsim export`: logs into formats that other tools read, and what calibrations learned."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress
from hybridsim.errors import HybridSimError


class Format(StrEnum):
    """Formats that logs can be written in, then those of calibrations."""

    mcap = "mcap"
    lerobot = "lerobot"
    onnx = "onnx"
    isaaclab = "isaaclab"


class Kind(StrEnum):
    """Contracts of Isaac Lab's actuator networks."""

    mlp = "mlp"
    lstm = "lstm"


OF_CALIBRATIONS = (Format.onnx, Format.isaaclab)


def export(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Logs: their folders, or whole stores; or one calibration, by folder or name.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Format,
        typer.Option(
            "--to",
            help="Logs: ROS 2 messages in MCAP, or a LeRobot dataset of version 3.0. A calibration: its "
            "networks in ONNX, or its drives as TorchScript actuator networks of Isaac Lab.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder to make, or a file.mcap for a single log. Nothing is overwritten."),
    ],
    rate: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="Frames a second of a LeRobot dataset; else the rate of the joint positions.",
        ),
    ] = None,
    network: Annotated[
        Kind | None, typer.Option(help="Which of Isaac Lab's contracts; lstm where it is not given.")
    ] = None,
    robot: Annotated[
        str | None,
        typer.Option(help="With --to isaaclab: where robot.toml lies, when not among the known robots."),
    ] = None,
) -> None:
    """Write logs so that ROS tools, Foxglove and LeRobot read them, and calibrations for other simulators.

    MCAP keeps every sample to the bit, with its own stamp, and comes with an ingest.toml that reads it back.
    LeRobot has one clock: commands are held, measurements interpolated, orientations slerped; the output says
    which.

    An ONNX file takes the raw features of a network's contract, which it carries, and equals the simulator's
    own evaluation. Isaac Lab's networks are taught by the calibrated drive; the output and isaaclab.json say
    how far they are from it on motions that they have not seen.

    \b
    Example:
      hybridsim export logs/ --to mcap --out bags/
      hybridsim export logs/0123456789abcdef --to lerobot --rate 50 --out wave/
      hybridsim export so101 --to onnx --out networks/
      hybridsim export runs/walk/best --to onnx --out walk/
      hybridsim export made/0123456789ab --to isaaclab --network mlp --out actuators/
    """  # noqa: D301
    _require_fitting(to, rate, network, robot)
    if to in OF_CALIBRATIONS:
        if len(sources) != 1:
            raise typer.BadParameter(f"{len(sources)} calibrations; expected one", param_hint="SOURCES")
        return _calibration(str(sources[0]), to, out, network or Kind.lstm, robot)
    for path in sources:
        if not path.exists():
            raise typer.BadParameter(f"Path '{path}' does not exist.", param_hint="SOURCES")
    return _logs(sources, to, out, rate)


def _require_fitting(to: Format, rate: int | None, network: Kind | None, robot: str | None) -> None:
    """Refuse options of another format."""
    if rate is not None and to is Format.mcap:
        raise typer.BadParameter("MCAP keeps every stamp; a rate goes with --to lerobot", param_hint="--rate")
    for name, given, home in (
        ("--rate", rate, Format.lerobot),
        ("--network", network, Format.isaaclab),
        ("--robot", robot, Format.isaaclab),
    ):
        if given is not None and to is not home:
            raise typer.BadParameter(f"goes with --to {home.value}", param_hint=name)


def _logs(logs: list[Path], to: Format, out: Path, rate: int | None) -> None:
    with progress("export") as report:
        if to is Format.mcap:
            result = implementation("hybridsim.export", "to_mcap")(logs, out, progress=report)
        else:
            result = implementation("hybridsim.export", "to_lerobot")(
                logs, out, rate_hz=rate, progress=report
            )
    unit = "messages" if to is Format.mcap else f"frames at {result.rate_hz} Hz"
    for log in result.logs:
        typer.echo(f"{log.log_id}  {log.name}: {log.count} {unit}, {log.path}")
    for line in [*result.notes, *(f"read back with {spec}" for spec in result.specs)]:
        typer.echo(line)
    for refused in result.refused:
        typer.echo(f"hybridsim: {refused}", err=True)
    if result.refused:
        raise typer.Exit(1)


def _calibration(calibration: str, to: Format, out: Path, network: Kind, robot: str | None) -> None:
    policy = (Path(calibration) / "policy.json").is_file()
    if policy and to is not Format.onnx:
        raise HybridSimError(f"{calibration}: is a policy; expected --to onnx")
    if to is Format.onnx:
        module, name = ("onnx_policy", "policy_to_onnx") if policy else ("onnx_networks", "to_onnx")
        for one in implementation(f"hybridsim.exchange.{module}", name)(calibration, out):
            typer.echo(f"{one.name}: {one.path}")
        return
    with progress("export") as report:
        written = implementation("hybridsim.exchange.isaaclab", "to_isaaclab")(
            calibration, out, kind=network.value, robot=robot, progress=report
        )
    for one in written:
        typer.echo(f"{', '.join(one.joints)}: {one.path}")
        typer.echo(_losses(one.held_out))
    typer.echo(f"contracts beside them; fields of their configuration in {out / 'isaaclab.json'}")


def _losses(lost: Any) -> str:
    """What distillation lost, beside the best spring and damper."""
    angle, spring = 1e3 * lost.closed_loop_error_rms_rad, 1e3 * lost.closed_loop_spring_damper_error_rms_rad
    text = (
        f"  held out: effort off {lost.replayed_error_rms_Nm:.3g} of {lost.effort_rms_Nm:.3g} N*m rms (best"
        f" spring and damper {lost.replayed_spring_damper_error_rms_Nm:.3g}), joints that it moves by"
        f" {angle:.3g} of {1e3 * lost.angle_rms_rad:.3g} mrad rms ({spring:.3g})"
    )
    return f"{text}; WORSE than a spring and a damper, try the other --network" if angle > spring else text
