"""A calibration's drives as the teacher of actuator networks: which they are, what they show on a bench."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import Drives, drive_matrix, loop_of
from hybridsim.actuators.loop import IMPEDANCE_LOOP, POSITION_LOOP
from hybridsim.actuators.parameters import NAMES
from hybridsim.calibration import Calibration
from hybridsim.errors import SimulationError, listed
from hybridsim.exchange.bench import DriveTorque, Excitation, Motion, Probed, excitation, run
from hybridsim.networks.inference import Networks
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.correction import Correction
from hybridsim.simulator.nominal import variant_of
from hybridsim.simulator.residual import NETWORK, inputs_of

ENTRIES = 12  # most of a history; chosen, because the networks that are published have 3 to 6
PROBES = (0.01, 0.03, 0.1)  # rad; the largest effort per error counts, because of deadbands and limits
SATURATING = 10.0  # rad
NOT_CARRIED = ("gear_loss_drive", "gear_loss_back", "gear_loss_drive_rest", "gear_loss_back_rest")

WorldJoint = Float[np.ndarray, "world joint"]


@dataclass(frozen=True)
class Subject:
    """Drives that push joints by effort and take positions.

    Attributes:
        joints: names, in the order of the matrix's rows.
        matrix: parameters, columns as DRIVE_PARAMETERS.
        modes: loop of each joint.
        period: of one step [s].
        networks: residual, or None for the analytic drives.
        inputs: what the residual sees.
    """

    joints: tuple[str, ...]
    matrix: Float[np.ndarray, "joint parameter"]
    modes: tuple[int, ...]
    period: float
    networks: Networks | None = None
    inputs: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        if any(mode not in (POSITION_LOOP, IMPEDANCE_LOOP) for mode in self.modes):
            raise SimulationError("actuator networks: expected drives that take positions")

    def torque(self, inertia: WorldJoint) -> DriveTorque:
        """Fresh drives on joints of these inertias [kg*m^2]."""
        worlds, joints = inertia.shape
        drives = Drives(self.matrix, self.modes, [False] * joints, worlds, self.period)
        seen = (self.inputs,) if self.networks is not None else ()
        return DriveTorque(drives, Correction(self.networks, worlds, joints, self.period, *seen), inertia)

    def column(self, name: str) -> Float[np.ndarray, " joint"]:
        """A parameter of every joint."""
        return self.matrix[:, NAMES.index(name)]

    def friction(self) -> tuple[Float[np.ndarray, " joint"], Float[np.ndarray, " joint"]]:
        """Dry [N*m] and viscous [N*m*s/rad] friction on the joints; behind a spring the output's alone."""
        rigid = self.column("stiffness") <= 0
        dry = np.where(rigid, self.column("motor_coulomb"), 0.0) + self.column("output_coulomb")
        return dry, np.where(rigid, self.column("motor_viscous"), 0.0) + self.column("output_viscous")

    def left_out(self, joint: int) -> list[str]:
        """Parameters that say something which neither the network nor the contract's friction holds."""
        return [name for name in NOT_CARRIED if self.matrix[joint, NAMES.index(name)] > 0]

    def groups(self) -> list[list[int]]:
        """Joints whose drives are the same to the bit, residual included; they share a network."""
        found: dict[bytes, list[int]] = {}
        for n in range(len(self.joints)):
            key = self.matrix[n].tobytes() + bytes([self.modes[n]]) + self._residual_key(n)
            found.setdefault(key, []).append(n)
        return list(found.values())

    def input_idx(self, joint: int) -> tuple[int, ...]:
        """Entries of the history that reach back as far as the drive remembers, `ENTRIES` at most."""
        p = dict(zip(NAMES, self.matrix[joint], strict=True))
        memory = p["delay"] + 4 * p["motor_lag"]
        if p["stiffness"] > 0:
            memory += math.pi * math.sqrt(p["armature"] / p["stiffness"])  # half a swing of the shaft
        if self.networks is not None and self._residual_key(joint):
            terms = self.networks.contract
            memory += terms.sample_period * max((max(i.taps, default=0) for i in terms.inputs), default=0)
        longest = math.ceil(memory / self.period - 1e-6) + 2
        return tuple(sorted({round(x) for x in np.linspace(0, longest, min(longest + 1, ENTRIES))}))

    def probed(self, worlds: int) -> Probed:
        """Stiffness, limit and how fast joints may be, found by holding them.

        Raises:
            SimulationError: a drive does not answer an error.
        """
        slowness = self.period + self.column("delay") + self.column("motor_lag")
        steps = math.ceil((slowness.max() * 5 + 0.05) / self.period)

        def held(error: float, speed: float = 0.0) -> WorldJoint:
            torque = self.torque(np.ones((1, len(self.joints))))
            torque.reset()
            still = np.zeros((1, len(self.joints)))
            for _ in range(steps):
                found = torque.effort(still + error, still, still + speed)
            return found

        stiffness = np.max([held(error) / error for error in PROBES], axis=0)
        most = np.abs(held(SATURATING))
        if (bad := ~((stiffness > 0) & (most > 0))).any():
            names = listed(np.array(self.joints)[bad[0]])
            raise SimulationError(f"actuator networks: drives of {names} give no effort towards their target")
        slopes = [np.abs(held(error, 0.1) - held(error, -0.1)) / 0.2 for error in (0.0, SATURATING)]
        least = np.maximum(
            2 * self.period * np.max(slopes, axis=0), self.period**2 * self.column("stiffness")
        )
        shape = (worlds, len(self.joints))
        return Probed(*(np.broadcast_to(one, shape) for one in (stiffness, most, least, slowness)))

    def excited(self, worlds: int, seconds: float, seed: list[int]) -> tuple[Motion, Excitation]:
        """What the drives do in so many worlds, and what was done to them."""
        rng = np.random.default_rng(seed)
        done = excitation(self.probed(worlds), round(seconds / self.period), self.period, rng)
        return run(self.torque(done.inertia), done, self.friction_of(worlds), self.period), done

    def friction_of(self, worlds: int) -> tuple[WorldJoint, WorldJoint]:
        """The friction in every world."""
        dry, viscous = (np.broadcast_to(one, (worlds, len(self.joints))) for one in self.friction())
        return dry, viscous

    def _residual_key(self, joint: int) -> bytes:
        """Weights of a joint's residual; nothing where it adds nothing."""
        if self.networks is None:
            return b""
        if not (self.networks.weights[-1][joint].any() or self.networks.biases[-1][joint].any()):
            return b""
        scaling = self.networks.contract.scaling[joint].model_dump_json(exclude={"group"})
        parts = [tensor[joint].tobytes() for tensor in self.networks.tensors().values()]
        return b"".join(parts) + scaling.encode()


def subject_of(calibration: Calibration, robot: str | Path | Robot | None = None) -> Subject:
    """The drives of a calibration, residual included.

    Raises:
        SimulationError: they do not push by effort, or do not take positions.
    """
    design = robot if isinstance(robot, Robot) else load_robot(robot or calibration.record.robot)
    where = f"robots/{design.name}: an actuator network gives efforts by positions"
    if not design.drives or any(drive.coupling != "effort" for drive in design.drives):
        raise SimulationError(f"{where}; its drives carry joints by motion, expected coupling 'effort'")
    modes = tuple(loop_of(drive) for drive in design.drives)
    if any(mode not in (POSITION_LOOP, IMPEDANCE_LOOP) for mode in modes):
        taken = listed({drive.command for drive in design.drives})
        raise SimulationError(f"{where}; its drives take {taken}, expected joint_position_command")
    values, settings = variant_of(design, calibration, "hybrid")
    joints = tuple(drive.joint for drive in design.drives)
    ships = any(one.contract.name == NETWORK for one in calibration.networks)
    return Subject(
        joints,
        drive_matrix(joints, values),
        modes,
        settings.physics_timestep_s,
        calibration.network(NETWORK) if ships else None,
        inputs_of(design),
    )
