"""What the network at the contact points costs a world's step, over the barest PyBullet step, in one run.

    .venv/bin/python -m tests.benchmarks.contact_residual

ANYmal C (fixed links merged), N = 8 worlds, standing on its four feet on firm ground of our law (chosen, not
measured), 400 Hz; the network is random (synthetic), of the width that the cube's study asks for.
Whole steps alternate in short rounds, quoted as medians. The network's share of a step is below their noise,
so its cost is that of finding the standing robots' impulses with the network less that without, in pairs.
"""

import time

import numpy as np

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.residual import contact_spec
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.surfaces import kind_of
from tests.benchmarks.stepping import DAMPING, STIFFNESS, WORLDS, Barest, measure
from tests.physics.conftest import robot_path
from tests.simulator.made import HEIGHT, random_networks, stance

TIMESTEP, HIDDEN, BOUND = 1 / 400, (32,), 0.7
PAIRS, CALLS = 60, 200


class OnLaw:
    """HybridSim on ground of our law under the PD that the barest loop has."""

    def __init__(self, learned: bool) -> None:
        robot = load_robot("anymal_c").commanded("joint_effort_command")
        networks = random_networks(contact_spec(TIMESTEP, HIDDEN, 1), BOUND) if learned else None
        self.sim = HybridSim(
            robot,
            {p.name: p.value for p in offered(robot)},
            SimulationSettings(physics_timestep_s=TIMESTEP, rate_hz=1 / TIMESTEP),
            worlds=WORLDS,
            surfaces=[kind_of("firm")],
            contact_networks=networks,
        )
        self.target = stance(self.sim.joints)

    def reset(self) -> None:
        """Stance, just above the ground."""
        self.seen = self.sim.reset(self.target, base_position=[0.0, 0.0, HEIGHT])

    def run(self, steps: int) -> None:
        """Control and step all worlds."""
        seen = self.seen
        for _ in range(steps):
            seen = self.sim.step(
                STIFFNESS * (self.target - seen["joint_position"]) - DAMPING * seen["joint_velocity"]
            )
        self.seen = seen

    def height(self) -> float:
        """Of the first world's base [m]."""
        return float(self.seen["base_position"][0, 2])

    def feet(self) -> float:
        """Feet on the ground, mean over worlds."""
        assert self.sim.ground is not None
        return float((self.sim.ground.load > 0).sum(axis=1).mean())


def main() -> None:
    """Print one line a contender, then the cost."""
    model = merge_fixed(load_urdf(robot_path("anymal_c")))
    joints = sorted(joint.name for joint in model.moving_joints)
    plain, learned = OnLaw(False), OnLaw(True)
    contenders = {
        "barest PyBullet loop": Barest(model, joints),
        "law alone": plain,
        "law and network": learned,
    }
    times = measure(contenders)
    for name, values in times.items():
        height = contenders[name].height()
        print(f"{name:22s} {np.median(values):6.1f} µs a world step, standing at {height:.3f} m")
    barest_us = float(np.median(times["barest PyBullet loop"]))
    low, middle, high = np.percentile(extra(plain, learned), [25, 50, 75])
    print(
        f"the network costs {middle:.2f} µs a world step (quartiles {low:.2f} to {high:.2f}),"
        f" {middle / barest_us:.1%} of the barest step, {learned.feet():.1f} feet on the ground"
    )


def extra(plain: OnLaw, learned: OnLaw) -> np.ndarray:
    """What finding impulses takes longer with the network, pair by pair [µs a world step]."""
    found = []
    for _ in range(PAIRS):
        took = []
        for one in (plain, learned):
            assert one.sim.ground is not None
            effort, start = np.zeros((WORLDS, len(one.sim.joints))), time.perf_counter()
            for _ in range(CALLS):
                one.sim.ground.solve(effort)
            took.append((time.perf_counter() - start) / (CALLS * WORLDS) * 1e6)
        found.append(took[1] - took[0])
    return np.array(found)


if __name__ == "__main__":
    main()
