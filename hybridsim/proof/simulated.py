"""What a simulator says a policy would bring in on the stand-in: the same episodes and the same reward."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.envs.task import Task
from hybridsim.envs.tasks import task_of
from hybridsim.envs.walk import base_of
from hybridsim.envs.worlds import Source
from hybridsim.policy import Policy
from hybridsim.policy.observing import Memory
from hybridsim.simulator import HybridSim
from hybridsim.standin.robot import PERIOD
from hybridsim.standin.run import SECONDS, SUNK, TIPPED, commands, rewarded
from hybridsim.standin.stance import stance, standing_height


@cache
def lowest() -> float:
    """Height of the base at which a robot has fallen, as on the stand-in [m]."""
    return SUNK * standing_height(stance())


def simulated(
    policy: Policy, source: Source, seed: int, episodes: int, seconds: float = SECONDS
) -> Float[np.ndarray, " episode"]:
    """Returns of episodes as `standin.run` plays them, one a world [s].

    Args:
        policy: of a walking task.
        source: of the worlds, each with a draw of its own where there are draws.
        seed: of the stand-in; says what episodes ask for.
        episodes: how many.
        seconds: of each.
    """
    task = task_of(policy.contract.task).make(source.robot, {"stands": 1.0})
    randoms = [np.random.default_rng([seed, number]) for number in range(episodes)]
    own = [] if source.draws is None else [source.draws.own(random) for random in randoms]
    sim = source.worlds(task.settings, task.constants, 0)(episodes, own, task.terrains(randoms))
    try:
        sim.restart_chance(seed, 0)
        if own:
            sim.redraw(range(episodes), own)
        asked = np.stack([commands(seed, n, round(seconds / PERIOD)) for n in range(episodes)], axis=1)
        return _played(policy, task, sim, asked, randoms)
    finally:
        sim.close()


def _played(
    policy: Policy,
    task: Task,
    sim: HybridSim,
    asked: Float[np.ndarray, "step world 3"],
    randoms: list[np.random.Generator],
) -> Float[np.ndarray, " world"]:
    """Sums of the rewards up to a fall."""
    worlds = asked.shape[1]
    memory = Memory(policy.contract, worlds, policy.gait)
    task.begin(sim, memory, asked[0].copy(), np.arange(worlds), randoms)
    signals, stands, returned = sim.observe(), np.ones(worlds, bool), np.zeros(worlds)
    for command in asked:
        target = memory.advance(policy.action(memory.observation(signals, command)), command)
        signals = sim.step(task.drive_command(target))
        stands &= ~fallen(sim)
        returned += PERIOD * stands * rewarded(command - heading_motion(sim))
        if not stands.any():
            break
    return returned


def heading_motion(sim: HybridSim) -> Float[np.ndarray, "world 3"]:
    """Speed along the base's heading and to its left [m/s], and rate of the heading [rad/s]."""
    base = base_of(sim)
    forward = base.rotation_world_from_body[:, :, 0]
    flat = forward[:, :2] / np.linalg.norm(forward[:, :2], axis=1, keepdims=True)
    velocity = base.linear_velocity
    along = (velocity[:, :2] * flat).sum(axis=1)
    aside = velocity[:, 1] * flat[:, 0] - velocity[:, 0] * flat[:, 1]
    return np.stack([along, aside, base.angular_velocity[:, 2]], axis=1)


def fallen(sim: HybridSim) -> Bool[np.ndarray, " world"]:
    """By the stand-in's own limits."""
    base = base_of(sim)
    upright = base.rotation_world_from_body[:, 2, 2]
    return (upright < np.cos(TIPPED)) | (base.position[:, 2] < lowest())
