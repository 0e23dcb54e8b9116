"""Calibrations of drives that take positions, and TorchScript networks, right and wrong. Synthetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple  # noqa: UP035  (what torch.jit.script understands)

import torch
from torch import Tensor, nn

from hybridsim.actuators import offered
from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.exchange.actuator_contract import ActuatorContract
from hybridsim.exchange.distill import DistillOptions
from hybridsim.exchange.torque_networks import scripted, torchscript_bytes
from hybridsim.robot import load_robot
from tests.calibration.made import made
from tests.simulator.made import residual

H = 0.0025
QUICK = DistillOptions(seconds=0.5, rows=48, hidden=(24,), states=12, steps=600, window=40)
QUICK_LSTM = replace(QUICK, steps=1600, window=60)  # an lstm takes a quarter of the steps


def anymal(*, networks: bool = False, one: float = 0.0, **drives: float) -> Calibration:
    """ANYmal C at its priors but for some parameters of all drives; `one` delays the first drive more [s]."""
    robot = load_robot("anymal_c")
    parameters = {p.name: p for p in offered(robot)}
    for joint in robot.joint_names:
        for name, value in drives.items():
            key = f"drive.{joint}.{name}"
            parameters[key] = parameters[key].model_copy(update={"value": value})
    first = f"drive.{robot.joint_names[0]}.delay"
    if one:
        parameters[first] = parameters[first].model_copy(update={"value": one})
    return made(
        robot="anymal_c",
        parameters=list(parameters.values()),
        simulation=SimulationSettings(physics_timestep_s=H, rate_hz=50.0, plane=True),
        gates=dict(made().record.gates) if networks else {},
        intervals={},
        networks=[residual(robot, period=0.005, bound=5.0)] if networks else [],
    )


def mlp_contract(**changes: object) -> ActuatorContract:
    fields: dict = {
        "kind": "mlp",
        "sample_period_s": H,
        "joints": ("a", "b"),
        "input_idx": (0, 1, 3),
        "input_order": "pos_vel",
        "pos_scale": 1.0,
        "vel_scale": 1.0,
        "torque_scale": 1.0,
        "effort_limit_Nm": 100.0,
    }
    return ActuatorContract(**(fields | changes))


def lstm_contract(**changes: object) -> ActuatorContract:
    fields: dict = {"kind": "lstm", "sample_period_s": H, "joints": ("a", "b"), "effort_limit_Nm": 100.0}
    return ActuatorContract(**(fields | changes))


class Picks(nn.Module):
    """Gives one of its inputs back."""

    def __init__(self, column: int) -> None:
        super().__init__()
        self.column = column

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.column : self.column + 1]


class Spring(nn.Module):
    """A spring and a damper: stiffness and damping times the first error and the first velocity."""

    def __init__(self, stiffness: float, damping: float, entries: int = 1) -> None:
        super().__init__()
        self.entries = entries
        self.stiffness, self.damping = stiffness, damping

    def forward(self, x: Tensor) -> Tensor:
        return self.stiffness * x[:, :1] - self.damping * x[:, self.entries : self.entries + 1]


class Wide(nn.Module):
    """Gives two numbers a row."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, :1], x[:, :1]], dim=1)


class Worded(nn.Module):
    """Gives a word."""

    def forward(self, x: Tensor) -> str:
        return "effort"


class Fails(nn.Module):
    """Raises in torch's interpreter."""

    def forward(self, x: Tensor) -> Tensor:
        return x @ torch.zeros(99, 1)


class NotANumber(nn.Module):
    """NaN where the first error of a row is above 0.5."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x[:, :1] > 0.5, torch.full_like(x[:, :1], float("nan")), x[:, :1])


class Sums(nn.Module):
    """An lstm in shape alone: gives the error back, and adds up velocities in its states."""

    def __init__(self, cut: int = 0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 3, num_layers=2, batch_first=True)
        self.cut = cut

    def forward(
        self,
        x: Tensor,
        state: Tuple[Tensor, Tensor],  # noqa: UP006
    ) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:  # noqa: UP006
        hidden = state[0] + x[:, 0, 1][None, :, None]
        return x[:, :, 0] + 10 * hidden[0, :, :1], (hidden[:, :, self.cut :], state[1])


def save(module: nn.Module, path):
    path.write_bytes(torchscript_bytes(scripted(module)))
    return path
