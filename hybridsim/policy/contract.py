"""policy.json: what a policy sees, what it commands, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Word = Annotated[str, Field(min_length=1, max_length=200)]
Row = Annotated[tuple[FiniteFloat, ...], Field(max_length=1000)]
GAIT_ROWS = 64
"""Of a walking gait's table."""
Joints = Annotated[tuple[Word, ...], Field(min_length=1, max_length=200)]


class Term(NamedTuple):
    """A part of an observation."""

    size: int
    """Numbers; 0 for one a joint, -1 for one a number of the command."""
    scale: float
    """By which it is multiplied; chosen, so that usual values lie within a few units."""
    unit: str
    meaning: str


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "gravity": Term(3, 1.0, "1", "direction of gravity in the base's axes"),
        "angular_velocity": Term(3, 0.25, "rad/s", "as the gyroscope reads it, in the base's axes"),
        "command": Term(-1, 1.0, "the command's own", "what is asked for"),
        "joint_position": Term(0, 1.0, "rad", "less the stance's"),
        "joint_velocity": Term(0, 0.05, "rad/s", "of the joints"),
        "joint_error": Term(0, 1.0, "rad", "the last target less the measured position"),
        "last_action": Term(0, 1.0, "1", "what the policy put out before"),
        "action_before": Term(0, 1.0, "1", "what it put out before that"),
        "phase": Term(2, 1.0, "1", "sine and cosine of the gait's phase"),
    }
)
"""What observations may hold; a robot's own signals, never the simulator's truth."""


class Table(BaseModel):
    """A table of policy.json: no unknown keys, never changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CommandRange(Table):
    """One number of the command: what it means and where it may lie."""

    name: Word
    unit: Word
    low: FiniteFloat
    high: FiniteFloat


class Lineage(Table):
    """Where a policy came from.

    Attributes:
        calibration: its id; None for the robot's nominal values.
        variant: of the simulator it learned in.
        synthetic: whether that calibration's logs came from a simulated robot.
        seed: the one number that all randomness came from.
        steps: of the environment that it learned from.
        code_version: of hybridsim.
        settings: of the training, by name.
    """

    calibration: Word | None = None
    variant: Word = "nominal"
    synthetic: bool = False
    seed: int = 0
    steps: int = 0
    code_version: Word = "unknown"
    settings: dict[Word, str | float | int | bool | None] = {}


class PolicyContract(Table):
    """Everything about a policy but its weights.

    A target is stance + gait's offset + action_scale * action, in joint angle, held within `low` and `high`.

    Attributes:
        schema_version: version of this layout, key `schema`.
        robot: the design.
        task: what it was trained for.
        control_period_s: between two actions [s].
        joints: in the order of positions, targets and actions.
        terms: of the observation, in order; see `TERMS`.
        command: what is asked for, in order.
        stance: joint positions around which it moves [rad].
        action_scale: of each joint [rad].
        low: smallest target of each joint [rad].
        high: largest [rad].
        rotation_base_from_imu: row by row; identity where there is none [1].
        gait_period_s: of the gait prior, or of the reference that it imitates; None without one [s].
        gait_rows: phases of its table; in between it is linear.
        gait_loops: whether it begins again after a period, or stays at its last row.
        hidden: widths of the hidden layers.
        activation: between them.
        weights: file beside policy.json.
        sha256: of that file.
        lineage: where it came from.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    robot: Word
    task: Word
    control_period_s: Annotated[FiniteFloat, Field(gt=0, le=1)]
    joints: Joints
    terms: Annotated[tuple[Word, ...], Field(min_length=1, max_length=20)]
    command: Annotated[tuple[CommandRange, ...], Field(max_length=20)] = ()
    stance: Row
    action_scale: Row
    low: Row
    high: Row
    rotation_base_from_imu: Row = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    gait_period_s: Annotated[FiniteFloat, Field(gt=0, le=200)] | None = None
    gait_rows: Annotated[int, Field(ge=2, le=10_000)] = GAIT_ROWS
    gait_loops: bool = True
    hidden: Annotated[tuple[int, ...], Field(max_length=5)] = (64, 64)
    activation: Literal["elu", "tanh"] = "elu"
    weights: Word = "policy.safetensors"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = "0" * 64
    lineage: Lineage = Lineage()

    @model_validator(mode="after")
    def _consistent(self) -> PolicyContract:
        for name in ("stance", "action_scale", "low", "high"):
            if len(getattr(self, name)) != len(self.joints):
                raise ValueError(
                    f"{name} has {len(getattr(self, name))} numbers for {len(self.joints)} joints"
                )
        if unknown := [term for term in self.terms if term not in TERMS]:
            raise ValueError(f"terms: no term '{unknown[0]}'; available: {', '.join(TERMS)}")
        if len(self.rotation_base_from_imu) != 9:
            raise ValueError("rotation_base_from_imu: expected nine numbers")
        if any(not 0 < width <= 1024 for width in self.hidden):
            raise ValueError("hidden: expected widths of 1 to 1024")
        if self.gait_period_s is None and "phase" in self.terms:
            raise ValueError("terms: phase without a gait_period_s")
        return self

    def size(self, term: str) -> int:
        """Numbers of a term."""
        size = TERMS[term].size
        return len(self.joints) if size == 0 else len(self.command) if size == -1 else size

    @property
    def observation_size(self) -> int:
        """Numbers of an observation."""
        return sum(self.size(term) for term in self.terms)

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from observation to action."""
        return (self.observation_size, *self.hidden, len(self.joints))

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """What the weights' file holds."""
        sizes = self.layer_sizes
        shapes: dict[str, tuple[int, ...]] = {}
        for n, (wide, narrow) in enumerate(pairwise(sizes)):
            shapes |= {f"weight_{n}": (narrow, wide), f"bias_{n}": (narrow,)}
        shapes |= {"mean": (sizes[0],), "deviation": (sizes[0],)}
        if self.gait_period_s is not None:
            shapes["gait"] = (1 + len(self.command), self.gait_rows, len(self.joints))
        return shapes
