"""How much of the task's range is asked for while a policy gets better."""

from __future__ import annotations

from hybridsim.envs.judge import Verdict
from hybridsim.envs.vector import HybridVectorEnv

FIRST_LEVEL = 0.3
STEP = 0.1
MOST_FALLS = 0.1
"""Share of episodes that may end early for the level to rise; chosen."""


def set_level(envs: HybridVectorEnv, level: float) -> None:
    """Ask for a share of the range from the next episodes on."""
    for block in envs.blocks:
        block.task.level = level


def raised(level: float, verdict: Verdict, judged: HybridVectorEnv) -> float:
    """The next level; evaluations always ask for everything, so that checkpoints compare."""
    set_level(judged, 1.0)
    return min(1.0, level + STEP) if float(verdict.fell.mean()) <= MOST_FALLS else level
