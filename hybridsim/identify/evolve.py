"""Evolution under noise: CMA-ES by generations, with a centre that no lucky cost decides."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import cmaes
import numpy as np
from jaxtyping import Float

Point = Float[np.ndarray, " entry"]

GENERATIONS = 3
"""Whose points the centre is reckoned from."""
BETTER = 3
"""One in so many of those points counts: the best of many noisy costs is lucky."""


class Evolution:
    """A population that moves towards lower costs.

    Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial", as the package cmaes has it, which optuna's
    sampler is made of; that sampler draws its first point at random and takes no start or width of our own.
    """

    def __init__(self, start: Point, width: float, seed: int, box: tuple[float, float] | None = None) -> None:
        """Begin at a point.

        Args:
            start: where the first generation lies around.
            width: standard deviation of the first generation.
            seed: of the generations.
            box: lowest and highest value of every entry; None for none.
        """
        self.centre, self._idle = start, int(len(start) == 1)  # CMA-ES wants two entries
        self._cma = cmaes.CMA(
            mean=np.r_[start, start[: self._idle]],
            sigma=width,
            bounds=None if box is None else np.tile(box, (len(start) + self._idle, 1)),
            seed=seed % 2**32,
            population_size=4 + int(3 * np.log(len(start) + 1)),
        )
        self._recent: deque[list[tuple[Point, float]]] = deque(maxlen=GENERATIONS)

    @property
    def size(self) -> int:
        """Points of a generation."""
        return self._cma.population_size

    def generation(self, cost: Callable[[Point], float]) -> None:
        """Ask for one generation's costs and move."""
        asked = [self._cma.ask() for _ in range(self.size)]
        told = [(point, cost(point[: len(self.centre)])) for point in asked]
        self._cma.tell(told)
        self._recent.append([(point[: len(self.centre)], found) for point, found in told])
        ordered = sorted((one for some in self._recent for one in some), key=lambda one: one[1])
        self.centre = np.mean([point for point, _ in ordered[: max(1, len(ordered) // BETTER)]], axis=0)
