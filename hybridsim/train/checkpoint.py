"""A training's state on disk, without pickle: tensors beside a table of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from pydantic import BaseModel, ConfigDict, ValidationError

from hybridsim.errors import PolicyError
from hybridsim.files import write_text
from hybridsim.networks.store import write_tensors
from hybridsim.train.settings import Settings
from hybridsim.validation import explain

STATE, TENSORS = "training.json", "training-{}.safetensors"


class State(BaseModel):
    """Where a training is.

    Attributes:
        settings: of it.
        rollouts: done.
        missed: steps that rollouts lacked, where a cluster's worker died.
        updates: of the weights, as the engine counts them.
        level: of the curriculum.
        best: score of the best checkpoint; None before the first.
        history: an evaluation a checkpoint.
        sources: files that the task was made from, by what they are, as sha256.
        tensors: file of the weights and the optimiser's state.
    """

    model_config = ConfigDict(extra="forbid")

    settings: Settings
    rollouts: int = 0
    missed: int = 0
    updates: int = 0
    level: float = 1.0
    best: float | None = None
    history: list[dict[str, float]] = []
    sources: dict[str, str] = {}
    tensors: str = ""

    @property
    def done(self) -> int:
        """Environment steps."""
        return self.rollouts * self.settings.rollout_steps - self.missed


def save(folder: Path, state: State, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a checkpoint; those before stay until this one is whole, also what a kill left of them."""
    before, name = state.tensors, TENSORS.format(state.rollouts)
    write_tensors(folder / name, tensors)
    state.tensors = name
    try:
        write_text(folder / STATE, state.model_dump_json(indent=1) + "\n")
    except OSError:
        if before != name:
            (folder / name).unlink(missing_ok=True)
        raise
    for other in folder.glob(TENSORS.format("*")):
        if other.name != name:
            other.unlink(missing_ok=True)


def load_state(folder: Path) -> State:
    """Where the training in a folder is.

    Raises:
        PolicyError: there is none, or its file is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        raise PolicyError(f"{folder}: no training to go on with; expected {STATE} there")
    try:
        return State.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise PolicyError(f"{path}: {explain(error, State)}") from None
    except ValueError as error:
        raise PolicyError(f"{path}: is not valid JSON: {error}") from None


def load_tensors(folder: Path, state: State, like: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A checkpoint's tensors; the weights among them have names and shapes of those in `like`."""
    path = folder / state.tensors
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception as error:  # the parser's own error types differ by version
        raise PolicyError(f"{path}: is no safetensors file ({error})") from None
    expected = {name: value.shape for name, value in like.items() if name.startswith("policy.")}
    if any(name not in tensors or tensors[name].shape != shape for name, shape in expected.items()):
        raise PolicyError(f"{path}: is of a policy of another shape; expected one of these settings")
    return tensors
