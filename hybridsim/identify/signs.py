"""Signs of joints that a recording's source left open, found from how gravity and the ground hold the joints.

Every pattern of open signs is tried: a wrong one lets gravity sag the wrong way, and the replay is worse
for it. Joints that gravity does not load (about a vertical axis, or balanced) show nothing and keep
robot.toml's sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hybridsim.identify.problem import new_problem
from hybridsim.identify.search import mean_error
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.signs import sign_name, with_signs
from hybridsim.study import Selection

LOADED = 0.02  # chosen, because less is lost in a servo's dry friction [N*m]
LOGS, LENGTH = (
    12,
    15.0,
)  # chosen, because sag shows within a few moves of a few logs; how many, and how long [s]
GAINS = (0.5, 1.0, 2.0)
"""Sag depends on the gain, which is not known yet: the best of these factors counts."""
CLEAR = 1.1  # chosen, because noise between equal models stays below 3 %; worse by that factor when flipped


@dataclass(frozen=True, kw_only=True)
class FoundSign:
    """A joint's sign, and how much worse the replay is with the other one (1 = just as good)."""

    sign: int
    ratio: float

    @property
    def clear(self) -> bool:
        """Whether the logs say it beyond doubt."""
        return self.ratio >= CLEAR


def find_signs(
    robot: Robot, selection: Selection, logs: Sequence[LogInputs], plane: bool, timestep: float
) -> dict[str, FoundSign]:
    """Signs of the joints that gravity loads and whose `sign_source` begins with "chosen"."""
    short = [_shortened(log) for log in _spread(logs)]
    prior = selection.expand(selection.space.prior())
    drives = {drive.joint: d for d, drive in enumerate(robot.drives)}
    first = new_problem(robot, selection, short, timestep=timestep, plane=plane)
    loads = {
        joint.name: np.abs(first.simulate(drives[joint.name], prior).load).max()
        for joint in robot.joints
        if joint.name in drives
    }
    open_joints = [
        joint.name
        for joint in robot.joints
        if joint.sign_source.startswith("chosen") and loads.get(joint.name, 0.0) > LOADED
    ]
    if not open_joints or len(open_joints) > 6:
        return {}
    costs: dict[tuple[int, ...], float] = {}
    for pattern in product((1, -1), repeat=len(open_joints)):
        signs = {sign_name(name): float(sign) for name, sign in zip(open_joints, pattern, strict=True)}
        problem = new_problem(with_signs(robot, signs), selection, short, timestep=timestep, plane=plane)
        costs[pattern] = sum(
            min(mean_error(problem, drives[name], _scaled(prior, name, gain)) for gain in GAINS)
            for name in open_joints
        )
    best = min(costs, key=lambda pattern: costs[pattern])
    return {
        name: FoundSign(sign=best[k], ratio=_flipped(costs, best, k) / costs[best])
        for k, name in enumerate(open_joints)
    }


def _flipped(costs: dict[tuple[int, ...], float], best: tuple[int, ...], k: int) -> float:
    """Cost of the best pattern in which joint k turns the other way."""
    return min(cost for pattern, cost in costs.items() if pattern[k] != best[k])


def _scaled(values: dict[str, float], joint: str, gain: float) -> dict[str, float]:
    name = f"drive.{joint}.position_gain"
    return {**values, name: values[name] * gain}


def _spread(logs: Sequence[LogInputs]) -> list[LogInputs]:
    """A few logs, evenly from the list."""
    chosen = np.unique(np.linspace(0, len(logs) - 1, min(LOGS, len(logs))).round().astype(int))
    return [logs[n] for n in chosen]


def _shortened(log: LogInputs) -> LogInputs:
    """The first LENGTH seconds of a log in which something moves."""
    moving = np.abs(np.diff(log.command, axis=0)).max(axis=1) > 0
    start = max(int(moving.argmax()) - 10, 0) if moving.any() else 0
    rows = slice(start, max(int(np.searchsorted(log.time_s, log.time_s[start] + LENGTH)), start + 2))
    return log.rows(rows)
