"""How well a policy imitates its reference motion, beside the reference alone: actions of zero.

    .venv/bin/python -m tests.benchmarks.imitation RUN/best [--retarget MAP] [--motion FILE]

SYNTHETIC: nothing here is a robot. 64 worlds that no training has seen, 8 s each, begun anywhere in the
motion. `joint error` is the mean distance of the joints' true angles from the reference at the same phase,
`speed` the base's mean speed ahead, over the episode up to its end; intervals are 95 %, bootstrapped over
episodes.
"""

import argparse
import time

import numpy as np

from hybridsim.envs import Origin, Size, make_vector
from hybridsim.envs.imitate import Imitate
from hybridsim.envs.judge import judge
from hybridsim.policy import Policy

WORLDS, SEED = 64, 900


def untrained(policy: Policy) -> Policy:
    """The same contract and reference with actions of zero."""
    layers = tuple((0.0 * weight, 0.0 * bias) for weight, bias in policy.layers)
    return Policy(policy.contract, layers, policy.mean, policy.deviation, policy.gait)


def interval(values: np.ndarray) -> str:
    """Mean and bootstrapped interval."""
    rows = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[rows].mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print errors and speeds of both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("policy")
    parser.add_argument("--motion", default="laikago_walk")
    parser.add_argument("--retarget")
    words = parser.parse_args()
    policy, start = Policy.load(words.policy), time.perf_counter()
    options = {"motion": words.motion} | ({"retarget": words.retarget} if words.retarget else {})
    origin = Origin(robot=policy.contract.robot)
    envs = make_vector("imitate", origin, size=Size(worlds=WORLDS, blocks=2), options=options)
    task = envs.blocks[0].task
    assert isinstance(task, Imitate)
    if (seen := policy.contract.lineage.settings.get("motion_sha256")) != task.sources["motion"]:
        raise SystemExit(f"the policy imitates another motion (sha256 {seen}); give it with --motion")
    if task.reference.base is not None:
        print(f"reference: speed {task.reference.base.mean[0]:.3f} m/s")
    for name, one in (("reference alone", untrained(policy)), ("trained", policy)):
        found = judge(one, envs, SEED)
        print(f"{name}: falls {found.fell.sum():.0f} of {WORLDS}")
        print(f"  joint error {interval(found.measures['joint_error [rad]'])} rad")
        if "forward_velocity [m/s]" in found.measures:
            print(f"  speed {interval(found.measures['forward_velocity [m/s]'])} m/s")
            print(f"  height error {interval(found.measures['height_error [m]'])} m")
    envs.close()
    steps = policy.contract.lineage.steps
    print(f"trained for {steps} steps; judged in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
