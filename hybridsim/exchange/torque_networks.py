"""The networks that Isaac Lab's actuator contracts ask for, in torch, to be scripted."""

# No annotations of shapes: torch.jit reads what stands here, and tests check shapes by wrapping functions.
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Tuple  # noqa: UP035  (what torch.jit.script understands)

import torch
from torch import Tensor, nn


class TorqueMLP(nn.Module):
    """Efforts by histories of errors and velocities, both scaled by the caller.

    In: [row, 2 * history]; out: [row, 1], to be scaled by the caller.
    """

    def __init__(self, history: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        wide = 2 * history
        for width in hidden:
            layers += [nn.Linear(wide, width), nn.Softsign()]
            wide = width
        self.layers = nn.Sequential(*layers, nn.Linear(wide, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Efforts in units of torque_scale."""
        return self.layers(x)


class TorqueLSTM(nn.Module):
    """Efforts by error and velocity, in SI: scaling is inside, for the contract has none.

    In: [row, time, 2] and two states [layer, row, hidden]; out: efforts [row, time] and the states.
    """

    input_scale: Tensor
    torque_scale: Tensor

    def __init__(self, scales: tuple[float, float, float], hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.head = nn.Linear(hidden + 2, 1)
        self.register_buffer("input_scale", torch.tensor(scales[:2]))
        self.register_buffer("torque_scale", torch.tensor(scales[2]))

    def forward(
        self,
        x: Tensor,
        state: Tuple[Tensor, Tensor],  # noqa: UP006
    ) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:  # noqa: UP006
        """Efforts [N*m] and the states after them."""
        scaled = x * self.input_scale
        h, after = self.lstm(scaled, state)
        return self.head(torch.cat([h, scaled], dim=2)).squeeze(2) * self.torque_scale, after


def scripted(network: nn.Module) -> Any:
    """The network as TorchScript, which is what Isaac Lab loads."""
    with _torch_jit():
        return torch.jit.script(network.eval())


def torchscript_bytes(module: Any) -> bytes:
    """A TorchScript module as the content of its file."""
    buffer = io.BytesIO()
    with _torch_jit():
        torch.jit.save(module, buffer)
    return buffer.getvalue()


@contextmanager
def _torch_jit() -> Iterator[None]:
    """Without torch's advice to leave TorchScript: the contracts are made of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
