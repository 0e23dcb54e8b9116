"""Cost of all sensors of a quadruped, per world and physics step, beside the barest PyBullet step.

    .venv/bin/python -m tests.benchmarks.sensors

ANYmal C, N = 8 worlds, standing on PyBullet's plane at 400 Hz: an IMU with correlated noise, drift,
bandwidth, delay, clip and counts; 12 encoders with counts and their own differentiator; 12 currents with
ripple, noise and counts; 4 feet. Two simulators, with and without sensors, and the barest step
(`stepping.Barest`) take turns in every order, since whoever comes after itself finds its data at hand. Quoted
are medians, and differences round by round. The sensors are also timed by themselves, over and over, without
the cache misses of a real step, once with PyBullet's contacts, which feet need on its plane. Times are the
processor's, so that other work on the machine counts less.
"""

import time
import tomllib
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tomli_w

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.urdf import load_urdf
from hybridsim.resources import find
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.sensing import Sensing
from tests.benchmarks.stepping import DAMPING, SETTLING, STIFFNESS, Barest
from tests.physics.conftest import robot_path
from tests.simulator.made import HEIGHT, stance

WORLDS, ROUNDS, STEPS = 8, 400, 10
AXES = "xyz"
IMU = {"gyro_delay": 0.004, "gyro_bandwidth": 80.0, "gyro_range": 35.0, "gyro_resolution": 1e-3}
IMU |= {"acc_delay": 0.004, "acc_bandwidth": 80.0, "acc_range": 160.0, "acc_resolution": 5e-3}
IMU |= {f"gyro_{name}_{x}": 1e-3 for name in ("white", "walk", "turn_on") for x in AXES}
IMU |= {f"acc_{name}_{x}": 1e-2 for name in ("white", "walk", "turn_on") for x in AXES}
IMU |= {"correlation_gx_gy": 0.3, "lever_x": 0.01}
ENCODER = {"resolution": 2.4e-5, "white": 1e-5, "velocity_window": 4.0, "velocity_resolution": 1e-3}
CURRENT = {"gain": 1.0, "ripple": 0.1, "friction": 0.5, "white": 0.05, "resolution": 0.01}
FOOT = {"threshold_on": 20.0, "threshold_off": 10.0, "white": 1.0}


def quadruped(folder: Path, sensing: bool) -> tuple[Robot, dict[str, float]]:
    """ANYmal C with its sensors and a current a drive, or without any."""
    text = tomllib.loads((find("robots", "anymal_c") / "robot.toml").read_text())
    joints = [joint["name"] for joint in text["joint"]]
    text["sensor"] += [
        {"name": f"{name}_current", "kind": "current", "joint": name, "source": "a benchmark"}
        for name in joints
    ]
    given = {"imu": IMU} | {f"encoder_{name}": ENCODER for name in joints}
    given |= {f"{name}_current": CURRENT for name in joints}
    given |= {f"{leg}_foot": FOOT for leg in ("LF", "RF", "LH", "RH")}
    if not sensing:
        text["sensor"], given = [], {}
    folder.mkdir()
    (folder / "robot.toml").write_text(tomli_w.dumps(text))
    values = {f"sensor.{one}.{name}": v for one, own in given.items() for name, v in own.items()}
    return load_robot(folder).commanded("joint_effort_command"), values


class Walker:
    """HybridSim under a PD that reads the truth, so that both walk alike; what is observed is thrown away."""

    def __init__(self, folder: Path, sensing: bool) -> None:
        robot, values = quadruped(folder, sensing)
        settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0, plane=True)
        values |= {p.name: p.value for p in offered(robot)}
        self.sim = HybridSim(robot, values, settings, worlds=WORLDS)
        self.target = stance(self.sim.joints)

    def reset(self) -> None:
        """Into the stance."""
        self.sim.reset(self.target, base_position=[0.0, 0.0, HEIGHT])

    def run(self, steps: int) -> None:
        """Physics steps alone: what a control period of so many steps costs without its observation."""
        body = self.sim.body
        for _ in range(steps):
            self.sim.advance(STIFFNESS * (self.target - body.joint_position) - DAMPING * body.joint_velocity)


def times_of(work: Callable[[], object], count: int) -> float:
    """Time of one of `count` world steps [µs]."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / count * 1e6


def main() -> None:
    """Print one line a contender, then what the sensors cost."""
    model = merge_fixed(load_urdf(robot_path("anymal_c")))
    joints = sorted(joint.name for joint in model.moving_joints)
    with TemporaryDirectory() as folder:
        contenders = {
            "barest PyBullet loop": Barest(model, joints),
            "HybridSim without": Walker(Path(folder) / "without", False),
            "HybridSim with sensors": Walker(Path(folder) / "with", True),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        orders = list(permutations(contenders))
        for turn in range(ROUNDS):
            if turn % 50 == 0:
                for one in contenders.values():
                    one.reset()
                    one.run(SETTLING)
            for name in orders[turn % len(orders)]:
                times[name].append(times_of(lambda n=name: contenders[n].run(STEPS), STEPS * WORLDS))
    found = {name: np.array(values) for name, values in times.items()}
    for name, values in found.items():
        print(f"{name:24s} {np.median(values):6.2f} µs a world step")
    barest = found["barest PyBullet loop"]
    cost = found["HybridSim with sensors"] - found["HybridSim without"]
    low, share, high = np.percentile(cost / barest, [25, 50, 75])
    print(
        f"{'all sensors':24s} {np.median(cost):6.2f} µs a world step, {share:.1%} of the barest"
        f" (quartiles {low:.1%} to {high:.1%})"
    )
    alone = contenders["HybridSim with sensors"].sim.sensing
    assert alone is not None
    worlds = np.arange(WORLDS)
    for name, touched in (("  models alone", False), ("  with PyBullet's contacts", True)):
        each = [times_of(lambda t=touched: look(alone, worlds, t), 200 * WORLDS) for _ in range(30)]
        print(f"{name:24s} {np.median(each):6.2f} µs a world step, {np.median(each) / np.median(barest):.1%}")


def look(sensing: Sensing, worlds: np.ndarray, touched: bool) -> None:
    """Sense 200 times what is there; `touched`: PyBullet is asked for contacts too."""
    for _ in range(200):
        sensing._look(worlds, touched)


if __name__ == "__main__":
    main()
