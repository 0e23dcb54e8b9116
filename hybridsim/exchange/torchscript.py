"""TorchScript actuator networks, ours or from elsewhere, as actuators: the only torch in a stepping loop.

A TorchScript file is a program. Nothing here opens one unless its caller says that it is trusted.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from hybridsim.errors import SimulationError
from hybridsim.exchange.actuator_contract import MLP_KEYS, ActuatorContract, read_actuator_contract

MOST_BYTES = 256_000_000  # chosen, because a thousand times what actuator networks take
SAME = 1e-6  # share by which periods may differ: 1/400 and 0.0025 do in the last bit

WorldJoint = Float[np.ndarray, "world joint"]


class UntrustedCodeWarning(UserWarning):
    """A file is about to be loaded that may hold any code for torch's interpreter."""


@runtime_checkable
class Network(Protocol):
    """What remembers the past of every world and joint, and asks the network."""

    def reset(self, worlds: Int[np.ndarray, " some"] | None) -> None:
        """Forget the past of some worlds."""

    def __call__(self, error: Tensor, velocity: Tensor) -> Any:
        """Efforts by errors and velocities [world joint], not yet checked."""
        ...


class ImportedActuator:
    """A TorchScript network that turns target, position and velocity of its joints into efforts."""

    def __init__(
        self, module: Any, contract: ActuatorContract, worlds: int = 1, name: str = "network"
    ) -> None:
        """Try a module once.

        Args:
            module: what is called as the contract says.
            contract: what it may be asked.
            worlds: how many it serves at once.
            name: for messages, usually its file.

        Raises:
            SimulationError: it does not keep its contract.
        """
        self.name, self.contract, self.joints, self.worlds = name, contract, contract.joints, worlds
        kind = Histories if contract.kind == "mlp" else States
        self._network: Network = kind(module, name, contract, worlds)
        self.effort(*np.zeros((3, worlds, len(self.joints))))
        self.reset()

    @classmethod
    def load(
        cls,
        network: str | Path,
        contract: ActuatorContract | str | Path | None = None,
        *,
        worlds: int = 1,
        trust: bool = False,
    ) -> ImportedActuator:
        """Load a network and try it once.

        Args:
            network: the TorchScript file.
            contract: what it may be asked, or the TOML file that says so; None for the one beside it.
            worlds: how many it serves at once.
            trust: whether the file may run whatever code it holds; it is not opened without.

        Raises:
            SimulationError: it is not trusted, not there, damaged, or does not keep its contract.
        """
        file = Path(network)
        if not isinstance(contract, ActuatorContract):
            contract = read_actuator_contract(contract or file.with_suffix(".toml"))
        return cls(load_torchscript(file, trust=trust), contract, worlds, str(file))

    @property
    def sample_period(self) -> float:
        """Between two calls of `effort` [s]."""
        return self.contract.sample_period_s

    def require_period(self, period: float) -> None:
        """Refuse to be asked at another period [s] than the contract's."""
        if abs(period - self.sample_period) > SAME * self.sample_period:
            raise SimulationError(
                f"{self.name}: asked every {period:g} s; its contract says sample_period_s"
                f" {self.sample_period:g}: step at that period, or train a network for this one"
            )

    def reset(self, worlds: Int[np.ndarray, " some"] | Sequence[int] | None = None) -> None:
        """Forget the past of some worlds, or of all."""
        self._network.reset(None if worlds is None else np.asarray(worlds, np.int64))

    def effort(self, target: WorldJoint, position: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """Efforts on the joints for the next sample period [N*m]; to be called once a period.

        Args:
            target: where the joints are to be [rad].
            position: where they are [rad].
            velocity: of the joints [rad/s].

        Raises:
            SimulationError: shapes do not fit, or the network gives what is no effort; names the file.
        """
        shape = (self.worlds, len(self.joints))
        for name, given in (("target", target), ("position", position), ("velocity", velocity)):
            if given.shape != shape:
                raise SimulationError(
                    f"{self.name}: {name} of shape {given.shape}; expected {shape} (worlds, joints)"
                )
        error, speed = (torch.from_numpy(np.array(a, np.float32)) for a in (target - position, velocity))
        try:
            with torch.inference_mode():
                found = self._network(error, speed)
        except (RuntimeError, TypeError, ValueError, AttributeError) as problem:
            raise SimulationError(f"{self.name}: {_last_line(problem)}; {self._expected()}") from None
        return self.contract.limited(self._checked(found), np.asarray(velocity, float))

    def _checked(self, found: object) -> WorldJoint:
        shape = (self.worlds, len(self.joints))
        if not isinstance(found, Tensor) or found.numel() != shape[0] * shape[1]:
            given = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise SimulationError(
                f"{self.name}: gives {given}; expected ({shape[0] * shape[1]}, 1), one effort a world and"
                f" joint; {self._expected()}"
            )
        effort = found.detach().to(torch.float64).numpy().reshape(shape)
        if not np.isfinite(effort).all():
            world, joint = np.argwhere(~np.isfinite(effort))[0]
            raise SimulationError(
                f"{self.name}: gives {effort[world, joint]} for joint {self.joints[joint]} in world {world};"
                " expected finite efforts"
            )
        return effort

    def _expected(self) -> str:
        return f"expected a network that keeps its contract, kind '{self.contract.kind}'"


class Histories:
    """An mlp and the errors and velocities that it looks back on [world joint slot], newest first."""

    def __init__(self, module: Any, name: str, contract: ActuatorContract, worlds: int) -> None:
        idx, order, *scales = (getattr(contract, key) for key in MLP_KEYS)
        self._module, self._first = module, order == "pos_vel"
        self._scales: list[float] = scales
        self._idx = torch.tensor(idx)
        self._past = torch.zeros((2, worlds, len(contract.joints), max(idx) + 1))

    def reset(self, worlds: Int[np.ndarray, " some"] | None) -> None:
        """Before a reset, errors and velocities were 0."""
        self._past[:, slice(None) if worlds is None else torch.from_numpy(worlds)] = 0.0

    def __call__(self, error: Tensor, velocity: Tensor) -> Any:
        """Efforts, scaled [N*m]."""
        pos_scale, vel_scale, torque_scale = self._scales
        self._past[..., 1:] = self._past[..., :-1].clone()
        self._past[0, ..., 0], self._past[1, ..., 0] = error, velocity
        seen = self._past[..., self._idx].flatten(1, 2)  # [two row slot]
        errors, speeds = pos_scale * seen[0], vel_scale * seen[1]
        given = torch.cat([errors, speeds] if self._first else [speeds, errors], dim=1)
        found = self._module(given)
        return torque_scale * found if isinstance(found, Tensor) else found


class States:
    """An lstm and its states [layer row hidden]."""

    def __init__(self, module: Any, name: str, contract: ActuatorContract, worlds: int) -> None:
        self._module, self._shape = module, (worlds, len(contract.joints))
        try:
            weights = module.lstm.state_dict()
            layers, hidden = len(weights) // 4, weights["weight_hh_l0"].shape[1]
        except (AttributeError, KeyError, IndexError, RuntimeError):
            raise SimulationError(
                f"{name}: has no submodule `lstm` with weight_hh_l0; expected a network of kind 'lstm'"
            ) from None
        self._hidden, self._cell = torch.zeros((2, layers, worlds * len(contract.joints), hidden))

    def reset(self, worlds: Int[np.ndarray, " some"] | None) -> None:
        """States go back to 0."""
        chosen = slice(None) if worlds is None else torch.from_numpy(worlds)
        for state in (self._hidden, self._cell):
            state.view(state.shape[0], *self._shape, state.shape[2])[:, chosen] = 0.0

    def __call__(self, error: Tensor, velocity: Tensor) -> Any:
        """Efforts [N*m]."""
        given = torch.stack([error.flatten(), velocity.flatten()], dim=1)[:, None]
        effort, (hidden, cell) = self._module(given, (self._hidden, self._cell))
        if hidden.shape != self._hidden.shape or cell.shape != self._cell.shape:
            raise ValueError(
                f"gives states of shape {tuple(hidden.shape)}; expected {tuple(self._hidden.shape)}"
            )
        self._hidden[:], self._cell[:] = hidden, cell
        return effort


def load_torchscript(file: Path, *, trust: bool) -> Any:
    """A TorchScript module on the CPU, after a warning.

    Raises:
        SimulationError: it is not trusted, not there, too large or damaged.
    """
    if not trust:
        raise SimulationError(
            f"{file}: a TorchScript file can hold any code for torch's interpreter; if you trust where it"
            " comes from, say trust=True, on a command line --trust-torchscript"
        )
    try:
        size = file.stat().st_size
    except OSError as error:
        raise SimulationError(f"{file}: cannot be read: {error.strerror}") from None
    if not file.is_file() or size > MOST_BYTES:
        raise SimulationError(f"{file}: no plain file of at most {MOST_BYTES} bytes; expected TorchScript")
    warnings.warn(
        f"{file}: loading a TorchScript file, which can hold any code for torch's interpreter",
        UntrustedCodeWarning,
        stacklevel=3,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit; the contracts are made of it
            return torch.jit.load(str(file), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise SimulationError(f"{file}: is no TorchScript file, or damaged ({_last_line(error)})") from None


def _last_line(error: BaseException) -> str:
    """What torch says last, which is what it means."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
