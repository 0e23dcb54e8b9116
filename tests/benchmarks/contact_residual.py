"""What the network at the contact points costs a world's step, over the barest PyBullet step, in one run.

    .venv/bin/python -m tests.benchmarks.contact_residual

ANYmal C (fixed links merged), N = 8 worlds, standing on its four feet on firm ground of our law (chosen, not
measured), 400 Hz; the network is random (synthetic), of the width that the cube's study asks for.
Contenders alternate in short rounds; quoted are medians, and the median of the round by round difference of
the simulator with the network and without it, over the barest loop's median.
"""

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

TIMESTEP, HIDDEN, BOUND = 1 / 400, (16,), 0.7


class OnLaw:
    """HybridSim on ground of our law under the PD that the barest loop has."""

    def __init__(self, learned: bool) -> None:
        robot = load_robot("anymal_c")
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
    extra = (times["law and network"] - times["law alone"]) / np.median(times["barest PyBullet loop"])
    low, middle, high = np.percentile(extra, [25, 50, 75])
    error = 1.2533 * extra.std() / np.sqrt(len(extra))
    print(
        f"the network costs {100 * middle:.1f} % of the barest step (quartiles of rounds {100 * low:.1f} to"
        f" {100 * high:.1f}, standard error {100 * error:.1f}), {learned.feet():.1f} feet on the ground"
    )


if __name__ == "__main__":
    main()
