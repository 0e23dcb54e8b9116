"""What a TorchScript actuator network may be asked: the TOML file beside it.

The keys follow Isaac Lab's `ActuatorNetMLPCfg` and `ActuatorNetLSTMCfg`, and say what those leave to the
simulator that uses them: the sample period, the joints, and what of the drive is not in the network.
Source: Isaac Lab 2.3, isaaclab.actuators (read for its facts; no code is taken).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tomli_w
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from hybridsim.errors import SimulationError
from hybridsim.toml import read_model

SCHEMA = 1

Positive = Annotated[FiniteFloat, Field(gt=0, le=1e9)]
NotNegative = Annotated[FiniteFloat, Field(ge=0, le=1e9)]
Index = Annotated[int, Field(ge=0, le=10_000)]
JointName = Annotated[str, Field(min_length=1, max_length=200)]

WorldJoint = Float[np.ndarray, "world joint"]


class ActuatorContract(BaseModel):
    """One network of effort by position error and velocity, the same for each of its joints.

    Both see error = target - position [rad], positive when the target is ahead, and velocity [rad/s].

        mlp: effort = torque_scale network([pos_scale error[i] for i in input_idx],
                                           [vel_scale velocity[i] for i in input_idx])
        lstm: effort, (h, c) = network([error, velocity], (h, c)), with a submodule `lstm`

    `i` counts sample periods into the past, 0 is now; before a reset errors and velocities were 0, and so
    were the states h and c.

    Attributes:
        kind: which of the two.
        sample_period_s: between two evaluations [s]; asked at another one, the network refuses.
        joints: that it moves, by the robot's names.
        input_idx: entries of the history, newest first, of an mlp.
        input_order: whether errors or velocities come first, of an mlp.
        pos_scale: of errors [1/rad], of an mlp.
        vel_scale: of velocities [s/rad], of an mlp.
        torque_scale: of the output [N*m], of an mlp.
        effort_limit_Nm: largest effort.
        saturation_effort_Nm: effort of the motor at rest; with velocity_limit_rad_s the straight line of a DC
            motor: between saturation (-1 - v / limit) and saturation (1 - v / limit).
        velocity_limit_rad_s: speed at which the motor has no effort left.
        armature_kgm2: rotor's inertia, which the body is to carry.
        dry_friction_Nm: on the joint, not in the network's effort.
        rest_friction_Nm: what dry friction gains at rest.
        viscous_friction_Nms_rad: on the joint, not in the network's effort.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(alias="schema", default=SCHEMA)
    kind: Literal["mlp", "lstm"]
    sample_period_s: Annotated[FiniteFloat, Field(gt=0, le=1.0)]
    joints: Annotated[tuple[JointName, ...], Field(min_length=1, max_length=1000)]
    input_idx: Annotated[tuple[Index, ...], Field(min_length=1, max_length=1000)] | None = None
    input_order: Literal["pos_vel", "vel_pos"] | None = None
    pos_scale: FiniteFloat | None = None
    vel_scale: FiniteFloat | None = None
    torque_scale: FiniteFloat | None = None
    effort_limit_Nm: Positive
    saturation_effort_Nm: Positive | None = None
    velocity_limit_rad_s: Positive | None = None
    armature_kgm2: NotNegative = 0.0
    dry_friction_Nm: NotNegative = 0.0
    rest_friction_Nm: NotNegative = 0.0
    viscous_friction_Nms_rad: NotNegative = 0.0

    @model_validator(mode="after")
    def _whole(self) -> ActuatorContract:
        given = [name for name in MLP_KEYS if getattr(self, name) is not None]
        if self.kind == "mlp" and (missing := [name for name in MLP_KEYS if name not in given]):
            raise ValueError(f"kind 'mlp' without {', '.join(missing)}")
        if self.kind == "lstm" and given:
            raise ValueError(f"kind 'lstm' with {', '.join(given)}; it scales its own inputs and output")
        if (self.saturation_effort_Nm is None) != (self.velocity_limit_rad_s is None):
            raise ValueError(
                "saturation_effort_Nm and velocity_limit_rad_s go together; expected both or none"
            )
        for what, listed in (("joints", self.joints), ("input_idx", self.input_idx or ())):
            if len(set(listed)) != len(listed):
                raise ValueError(f"{what} repeat an entry: {list(listed)}")
        if list(self.input_idx or ()) != sorted(self.input_idx or ()):
            raise ValueError(
                f"input_idx is {list(self.input_idx or ())}; expected newest first, as [0, 1, 3]"
            )
        return self

    def limited(self, effort: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """The effort within the limits of the motor [N*m]; speeds in rad/s.

        Beyond the speed at which the line meets the effort limit, it stays there.
        """
        limit = self.effort_limit_Nm
        low, high = np.full_like(effort, -limit), np.full_like(effort, limit)
        if self.saturation_effort_Nm is not None and self.velocity_limit_rad_s is not None:
            most = self.saturation_effort_Nm
            ends = 1.0 + limit / most
            share = np.clip(velocity / self.velocity_limit_rad_s, -ends, ends)
            low, high = np.maximum(low, most * (-1.0 - share)), np.minimum(high, most * (1.0 - share))
        return np.clip(effort, low, high)

    def toml(self) -> str:
        """As the text of its file."""
        return tomli_w.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True))


MLP_KEYS = ("input_idx", "input_order", "pos_scale", "vel_scale", "torque_scale")


def read_actuator_contract(path: str | Path) -> ActuatorContract:
    """The contract in a TOML file.

    Raises:
        SimulationError: no such file, not TOML, or a key that is missing, unknown or does not fit.
    """
    return read_model(Path(path), ActuatorContract, SimulationError)
