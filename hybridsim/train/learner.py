"""What a training asks of the engine that it runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from hybridsim.policy.artefact import Layer
from hybridsim.train.settings import Settings

Told = Callable[[int], None]
"""Called with the steps done, after every rollout."""
LAST_RATE = 0.3
"""Share of the learning rate at the end; chosen, because with a tenth the last quarter hardly learned."""
MOST_CHANGE = 0.03
"""KL divergence of an update at which it stops; chosen, as twice what PPO implementations commonly aim at."""


@runtime_checkable
class Learner(Protocol):
    """Rollouts and updates; between two calls of `learn` only `tensors` and `done` count."""

    @property
    def done(self) -> int:
        """Environment steps so far."""
        ...

    @property
    def updates(self) -> int:
        """Of the weights so far, as the engine counts them."""
        ...

    def resume(self, done: int, updates: int) -> None:
        """Count on from there."""
        ...

    def learn(self, steps: int, *, seed: int, level: float) -> None:
        """So many steps of worlds that begin anew, in rollouts with an update each."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights and the optimiser's state."""
        ...

    def put_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """The reverse."""
        ...

    def layers(self) -> tuple[Layer, ...]:
        """Of the mean action's network."""
        ...

    def close(self) -> None:
        """Free worlds and files."""
        ...


def rate(settings: Settings, done: int) -> float:
    """Learning rate after so many steps: falls evenly, to `LAST_RATE` of it."""
    return settings.learning_rate * max(1.0 - done / settings.steps, LAST_RATE)
