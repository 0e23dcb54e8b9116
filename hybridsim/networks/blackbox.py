"""The baseline that knows no physics: a recurrent network from commands to positions, in torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from jaxtyping import Float, Float64
from pydantic import Field, ValidationError, model_validator
from torch import Tensor, nn

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import REMEDY, FileName, Frozen, Number, Positive, Sha256, first_problem
from hybridsim.networks.store import read_tensors, write_tensors

# Sample periods closer than this share mean the same; chosen, because recorders' clocks differ by less.
SAME_PERIOD = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class CommandSequence:
    """One log, evenly sampled: what was commanded and what was measured, in the same units.

    Attributes:
        command: of every joint.
        measured: of every joint.
        sample_period: time between samples [s].
    """

    command: Float[np.ndarray, "sample joint"]
    measured: Float[np.ndarray, "sample joint"]
    sample_period: float

    def __post_init__(self) -> None:
        if self.command.shape != self.measured.shape or len(self.command) < 2:
            raise CalibrationError(
                f"black box: command has shape {self.command.shape}, measured {self.measured.shape}; "
                "expected the same, with at least two samples"
            )
        for name, values in (("command", self.command), ("measured", self.measured)):
            if not np.isfinite(values).all():
                raise CalibrationError(f"black box: {name} holds NaN or infinity; leave such samples out")


class BlackBoxContract(Frozen):
    """What a black box may be asked.

    Attributes:
        joints: number of commands and of positions.
        sample_period: of the logs it was trained on [s].
        hidden: width of the recurrent layer.
        center: of each command, in its unit.
        scale: of each command, in its unit.
        residual_scale: of position - command, in its unit.
        error: mean absolute validation error, free-running, joints and logs weighed the same.
        weights: name of the safetensors file.
        sha256: of that file.
    """

    schema_version: Literal[1] = 1
    joints: Annotated[int, Field(ge=1, le=100)]
    sample_period: Positive
    hidden: Annotated[int, Field(ge=1, le=1024)]
    center: tuple[Number, ...]
    scale: tuple[Positive, ...]
    residual_scale: tuple[Positive, ...]
    error: Number = 0.0
    weights: FileName = "blackbox.safetensors"
    sha256: Sha256 = "0" * 64

    @model_validator(mode="after")
    def _complete(self) -> BlackBoxContract:
        if {len(self.center), len(self.scale), len(self.residual_scale)} != {self.joints}:
            raise ValueError(f"center, scale and residual_scale must hold {self.joints} values, one a joint")
        return self


class Recurrence(nn.Module):
    """One GRU layer; the first measured state sets its memory, its output is added to the command."""

    def __init__(self, terms: BlackBoxContract) -> None:
        super().__init__()
        self.start = nn.Linear(2 * terms.joints, terms.hidden)
        self.recurrent = nn.GRU(2 * terms.joints, terms.hidden, batch_first=True)
        self.last = nn.Linear(terms.hidden, terms.joints)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.center, self.scale, self.residual_scale = (
            torch.tensor(values, dtype=torch.float32)
            for values in (terms.center, terms.scale, terms.residual_scale)
        )

    def forward(self, command: Tensor, first_state: Tensor) -> Tensor:
        """Positions [log sample joint] from commands [log sample joint] and the first state [log joint]."""
        scaled = (command - self.center) / self.scale
        moved = torch.diff(command, dim=1, prepend=command[:, :1]) / self.residual_scale
        lead = (first_state - command[:, 0]) / self.residual_scale
        memory = torch.tanh(self.start(torch.cat([scaled[:, 0], lead], dim=-1)))
        hidden, _ = self.recurrent(torch.cat([scaled, moved], dim=-1), memory[None])
        return command + self.last(hidden) * self.residual_scale


@dataclass(frozen=True, eq=False)
class BlackBox:
    """A trained recurrent network and the contract it was trained under."""

    contract: BlackBoxContract
    tensors: Mapping[str, np.ndarray]

    def predict(
        self,
        command: Float[np.ndarray, "sample joint"],
        first_state: Float[np.ndarray, " joint"],
        sample_period: float,
    ) -> Float64[np.ndarray, "sample joint"]:
        """Positions of a whole log, free-running.

        Args:
            command: all joints, evenly sampled, in the training logs' units.
            first_state: measured at the first sample, the only measurement that is used.
            sample_period: time between samples [s]; another one than the contract's is refused.
        """
        if abs(sample_period / self.contract.sample_period - 1) > SAME_PERIOD:
            raise CalibrationError(
                f"black box: asked sample period is {sample_period:g} s; its contract says "
                f"{self.contract.sample_period:g} s; resample the command"
            )
        if command.shape[1:] != (self.contract.joints,) or first_state.shape != (self.contract.joints,):
            raise CalibrationError(
                f"black box: command has shape {command.shape}, first state {first_state.shape}; "
                f"expected {self.contract.joints} joints"
            )
        with torch.no_grad():
            given, first = (torch.from_numpy(a.astype(np.float32))[None] for a in (command, first_state))
            return self._network(given, first)[0].double().numpy()

    @cached_property
    def _network(self) -> Recurrence:
        network = Recurrence(self.contract)
        network.load_state_dict({name: torch.tensor(values) for name, values in self.tensors.items()})
        return network.eval()


def save_blackbox(folder: Path, blackbox: BlackBox) -> BlackBoxContract:
    """Write the weights and return the contract with their hash filled in."""
    sha256 = write_tensors(folder / blackbox.contract.weights, blackbox.tensors)
    return blackbox.contract.model_copy(update={"sha256": sha256})


def load_blackbox(folder: Path, contract: object, where: str) -> BlackBox:
    """A black box from a calibration's folder and its contract, as parsed JSON or as a model.

    Args:
        folder: that holds the weights.
        contract: the contract.
        where: file, and place in it, for the message.
    """
    try:
        terms = BlackBoxContract.model_validate(contract)
    except ValidationError as error:
        raise CalibrationError(f"{where}: {first_problem(error)}; {REMEDY}") from None
    with torch.device("meta"):
        shapes = {name: tuple(values.shape) for name, values in Recurrence(terms).state_dict().items()}
    return BlackBox(terms, read_tensors(folder, terms.weights, terms.sha256, shapes))
