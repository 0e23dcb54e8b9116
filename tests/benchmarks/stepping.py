"""Steps per second of HybridSim and BulletWorlds against the barest PyBullet loop for one robot, in pairs.

    .venv/bin/python -m tests.benchmarks.stepping [--cpu] [NAME...]

ANYmal C (fixed links merged), N = 8 worlds, standing, 400 Hz: read joints, ideal PD, apply, step. The hybrid
adds drives with friction and a residual network a joint (5 members of 32-32, 100 Hz, untrained: synthetic),
and observes base and joints, at every step where it is driven by efforts and every eighth where its drives
hold positions, as under a policy. `law`: on ground of the identified law, with a contact network (3 members
of 32-32, untrained: synthetic) and the IMU and feet of robot.toml. Names as arguments choose some; `--cpu`
takes the time of the processor, which a busy machine disturbs less.

Each is paired with the barest loop in two processes of their own, in which
one or the other is built first, because who comes later finds its memory in smaller pieces. Rounds of eight
steps alternate, so that a busy machine slows both; quoted are medians, and ratios round by round.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pybullet

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.residual import contact_spec
from hybridsim.physics import kernel
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.chain import chain_of
from hybridsim.physics.client import WorldSettings, open_client
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import RigidModel
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.surfaces import kind_of
from tests.physics.conftest import robot_path
from tests.simulator.made import HEIGHT, random_networks, residual, stance, walker

WORLDS, ROUNDS, STEPS, SETTLING = 8, 200, 8, 104
STIFFNESS, DAMPING = 80.0, 2.0
SETTINGS = WorldSettings(timestep=1 / 400, base="floating", plane=True)


class Contender(Protocol):
    """Somebody who lets WORLDS robots stand."""

    def reset(self) -> None:
        """Put all worlds into the stance, just above the ground."""
        ...

    def run(self, steps: int) -> None:
        """Control and step all worlds."""
        ...

    def height(self) -> float:
        """Of the first world's base [m], to see that it stands."""
        ...


class Barest:
    """What somebody writes who knows PyBullet and wants nothing but speed."""

    def __init__(self, model: RigidModel, joints: list[str]) -> None:
        self.clients = [open_client(model, joints, SETTINGS) for _ in range(WORLDS)]
        self.target = stance(tuple(joints)).tolist()
        first = self.clients[0]
        (x, y, z), self.turn = pybullet.getBasePositionAndOrientation(first.body, physicsClientId=first.id)
        self.place = [x, y, z + HEIGHT]

    def reset(self) -> None:
        for c in self.clients:
            pybullet.resetBasePositionAndOrientation(c.body, self.place, self.turn, physicsClientId=c.id)
            pybullet.resetBaseVelocity(c.body, [0, 0, 0], [0, 0, 0], physicsClientId=c.id)
            for index, angle in zip(c.indices, self.target, strict=True):
                pybullet.resetJointState(c.body, index, angle, physicsClientId=c.id)

    def run(self, steps: int) -> None:
        target, torque = self.target, pybullet.TORQUE_CONTROL
        for _ in range(steps):
            for c in self.clients:
                states = pybullet.getJointStates(c.body, c.indices, physicsClientId=c.id)
                efforts = [
                    STIFFNESS * (q - s[0]) - DAMPING * s[1] for q, s in zip(target, states, strict=True)
                ]
                pybullet.setJointMotorControlArray(
                    c.body, c.indices, torque, forces=efforts, physicsClientId=c.id
                )
                pybullet.stepSimulation(physicsClientId=c.id)

    def height(self) -> float:
        c = self.clients[0]
        pose = pybullet.getBasePositionAndOrientation(c.body, physicsClientId=c.id)[0]
        return HEIGHT + pose[2] - self.place[2]


class Batched:
    """BulletWorlds with the PD as one numpy expression for all worlds and joints."""

    def __init__(self, model: RigidModel, joints: list[str]) -> None:
        self.worlds = BulletWorlds(model, joints, WORLDS, SETTINGS)
        assert self.worlds.base is not None
        self.base = self.worlds.base
        self.target = stance(tuple(joints))

    def reset(self) -> None:
        self.worlds.reset(position=np.broadcast_to(self.target, (WORLDS, len(self.target))))
        for world in range(WORLDS):
            self.base.place(world, np.array([0.0, 0.0, HEIGHT]))

    def run(self, steps: int) -> None:
        worlds = self.worlds
        for _ in range(steps):
            effort = STIFFNESS * (self.target - worlds.joint_position) - DAMPING * worlds.joint_velocity
            worlds.apply_effort(effort)
            worlds.step()

    def height(self) -> float:
        return float(self.base.position[0, 2])


class Hybrid:
    """HybridSim under the same PD, which reads its observations."""

    def __init__(self, networks: bool, friction: float) -> None:
        self.sim = walker(worlds=WORLDS, networks=networks, friction=friction, period=0.01)
        self.target = stance(self.sim.joints)

    def reset(self) -> None:
        self.seen = self.sim.reset(self.target, base_position=[0.0, 0.0, HEIGHT])

    def run(self, steps: int) -> None:
        seen = self.seen
        for _ in range(steps):
            effort = STIFFNESS * (self.target - seen["joint_position"]) - DAMPING * seen["joint_velocity"]
            seen = self.sim.step(effort)
        self.seen = seen

    def height(self) -> float:
        return float(self.seen["base_position"][0, 2])


