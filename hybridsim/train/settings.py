"""What a training is asked for; written beside its checkpoints, so that it goes on as it began."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from hybridsim.errors import PolicyError
from hybridsim.toml import table, text_of
from hybridsim.validation import explain

Count = Annotated[int, Field(ge=1, le=10**12)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Range(BaseModel):
    """A wider range by choice, see `envs.draws.Spread`; `together` draws once for all joints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: FiniteFloat = 0.0
    shift: FiniteFloat = 0.0
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    together: bool = False


class Settings(BaseModel):
    """Of a training; PPO's are those that walked soonest in `tests.benchmarks.walking`.

    Attributes:
        task: its name.
        robot: name or folder; None for the task's.
        calibration: folder or published name; None for the robot's nominal values.
        variant: of the simulator.
        drawn: whether worlds differ as the calibration leaves open.
        ranges: wider ranges by pattern of parameters' names.
        options: of the task.
        steps: of the environment, in all.
        worlds: side by side.
        blocks: threads that step them.
        seed: the one number that all randomness comes from.
        curriculum: begins with a share of the commands' range, and raises it as the policy gets better.
        rollout: steps of every world between two updates.
        batch: of an update's gradient steps.
        epochs: of an update over its rollout.
        learning_rate: at first; falls evenly to `learner.LAST_RATE` of it.
        discount: of rewards, a step.
        advantage: decay of generalised advantage estimation.
        exploration: standard deviation of actions at first.
        hidden: widths of the policy's layers.
        check_every: environment steps between checkpoints, each with an evaluation.
        judged: worlds of an evaluation, an episode each.
        keep: whether the policy of every checkpoint stays, in `kept/STEPS`.
        threads: of torch.
        engine: `local` is stable-baselines3 here, `ray` is RLlib on a Ray cluster.
        workers: of a cluster, which share the worlds; None for one a core.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    robot: str | None = None
    calibration: str | None = None
    variant: str = "hybrid"
    drawn: bool = True
    ranges: dict[str, Range] = {}
    options: dict[str, str | float | int | bool] = {}
    steps: Count = 600_000
    worlds: Count = 32
    blocks: Count = 2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    curriculum: bool = False
    rollout: Count = 64
    batch: Count = 512
    epochs: Count = 5
    learning_rate: Annotated[FiniteFloat, Field(gt=0, lt=1)] = 1e-3
    discount: Share = 0.97
    advantage: Share = 0.95
    exploration: Annotated[FiniteFloat, Field(gt=0, lt=10)] = 0.8
    hidden: tuple[int, ...] = (64, 64)
    check_every: Count = 65_536
    judged: Count = 32
    keep: bool = False
    threads: Count = 1
    engine: Literal["local", "ray"] = "local"
    workers: Count | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.worlds * self.rollout < self.batch:
            raise ValueError(
                f"batch {self.batch} is more than a rollout's {self.worlds * self.rollout} steps"
            )
        return self

    @property
    def rollout_steps(self) -> int:
        """Environment steps of a rollout."""
        return self.worlds * self.rollout

    @property
    def rollouts_between(self) -> int:
        """Rollouts from one checkpoint to the next."""
        return max(1, self.check_every // self.rollout_steps)


def read_settings(
    path: Path | None, given: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> Settings:
    """Settings of a TOML file, with what else is given.

    Args:
        path: of the file; None for none.
        given: settings that count more than the file's.
        options: of the task, which count more than the file's.

    Raises:
        PolicyError: not TOML, an unknown key, or a value that cannot be; names it.
    """
    where = "training" if path is None else str(path)
    read = {} if path is None else table(text_of(path, PolicyError), PolicyError, where)
    if isinstance(asked := read.get("options", {}), dict):
        read["options"] = {**asked, **(options or {})}
    try:
        return Settings.model_validate({**read, **given})
    except ValidationError as error:
        raise PolicyError(f"{where}: {explain(error, Settings)}") from None
