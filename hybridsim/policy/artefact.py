"""A policy on disk: policy.json and its weights, checked in full before use, never unpickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydantic import ValidationError

from hybridsim.errors import CalibrationError, PolicyError
from hybridsim.files import write_files
from hybridsim.networks.store import packed, read_tensors
from hybridsim.policy.contract import PolicyContract
from hybridsim.validation import explain

NAME = "policy.json"
MOST_BYTES = 1_000_000
Layer = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy: contract and weights.

    Attributes:
        contract: what it sees and commands.
        layers: weight [out in] and bias [out] of each layer.
        mean: of observations, taken off [their scaled units].
        deviation: by which they are divided then.
        gait: offsets of its gait prior, see `observing.Memory`; None without one.
    """

    contract: PolicyContract
    layers: tuple[Layer, ...]
    mean: Float[np.ndarray, " number"]
    deviation: Float[np.ndarray, " number"]
    gait: np.ndarray | None = None

    def action(self, observation: Float[np.ndarray, "world number"]) -> Float[np.ndarray, "world joint"]:
        """The mean action, without exploration."""
        x = (observation - self.mean) / self.deviation
        for n, (weight, bias) in enumerate(self.layers):
            x = x @ weight.T + bias
            if n < len(self.layers) - 1:
                x = np.tanh(x) if self.contract.activation == "tanh" else elu(x)
        return x

    def save(self, folder: Path) -> Path:
        """Write `policy.json` and its weights into a folder, both or none."""
        tensors = {"mean": self.mean, "deviation": self.deviation}
        for n, (weight, bias) in enumerate(self.layers):
            tensors |= {f"weight_{n}": weight, f"bias_{n}": bias}
        if self.gait is not None:
            tensors["gait"] = self.gait
        floats = {name: np.asarray(one, np.float32) for name, one in tensors.items()}
        weights = packed(floats)
        contract = self.contract.model_copy(update={"sha256": hashlib.sha256(weights).hexdigest()})
        text = json.dumps(contract.model_dump(mode="json", by_alias=True), indent=1, allow_nan=False)
        write_files(folder, {self.contract.weights: weights, NAME: f"{text}\n".encode()})
        return folder

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """A policy's folder, or its policy.json.

        Raises:
            PolicyError: there is none, or it is damaged; names file, field and what was expected.
        """
        folder = Path(path).parent if Path(path).name == NAME else Path(path)
        contract = read_contract(folder / NAME)
        try:
            tensors = read_tensors(folder, contract.weights, contract.sha256, contract.tensor_shapes())
        except CalibrationError as error:
            raise PolicyError(str(error)) from None
        layers = range(len(contract.layer_sizes) - 1)
        return cls(
            contract,
            tuple((tensors[f"weight_{n}"], tensors[f"bias_{n}"]) for n in layers),
            tensors["mean"],
            tensors["deviation"],
            tensors.get("gait"),
        )


def elu(x: np.ndarray) -> np.ndarray:
    """Exponential linear unit."""
    return np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0)))


def read_contract(path: Path) -> PolicyContract:
    """policy.json, checked."""
    if not path.is_file():
        raise PolicyError(f"{path}: no such policy; expected a folder that `hybridsim train` wrote")
    if path.stat().st_size > MOST_BYTES:
        raise PolicyError(f"{path}: has {path.stat().st_size} bytes; expected at most {MOST_BYTES}")
    try:
        return PolicyContract.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise PolicyError(f"{path}: {explain(error, PolicyContract)}") from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{path}: is not valid JSON: {error}") from None
