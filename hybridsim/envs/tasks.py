"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, NamedTuple

from hybridsim.envs.imitate import Imitate
from hybridsim.envs.reach import Reach
from hybridsim.envs.swing import Swing
from hybridsim.envs.task import Task
from hybridsim.envs.walk import Walk
from hybridsim.errors import SimulationError, listed
from hybridsim.robot import Robot


class Known(NamedTuple):
    """A task, its robot unless somebody names another, and what it is always made with."""

    robot: str
    kind: Callable[..., Task]
    fixed: Mapping[str, Any]

    def make(self, robot: Robot, options: Mapping[str, object]) -> Task:
        """The task for a robot.

        Raises:
            SimulationError: an option that it does not have.
        """
        known = set(signature(self.kind).parameters) - {"robot", *self.fixed}
        if unknown := set(options) - known:
            raise SimulationError(f"task: no option {listed(unknown)}; available: {listed(known)}")
        return self.kind(robot, **self.fixed, **options)


TASKS: Mapping[str, Known] = {
    "walk_flat": Known("anymal_c", Walk, {"ground": "flat"}),
    "walk_sloped": Known("anymal_c", Walk, {"ground": "sloped"}),
    "walk_rough": Known("anymal_c", Walk, {"ground": "rough"}),
    "walk_two_surface": Known("anymal_c", Walk, {"ground": "two_surface"}),
    "reach": Known("so101", Reach, {}),
    "track": Known("so101", Reach, {"moving": True}),
    "imitate": Known("anymal_c", Imitate, {}),
    "swing": Known("xl330_pendulum", Swing, {}),
}


def task_of(name: str) -> Known:
    """The task of this name, or an error that lists them."""
    if name not in TASKS:
        raise SimulationError(f"no task '{name}'; available: {', '.join(TASKS)}")
    return TASKS[name]
