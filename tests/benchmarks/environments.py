"""Environment steps a second: walking at 50 Hz over 400 Hz physics, with a residual network in every drive.

    .venv/bin/python -m tests.benchmarks.environments

ANYmal C on flat ground under the trot that policies start from (zero actions), 32 worlds; drives with
friction, lag and one member of a residual ensemble (2 x 32, 100 Hz, untrained: synthetic), an IMU, encoders,
contacts, observations and rewards included, episodes' resets too. One thread, two threads, and two processes
of 16 worlds each take turns; quoted are medians of ten rounds, and ratios round by round.
"""

import multiprocessing
import time

import numpy as np

from hybridsim.actuators import offered
from hybridsim.envs.block import Block, spans
from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.envs.walk import Walk
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from tests.simulator.made import residual

WORLDS, ROUNDS, STEPS = 32, 10, 40


def worlds(count, blocks):
    """So many worlds on so many threads."""
    robot = load_robot("anymal_c")
    values = {p.name: p.value for p in offered(robot)}
    for name in robot.joint_names:
        values |= {f"drive.{name}.motor_coulomb": 0.5, f"drive.{name}.motor_lag": 0.01}
    networks = residual(robot, period=0.01, bound=1.0, members=1)
    made = []
    for span in spans(count, blocks):
        task = Walk(robot)

        def build(count, own, terrains, task=task):
            del own
            return HybridSim(robot, values, task.settings, worlds=count, networks=networks, terrains=terrains)

        made.append(Block(task, build, span, 0))
    envs = HybridVectorEnv(made)
    envs.reset(seed=0)
    return envs


def run(envs):
    """Steps a second of one round."""
    action, start = np.zeros((envs.num_envs, 12)), time.perf_counter()
    for _ in range(STEPS):
        envs.step(action)
    return STEPS * envs.num_envs / (time.perf_counter() - start)


def serve(pipe, count):
    """One process's worlds: runs a round for each word it is sent."""
    envs = worlds(count, 1)
    run(envs)
    pipe.send("ready")
    while pipe.recv() == "run":
        run(envs)
        pipe.send("done")


def main() -> None:
    """Print one line a contender."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    for _ in range(2):
        ours, theirs = context.Pipe()
        context.Process(target=serve, args=(theirs, WORLDS // 2), daemon=True).start()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    one, two = worlds(WORLDS, 1), worlds(WORLDS, 2)
    for envs in (one, two):
        run(envs)

    def processes():
        start = time.perf_counter()
        for pipe in pipes:
            pipe.send("run")
        for pipe in pipes:
            pipe.recv()
        return STEPS * WORLDS / (time.perf_counter() - start)

    contenders = {"one thread": lambda: run(one), "two threads": lambda: run(two), "two processes": processes}
    rates = {name: [] for name in contenders}
    for turn in range(ROUNDS):
        for name in list(contenders)[:: 1 if turn % 2 else -1]:
            rates[name].append(contenders[name]())
    for pipe in pipes:
        pipe.send("stop")
    for name, values in rates.items():
        ratio = np.median(np.array(values) / np.array(rates["one thread"]))
        print(f"{name:14s} {np.median(values):6.0f} steps/s ({max(values):.0f} at best), {ratio:.2f} of one")


if __name__ == "__main__":
    main()
