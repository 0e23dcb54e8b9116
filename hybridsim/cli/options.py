"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hybridsim.errors import HybridSimError


class Engine(StrEnum):
    """Where jobs run."""

    loky = "loky"
    ray = "ray"
    serial = "serial"


EngineOption = Annotated[
    Engine, typer.Option(help="Where jobs run: processes here, a Ray cluster, or one after another.")
]
SerialOption = Annotated[
    str | None, typer.Option(help="Which individual of the robot, when logs do not say.")
]
MsgOption = Annotated[
    list[Path] | None,
    typer.Option(help="A .msg file, or a folder of them, for types that a bag does not hold."),
]
TypesOption = Annotated[
    str | None,
    typer.Option(help="Distribution whose types a bag without any was made with, such as ros2_humble."),
]
SeedOption = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, help="Seed; the same study and seed give the same calibration.")
]
CalibrationOption = Annotated[
    str | None,
    typer.Option(
        "--calibration",
        help="Folder of a calibration, or a published name; else the robot's nominal values.",
    ),
]
VariantOption = Annotated[str, typer.Option(help="Simulator: hybrid, identified or nominal.")]


EXTRAS = {
    "av": "training",
    "gymnasium": "training",
    "mujoco": "standin",
    "onnx": "export",
    "stable_baselines3": "training",
    "tensorboard": "training",
}
"""Which extra brings a package that not every command needs."""
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-torchscript",
        help="Open TorchScript files, which can hold any code for torch's interpreter.",
    ),
]


def implementation(module: str, name: str) -> Any:
    """A command's implementation, imported now and not when the command line starts."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] != "hybridsim":
            extra = EXTRAS.get(error.name.split(".")[0], "robots")
            raise HybridSimError(
                f"package '{error.name}' is not installed; reinstall with: pip install 'hybridsim[{extra}]'"
            ) from error
        raise HybridSimError(f"this version has no {module}; update hybridsim") from error
