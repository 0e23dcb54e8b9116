"""HybridSim: N worlds of a robot with identified drives and learned residuals, stepped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.actuators import Drives, drive_matrix
from hybridsim.actuators.drive import SPEED
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.actuators.loop import EFFORT_LOOP, POSITION_LOOP, VELOCITY_LOOP
from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.errors import SimulationError, listed
from hybridsim.networks.inference import Networks
from hybridsim.physics import kernel
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.hulls import with_hulls
from hybridsim.robot import Drive, Robot, load_robot
from hybridsim.simulator.body import body_of
from hybridsim.simulator.correction import Correction
from hybridsim.simulator.residual import NETWORK

WorldDrive = Float[np.ndarray, "world drive"]
DEFAULT_RATE_HZ = 50.0
LOOPS = {"joint_velocity_command": VELOCITY_LOOP, "joint_effort_command": EFFORT_LOOP}


class HybridSim:
    """Worlds of one robot: command in, measured signals out.

    Arrays are [world, drive] in robot.toml's order of drives, in the unit of each drive's signal: rad for
    joints, 0..1 for a jaw's opening.
    """

    def __init__(
        self,
        robot: Robot,
        values: Mapping[str, float],
        settings: SimulationSettings,
        *,
        worlds: int = 1,
        networks: Networks | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> None:
        """Build the worlds.

        Args:
            robot: the design.
            values: every drive, link and world parameter by name [their units].
            settings: timestep, rate and ground.
            worlds: how many.
            networks: residual of the drives; None for parameters alone.
            constants: of a log, such as its payload.
        """
        if worlds < 1:
            raise SimulationError(f"HybridSim: {worlds} worlds; expected at least 1")
        self.robot, self.settings, self.values = robot, settings, dict(values)
        self.timestep = settings.physics_timestep_s
        period = 1.0 / (settings.rate_hz or DEFAULT_RATE_HZ)
        self.steps_per_command = max(1, round(period / self.timestep))
        self.joints = tuple(drive.joint for drive in robot.drives)
        self.drive_scale = self._scale = np.array([drive.command_scale.value for drive in robot.drives])
        self.drive_offset = self._offset = np.array([drive.command_offset.value for drive in robot.drives])
        self._order = np.array([robot.joint_names.index(joint) for joint in self.joints])
        self._sign = np.array([joint.sign for joint in robot.joints], float)
        self._zero = np.array([joint.offset.value for joint in robot.joints])
        motion = [drive.coupling == "motion" for drive in robot.drives]
        if any(motion) and not all(motion):
            raise SimulationError(f"robots/{robot.name}: drives mix couplings; expected motion or effort for all")
        self.motion = all(motion)
        self.body = self._bodies(worlds, constants or {})
        self.drives = Drives(
            drive_matrix(self.joints, self.values), [_loop(d) for d in robot.drives], motion, worlds, self.timestep
        )
        self.correction = Correction(networks, worlds, self.timestep) if networks is not None else None
        self._register = np.array(
            [d.position_gain_register.value if d.position_gain_register else 1.0 for d in robot.drives]
        )
        self._load = np.zeros((worlds, len(robot.joints)))
        self._contact = np.zeros_like(self._load)
        self._inertia = np.zeros_like(self._load)
        self.reset()

    @classmethod
    def load(
        cls,
        calibration: str | Path | Calibration,
        *,
        worlds: int = 1,
        variant: str = "hybrid",
        constants: Mapping[str, float] | None = None,
        robot: str | Path | None = None,
    ) -> HybridSim:
        """A simulator of the individual that a calibration describes.

        Args:
            calibration: a folder, `so101/<id>`, `so101`, or a loaded one.
            worlds: how many.
            variant: `hybrid`, `identified` (parameters alone) or `nominal` (URDF and ideal drives).
            constants: of the set-up, such as payload_mass [kg].
            robot: where its robot.toml lies; None looks it up by the calibration's robot name.
        """
        if variant not in ("hybrid", "identified", "nominal"):
            raise SimulationError(f"HybridSim: variant '{variant}'; available: hybrid, identified, nominal")
        found = calibration if isinstance(calibration, Calibration) else Calibration.load(calibration)
        design = load_robot(robot or found.record.robot)
        values = found.values() if variant != "nominal" else nominal_values(design, found.values())
        names = [one.contract.name for one in found.networks]
        networks = found.network(NETWORK) if variant == "hybrid" and NETWORK in names else None
        return cls(
            design, values, found.record.simulation, worlds=worlds, networks=networks, constants=constants
        )

    @property
    def worlds(self) -> int:
        """How many worlds there are."""
        return len(self._load)

    @property
    def control_period(self) -> float:
        """Time that one `step` advances [s]."""
        return self.steps_per_command * self.timestep

    @property
    def load_effort(self) -> WorldDrive:
        """Effort that the rigid body asks of each drive [N*m]."""
        return self._load[:, self._order]

    def reset(
        self,
        position: Float[np.ndarray, "some drive"] | float | None = None,
        speed: Float[np.ndarray, "some drive"] | float = 0.0,
        *,
        worlds: Int[np.ndarray, " some"] | Sequence[int] | None = None,
    ) -> dict[str, WorldDrive]:
        """Put worlds at measured positions [drive units]; nothing of their past remains.

        Args:
            position: measured; None puts the joints' angles to zero.
            speed: of the joints [rad/s].
            worlds: which; None for all.
        """
        chosen = np.arange(self.worlds) if worlds is None else np.asarray(worlds, np.int64)
        given = -self._offset / self._scale if position is None else position
        angle = self._scale * np.broadcast_to(given, (len(chosen), len(self.joints))) + self._offset
        self.drives.reset(chosen, angle)
        self.drives.gain[chosen] = self._register
        self.drives.state[chosen, :, SPEED] = speed
        joints = np.zeros((2, len(chosen), len(self.robot.joints)))
        joints[0][:, self._order] = self.drives.joint_angle[chosen]
        joints[1][:, self._order] = speed
        self.body.reset(chosen, joints[0] * self._sign + self._zero, joints[1] * self._sign)
        self._contact[chosen] = 0.0
        if self.correction is not None:
            self.correction.reset(chosen)
        self._weigh()
        return self.observe()

    def set_inputs(
        self,
        *,
        gain: WorldDrive | float | None = None,
        voltage: WorldDrive | float | None = None,
        enabled: Bool[np.ndarray, "world drive"] | bool | None = None,
    ) -> None:
        """Gain registers, supply voltage [V] (0: rated) and switches, until changed or reset."""
        for array, value in (
            (self.drives.gain, gain),
            (self.drives.voltage, voltage),
            (self.drives.enabled, enabled),
        ):
            if value is not None:
                array[:] = value

    def step(self, command: WorldDrive | Sequence[float]) -> dict[str, WorldDrive]:
        """Hold a command for one control period.

        Args:
            command: one row a world, or one for all [drive units].

        Returns:
            Measured signals by name, see `observe`.
        """
        wanted = np.asarray(command, float)
        if wanted.shape[-1:] != (len(self.joints),):
            raise SimulationError(
                f"HybridSim: command of shape {wanted.shape}; expected (.., {len(self.joints)}) for"
                f" {', '.join(self.joints)}"
            )
        if not np.isfinite(wanted).all():
            raise SimulationError("HybridSim: the command is not finite; expected finite numbers")
        angle = self._scale * np.broadcast_to(wanted, (self.worlds, len(self.joints))) + self._offset
        for _ in range(self.steps_per_command):
            self.advance(angle)
        return self.observe()

    def advance(self, command: WorldDrive) -> None:
        """One physics step under a command in joint angles [rad]."""
        order, sign = self._order, self._sign
        angle = (self.body.joint_position - self._zero) * sign
        speed = self.body.joint_velocity * sign
        self.drives.step(
            command, angle[:, order], speed[:, order], self._load[:, order], self._inertia[:, order]
        )
        if self.motion:
            target = self.drives.joint_angle
            if self.correction is not None:
                self.correction.update(self.drives, command, self._load[:, order])
                target = target + self.correction.of_body
            joints = angle.copy()
            joints[:, order] = target
            self.body.drive_motion(joints * sign + self._zero)
        else:
            effort = np.zeros_like(angle)
            friction = np.zeros_like(angle)
            effort[:, order], friction[:, order] = self.drives.effort, self.drives.friction
            if self.correction is not None:
                self.correction.update(self.drives, command, self._load[:, order])
                effort[:, order] += self.correction.value
            self.body.apply_effort(effort * sign)
            self.body.apply_friction(friction)
        self.body.step()
        if self.motion and self.settings.plane:
            self._contact[:] = self.body.contact_effort * sign
        self._weigh()

    def encoder_angle(self) -> WorldDrive:
        """What ideal encoders would read, offset and residual included [rad]."""
        offset = self.drives.parameters[..., ENCODER_OFFSET]
        if not self.motion:
            return ((self.body.joint_position - self._zero) * self._sign)[:, self._order] + offset
        shaft = self.drives.shaft_angle + offset
        return shaft if self.correction is None else shaft + self.correction.value

    def measured_angle(self) -> WorldDrive:
        """What the drives' own encoders read, in counts where they count [rad]."""
        return self.drives.measured(self.encoder_angle() - self.drives.parameters[..., ENCODER_OFFSET])

    def observe(self) -> dict[str, WorldDrive]:
        """Measured signals now: per signal one column a drive that measures it, in the signal's unit."""
        reading = (self.measured_angle() - self._offset) / self._scale
        names = [drive.measured for drive in self.robot.drives]
        found = {
            name: reading[:, [k for k, other in enumerate(names) if other == name]] for name in dict.fromkeys(names)
        }
        velocity = self.drives.shaft_speed
        if not self.motion:
            velocity = (self.body.joint_velocity * self._sign)[:, self._order]
        found["joint_velocity"] = velocity[:, [k for k, name in enumerate(names) if name == "joint_position"]]
        return found

    def close(self) -> None:
        """Free the worlds."""
        self.body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bodies(self, worlds: int, constants: Mapping[str, float]) -> BulletWorlds | CarriedBodies:
        """The rigid worlds; collisions only where there is ground to touch."""
        fixed = self.robot.urdf.base == "fixed"
        model = with_limits(body_of(self.robot, self.values, constants), False)
        settings = WorldSettings(
            timestep=self.timestep,
            base=self.robot.urdf.base,
            plane=self.settings.plane,
            plane_height=self.values.get("world.plane_height", 0.0) if fixed else 0.0,
            plane_friction=self.values.get("world.plane_friction", 1.0),
            plane_stiffness=self.values.get("world.plane_stiffness", 0.0) if fixed else 0.0,
            armature=None if self.motion or not fixed or self.settings.plane else self._armature(),
        )
        joints = [joint.urdf_joint for joint in self.robot.joints]
        if self.motion:
            return CarriedBodies(model, joints, worlds, settings)
        model = with_hulls(model) if self.settings.plane else with_collision(model, False)
        return BulletWorlds(model, joints, worlds, settings)

    def _armature(self) -> tuple[float, ...]:
        """Reflected inertia of each joint's drive, 0 where it has none [kg*m^2]."""
        return tuple(self.values.get(f"drive.{joint}.armature", 0.0) for joint in self.robot.joint_names)

    def _weigh(self) -> None:
        """Load and inertia that the rigid body puts on each joint now."""
        chain = self.body.chain
        if chain is None:
            return
        position, velocity = self.body.joint_position, self.body.joint_velocity
        self._load[:] = kernel.bias_effort(chain, position, velocity) * self._sign + self._contact
        self._inertia[:] = np.diagonal(kernel.mass_matrix(chain, position), axis1=1, axis2=2)


def _loop(drive: Drive) -> int:
    return LOOPS.get(drive.command, POSITION_LOOP)


def nominal_values(robot: Robot, values: Mapping[str, float]) -> dict[str, float]:
    """The same names at robot.toml's and the URDF's own values: ideal drives, nominal masses."""
    from hybridsim.actuators import offered
    from hybridsim.simulator.body import offered_inertials

    prior = {p.name: p.value for p in [*offered(robot), *offered_inertials(robot)]}
    missing = [name for name in values if name not in prior and not name.startswith("world.")]
    if missing:
        raise SimulationError(f"robots/{robot.name}: parameters {listed(missing)} are not of this robot")
    return {**values, **prior}
