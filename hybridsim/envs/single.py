"""gymnasium's Env: one world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from hybridsim.envs.render import Camera
from hybridsim.envs.vector import spaces
from hybridsim.envs.worlds import Origin, make_vector


class HybridEnv(gymnasium.Env):
    """One world of a task; see `hybridsim.envs.make_vector` for many."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 (gymnasium's own)

    def __init__(
        self,
        task: str,
        *,
        robot: str | None = None,
        calibration: str | None = None,
        variant: str = "hybrid",
        render_mode: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        """Build the world.

        Args:
            task: one of `hybridsim.envs.TASKS`.
            robot: a name or a folder; None for the task's.
            calibration: a folder or a published name; None for nominal values.
            variant: of it.
            render_mode: `rgb_array` or None.
            options: of the task.
        """
        self.render_mode = render_mode
        origin = Origin(calibration=calibration, variant=variant, robot=robot)
        self._envs = make_vector(task, origin, options=options)
        self._block = self._envs.blocks[0]
        self.observation_space, self.action_space = spaces(self._block.task.contract)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start anew; a seed makes everything that follows the same again."""
        super().reset(seed=seed)
        observation = self._block.reset(seed)
        return observation[0].astype(np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """One control period; after an episode's end comes `reset`."""
        stepped = self._block.step(np.asarray(action, float)[None])
        info = {name: float(values[0]) for name, values in {**stepped.terms, **stepped.measures}.items()}
        return (
            stepped.final[0].astype(np.float32),
            float(stepped.reward[0]),
            bool(stepped.terminated[0]),
            bool(stepped.truncated[0]),
            info,
        )

    def render(self) -> np.ndarray | None:
        """The world as seen from aside [row column 3], or None without a render mode."""
        if self.render_mode != "rgb_array":
            return None
        return Camera(self._block.sim).image()  # a reset may have built another simulator

    def close(self) -> None:
        """Free the world."""
        self._envs.close()