class Held:
    """HybridSim whose drives hold a position for a control period of 20 ms."""

    def __init__(self, networks: bool, sensors: bool, law: bool = False) -> None:
        robot = load_robot("anymal_c")
        if not sensors:
            robot = robot.model_copy(update={"sensors": (), "encoders": ()})
        values = {p.name: p.value for p in offered(robot)}
        values |= {f"drive.{name}.motor_coulomb": 0.5 for name in robot.joint_names}
        learned = residual(robot, period=0.01, bound=2.0, members=5) if networks else None
        settings = SimulationSettings(physics_timestep_s=1 / 400, rate_hz=50.0, plane=not law)
        self.sim = HybridSim(
            robot,
            values,
            settings,
            worlds=WORLDS,
            networks=learned,
            surfaces=[kind_of("firm", (-9.0, 9.0, -9.0, 9.0))] if law else [],
            contact_networks=random_networks(contact_spec(1 / 400, (32, 32), 3), 0.5) if law else None,
        )
        self.target = stance(self.sim.joints)

    def reset(self) -> None:
        self.seen = self.sim.reset(self.target, base_position=[0.0, 0.0, HEIGHT])

    def run(self, steps: int) -> None:
        assert steps % self.sim.steps_per_command == 0
        for _ in range(steps // self.sim.steps_per_command):
            self.seen = self.sim.step(self.target)

    def height(self) -> float:
        return float(self.seen["base_position"][0, 2])


def in_python(model: RigidModel, joints: list[str]) -> Batched:
    """BulletWorlds where PyBullet's C functions are unknown."""
    os.environ["HYBRIDSIM_NATIVE"] = "0"
    try:
        return Batched(model, joints)
    finally:
        del os.environ["HYBRIDSIM_NATIVE"]


def measure(
    contenders: dict[str, Contender], clock: Callable[[], float] = time.perf_counter
) -> dict[str, np.ndarray]:
    """Time of one world's step in every round [µs].

    Rounds are short, so that both of a pair meet the same weather; who goes first alternates.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(ROUNDS):
        if turn % 50 == 0:
            for contender in contenders.values():
                contender.reset()
                contender.run(SETTLING)
        for name in list(contenders)[:: 1 if turn % 2 else -1]:
            start = clock()
            contenders[name].run(STEPS)
            times[name].append((clock() - start) / (STEPS * WORLDS) * 1e6)
    return {name: np.array(values) for name, values in times.items()}


def print_kernel(rows: int = 2000, rounds: int = 50) -> None:
    """Print the dynamics kernel's time for one state of the SO-101, the best of some rounds."""
    arm = merge_fixed(load_urdf(robot_path("so101")))
    chain = chain_of(arm, [joint.name for joint in arm.moving_joints])
    states = np.random.default_rng(0).normal(size=(3, rows, 6))
    for function, count in (
        (kernel.inverse_dynamics, 3),
        (kernel.mass_matrix, 1),
        (kernel.effort_regressor, 3),
    ):
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            function(chain, *states[:count])
            times.append(time.perf_counter() - start)
        print(f"kernel {function.__name__:17s} {min(times) / rows * 1e6:6.2f} µs a state of a six-joint arm")


MAKERS: dict[str, Callable[[RigidModel, list[str]], Contender]] = {
    "BulletWorlds": Batched,
    "BulletWorlds in Python": in_python,
    "HybridSim": lambda *_: Hybrid(networks=True, friction=0.5),
    "HybridSim, no friction": lambda *_: Hybrid(networks=True, friction=0.0),
    "HybridSim, held": lambda *_: Held(networks=True, sensors=False),
    "HybridSim, held, no network": lambda *_: Held(networks=False, sensors=False),
    "HybridSim, held, IMU and feet": lambda *_: Held(networks=True, sensors=True),
    "HybridSim, held, law, IMU and feet": lambda *_: Held(networks=True, sensors=True, law=True),
}


def pair(name: str, first: bool, cpu: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Times of the barest loop and of another [µs], and the other's height; `first`: it is built first."""
    model = merge_fixed(load_urdf(robot_path("anymal_c")))
    joints = sorted(joint.name for joint in model.moving_joints)
    makers = {"barest": Barest, name: MAKERS[name]}
    order = [name, "barest"] if first else ["barest", name]
    built = {key: makers[key](model, joints) for key in order}
    times = measure(built, time.process_time if cpu else time.perf_counter)
    return times["barest"], times[name], built[name].height()


def main() -> None:
    """Print one line a contender that is named, or of all, then the kernel's."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in [one for one in sys.argv[1:] if one != "--cpu"] or MAKERS:
            found = [pool.apply(pair, (name, first, "--cpu" in sys.argv)) for first in (False, True)]
            barest, own = (np.concatenate([one[k] for one in found]) for k in (0, 1))
            low, ratio, high = np.percentile(barest / own, [25, 50, 75])
            each = ", ".join(f"{np.median(one[0] / one[1]):.3f}" for one in found)
            print(
                f"{name:30s} {np.median(own):6.1f} µs a world step (barest {np.median(barest):.1f}), rate"
                f" {ratio:.3f} of the barest (quartiles {low:.3f} to {high:.3f}; built second, first {each}),"
                f" standing at {found[0][2]:.3f} m",
                flush=True,
            )
    print_kernel()


if __name__ == "__main__":
    main()
