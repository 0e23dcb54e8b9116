"""A training's state on disk, without pickle: tensors beside a table of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from stable_baselines3 import PPO

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
        updates: gradient epochs done, as stable-baselines3 counts them.
        level: of the curriculum.
        best: score of the best checkpoint; None before the first.
        history: an evaluation a checkpoint.
        sources: files that the task was made from, by what they are, as sha256.
        tensors: file of the weights and the optimiser's state.
    """

    model_config = ConfigDict(extra="forbid")

    settings: Settings
    rollouts: int = 0
    updates: int = 0
    level: float = 1.0
    best: float | None = None
    history: list[dict[str, float]] = []
    sources: dict[str, str] = {}
    tensors: str = ""


def save(folder: Path, state: State, model: PPO) -> None:
    """Write a checkpoint; those before stay until this one is whole, also what a kill left of them."""
    name = TENSORS.format(state.rollouts)
    write_tensors(folder / name, tensors_of(model))
    state.tensors = name
    write_text(folder / STATE, state.model_dump_json(indent=1) + "\n")
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


def restore(folder: Path, state: State, model: PPO) -> None:
    """Put a checkpoint's tensors into a model of the same shapes."""
    path = folder / state.tensors
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception as error:  # the parser's own error types differ by version
        raise PolicyError(f"{path}: is no safetensors file ({error})") from None
    expected = {name: value.shape for name, value in tensors_of(model).items() if name.startswith("policy.")}
    if any(name not in tensors or tensors[name].shape != shape for name, shape in expected.items()):
        raise PolicyError(f"{path}: is of a policy of another shape; expected one of these settings")
    put_tensors(model, tensors)


def tensors_of(model: PPO) -> dict[str, np.ndarray]:
    """Weights, and Adam's moments and step of each where there are any."""
    found = {f"policy.{name}": value.detach().numpy() for name, value in model.policy.named_parameters()}
    for n, parameter in enumerate(model.policy.parameters()):
        for name, value in model.policy.optimizer.state.get(parameter, {}).items():
            found[f"adam.{n}.{name}"] = np.atleast_1d(value.detach().numpy()).astype(np.float32)
    return found


def put_tensors(model: PPO, tensors: Mapping[str, np.ndarray]) -> None:
    """The reverse."""
    with torch.no_grad():
        for name, parameter in model.policy.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[f"policy.{name}"].copy()))
    for n, parameter in enumerate(model.policy.parameters()):
        own: dict[str, Any] = {}
        for word in ("exp_avg", "exp_avg_sq"):
            if (key := f"adam.{n}.{word}") in tensors:
                own[word] = torch.from_numpy(tensors[key].copy())
        if own:
            own["step"] = torch.tensor(float(tensors[f"adam.{n}.step"][0]))
            model.policy.optimizer.state[parameter] = own
