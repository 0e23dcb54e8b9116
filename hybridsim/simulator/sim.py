"""HybridSim: N worlds of a robot with identified drives and learned residuals, stepped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.actuators import Drives, drive_matrix, loop_of
from hybridsim.actuators.drive import DUTY, MOTOR, SPEED
from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.contacts import residual
from hybridsim.errors import SimulationError
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.terrain import Terrain
from hybridsim.robot import Robot, load_robot
from hybridsim.sensors.residual import NAMES as SENSOR_NETWORKS
from hybridsim.simulator.bodies import ground_of, rigid_worlds
from hybridsim.simulator.carry import KEPT, Rows
from hybridsim.simulator.command import command_rows
from hybridsim.simulator.correction import Correction
from hybridsim.simulator.draws import drawn_worlds
from hybridsim.simulator.holding import Holding
from hybridsim.simulator.mounts import mounts_of, own_bodies, own_drives
from hybridsim.simulator.nominal import variant_of
from hybridsim.simulator.observation import Observer
from hybridsim.simulator.placing import place_bases
from hybridsim.simulator.promptable import Promptable
from hybridsim.simulator.residual import NETWORK, coupled_by_motion, inputs_of
from hybridsim.simulator.sensing import sensing_of
from hybridsim.simulator.signs import with_signs
from hybridsim.simulator.stepping import stepping_of
from hybridsim.simulator.surfaces import Surface

WorldDrive = Float[np.ndarray, "world drive"]
DEFAULT_RATE_HZ = 50.0


class HybridSim(Promptable):
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
        surfaces: Sequence[Surface] = (),
        own: Sequence[Mapping[str, float]] = (),
        contact_networks: Networks | None = None,
        sensor_networks: Sequence[Networks] = (),
        sensor_seed: int = 0,
        terrains: Sequence[Terrain] = (),
    ) -> None:
        """Build the worlds.

        Args:
            robot: the design.
            values: every drive, link and world parameter by name [their units].
            settings: timestep, rate and ground.
            worlds: how many.
            networks: residual of the drives; None for parameters alone.
            constants: of a log, such as its payload.
            surfaces: of the ground under a floating base; none for the calibration's own ground.
            own: what differs from `values` in each world: bodies where the base floats, drives and sensors
                anywhere.
            contact_networks: residual of the contacts with its ground; None for the law alone.
            sensor_networks: that the noise of sensors follows.
            sensor_seed: of what sensors leave to chance; a world's follows from it and the world's number.
            terrains: PyBullet's ground under a floating base, one a world, in the place of level ground.
        """
        if worlds < 1:
            raise SimulationError(f"HybridSim: {worlds} worlds; expected at least 1")
        self.robot = robot = with_signs(robot, values)
        self.settings, self.values = settings, dict(values)
        self.surfaces, self.terrains = tuple(surfaces), tuple(terrains)
        self.own = tuple(dict(one) for one in own)
        self.timestep = settings.physics_timestep_s
        self.steps_per_command = max(1, round(1.0 / (settings.rate_hz or DEFAULT_RATE_HZ) / self.timestep))
        self.joints = tuple(drive.joint for drive in robot.drives)
        self.drive_scale = np.array([drive.command_scale.value for drive in robot.drives])
        self.drive_offset = np.array([drive.command_offset.value for drive in robot.drives])
        self.motion = coupled_by_motion(robot)
        fixed = constants or {}
        own, ground = own_bodies(self.own), {"surfaces": surfaces, "terrains": terrains}
        self.body = rigid_worlds(robot, self.values, settings, worlds, fixed, own=own, **ground)
        matrix = own_drives(self.joints, self.values, self.own)
        loops = [loop_of(drive) for drive in robot.drives]
        self.drives = Drives(matrix, loops, [self.motion] * len(loops), worlds, self.timestep)
        given = inputs_of(robot)
        self.correction = Correction(networks, worlds, len(self.joints), self.timestep, given)
        self.ground = ground_of(robot, self.values, fixed, self.body, surfaces, own, contact_networks)
        self.stepping = stepping_of(robot, self.drives, self.correction, self.body, self.ground)
        self._mounting = self.stepping.mounting
        mounts = mounts_of(robot, values, self.own, self.drives)
        self.sensing = sensing_of(robot, mounts, self.stepping, self.ground, sensor_seed, sensor_networks)
        self._holding = Holding(self.stepping, self.sensing)
        self._observer = Observer(robot, self.stepping, self.sensing)
        register = [drive.position_gain_register for drive in robot.drives]
        self._register = np.array([1.0 if one is None else one.value for one in register])
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
        surfaces: Sequence[Surface] = (),
        draw_seed: int | None = None,
        sensor_seed: int = 0,
    ) -> HybridSim:
        """A simulator of the individual that a calibration describes.

        Args:
            calibration: a folder, `so101/<id>`, `so101`, or a loaded one.
            worlds: how many.
            variant: `hybrid`, `identified` (parameters alone) or `nominal` (URDF and ideal drives).
            constants: of the set-up, such as payload_mass [kg].
            robot: where its robot.toml lies; None looks it up by the calibration's robot name.
            surfaces: of the ground, such as `kind_of("slippery", ...)`; none for the calibration's own.
            draw_seed: from which each world draws a law and a body of its own; None gives all the same.
            sensor_seed: of what sensors leave to chance; `nominal` has sensors without errors.
        """
        found = calibration if isinstance(calibration, Calibration) else Calibration.load(calibration)
        design = load_robot(robot or found.record.robot)
        values, settings = variant_of(design, found, variant)
        names = [one.contract.name for one in found.networks]
        learned = {name: found.network(name) for name in names if variant == "hybrid"}
        made = cls(
            design,
            values,
            settings,
            worlds=worlds,
            networks=learned.get(NETWORK),
            contact_networks=learned.get(residual.NETWORK),
            sensor_networks=[learned[name] for name in SENSOR_NETWORKS if name in learned],
            constants=constants,
            surfaces=surfaces,
            own=drawn_worlds(found, variant, draw_seed, worlds),
            sensor_seed=sensor_seed,
        )
        made.calibration, made.variant, made.constants = found, variant, constants
        return made

    @property
    def worlds(self) -> int:
        """How many worlds there are."""
        return len(self._mounting.load)

    @property
    def control_period(self) -> float:
        """Time that one `step` advances [s]."""
        return self.steps_per_command * self.timestep

    @property
    def load_effort(self) -> WorldDrive:
        """Effort that the rigid body asks of each drive [N*m]."""
        return self._mounting.load.copy()

    def reset(
        self,
        position: Float[np.ndarray, "*some drive"] | float | None = None,
        speed: Float[np.ndarray, "*some drive"] | float = 0.0,
        *,
        worlds: Int[np.ndarray, " some"] | Sequence[int] | None = None,
        base_position: Float[np.ndarray, "*some 3"] | Sequence[float] | None = None,
        base_orientation: Float[np.ndarray, "*some 4"] | Sequence[float] | None = None,
        base_linear_velocity: Float[np.ndarray, "*some 3"] | Sequence[float] | None = None,
        base_angular_velocity: Float[np.ndarray, "*some 3"] | Sequence[float] | None = None,
        told: Float[np.ndarray, "*some drive"] | None = None,
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """Put worlds at measured positions [drive units]; nothing else of their past remains.

        Args:
            position: measured; None puts the joints' angles to zero.
            speed: of the joints [rad/s].
            worlds: which; None for all.
            base_position: of a floating base's root link in the world [m]; None for the origin.
            base_orientation: of the same, world from body, quaternion xyzw; None for upright.
            base_linear_velocity: of the same, world's axes [m/s]; None for rest.
            base_angular_velocity: of the same, world's axes [rad/s]; None for rest.
            told: command of all the time before, which late drives go on with for a while [drive units]; None
                for the one to come.
        """
        chosen = np.arange(self.worlds) if worlds is None else np.asarray(worlds, np.int64)
        given = -self.drive_offset / self.drive_scale if position is None else position
        angle = self.drive_scale * np.broadcast_to(given, (len(chosen), len(self.joints))) + self.drive_offset
        before = None if told is None else self.drive_scale * told + self.drive_offset
        self.drives.reset(chosen, angle, before)
        self.drives.gain[chosen] = self._register
        self.drives.state[chosen, :, SPEED] = speed
        joints = np.zeros((2, len(chosen), len(self.robot.joints)))
        joints[0][:, self._mounting.order] = self.drives.joint_angle[chosen]
        joints[1][:, self._mounting.order] = speed
        sign, zero = self._mounting.sign, self._mounting.zero
        self.body.reset(chosen.tolist(), joints[0] * sign + zero, joints[1] * sign)
        base = (base_position, base_orientation, base_linear_velocity, base_angular_velocity)
        place_bases(self.robot, self.body, chosen, base)
        if self.ground is not None:
            self.ground.reset(chosen.tolist())
        self.correction.reset(chosen)
        self.stepping.weigh()
        if self.sensing is not None:
            self.sensing.reset(chosen)
        return self.observe()

    def redraw(self, worlds: Sequence[int], own: Sequence[Mapping[str, float]]) -> None:
        """Give some worlds other drives, and other friction to their terrain; reset those worlds next.

        Args:
            worlds: which.
            own: of each what differs from the simulator's values: `drive.*` and `world.plane_friction`; the
                rest of what it holds stays as the world was built.
        """
        rows = [drive_matrix(self.joints, {**self.values, **one}) for one in own]
        self.drives.change(np.array(worlds, np.int64), np.stack(rows))
        if isinstance(self.body, BulletWorlds):
            for world, one in zip(worlds, own, strict=True):
                if (friction := one.get("world.plane_friction")) is not None:
                    self.body.set_ground_friction(world, friction)

    def restart_chance(self, seed: int, first: int = 0) -> None:
        """Let sensors leave to chance what a new simulator's would, by another seed, from the next reset on.

        Args:
            seed: in the place of `sensor_seed`.
            first: number of the first world, where worlds are a part of more.
        """
        if self.sensing is not None:
            self.sensing.sensors.restart(seed, first)

    def set_inputs(
        self,
        *,
        gain: WorldDrive | float | None = None,
        voltage: WorldDrive | float | None = None,
        enabled: Bool[np.ndarray, "world drive"] | bool | None = None,
        temperature: Float[np.ndarray, " world"] | float | None = None,
    ) -> None:
        """Gain registers, supply voltage [V] (0: rated) and switches, until changed or reset.

        The temperature [degC] is that of all sensors of a world, and stays until it is changed.
        """
        if temperature is not None and self.sensing is not None:
            self.sensing.sources.temperature[:] = temperature
        for array, value in (
            (self.drives.gain, gain),
            (self.drives.voltage, voltage),
            (self.drives.enabled, enabled),
        ):
            if value is not None:
                array[:] = value

    def step(
        self, command: Float[np.ndarray, "*world drive"] | Sequence[float] = ()
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """Hold a command for one control period.

        Args:
            command: one row a world, or one for all [drive units]; nothing for a robot without drives.

        Returns:
            Measured signals by name, see `observe`.
        """
        wanted = command_rows(command, self.worlds, self.joints)
        self._holding.hold(self.drive_scale * wanted + self.drive_offset, self.steps_per_command)
        return self.observe()

    def advance(self, command: WorldDrive) -> None:
        """One physics step under a command in joint angles [rad], or what else the drives take."""
        self._holding.hold(np.array(command, float), 1)

    def play(self, rows: Rows) -> Float[np.ndarray, "field step world drive"]:
        """Step through a table of inputs, many steps a call.

        Args:
            rows: commands in joint angles, gains, voltages and switches, and which row each world takes when.

        Returns:
            What `KEPT` names after every step; carried worlds whose rows have ended rest, zeros here. Sensors
            do not watch: they read the last state as after a reset.
        """
        kept = np.zeros((len(KEPT), len(rows.row), self.worlds, len(self.joints)))
        self.stepping.run(rows, kept)
        if self.sensing is not None:
            self.sensing.reset(np.arange(self.worlds))
        return kept

    def fields(self, command: WorldDrive) -> Float[np.ndarray, "field world drive"]:
        """What `KEPT` names, now."""
        found = (self.stepping.angle(), self.stepping.analytic_angle(), self.drives.shaft_speed)
        motor = (self.drives.state[..., MOTOR], self.drives.state[..., DUTY])
        return np.stack([*found, self._mounting.load, command, self.correction.spread, *motor])

    def encoder_angle(self) -> WorldDrive:
        """What ideal encoders would read, offset and residual included [rad]."""
        return self.stepping.angle()

    def measured_angle(self) -> WorldDrive:
        """What the drives' own encoders read, in counts where they count [rad]."""
        return self.drives.counted(self.encoder_angle())

    @property
    def joint_motion(self) -> tuple[Float[np.ndarray, "world joint"], Float[np.ndarray, "world joint"]]:
        """True angles and speeds of all joints in robot.toml's order and signs [rad, rad/s]."""
        sign, zero = self._mounting.sign, self._mounting.zero
        return (self.body.joint_position - zero) / sign, self.body.joint_velocity / sign

    def observe(self) -> dict[str, Float[np.ndarray, "world _column"]]:
        """Measured signals now, one row a world.

        Per signal one column a drive that measures it, in the signal's unit; joint_velocity of the drives
        that measure angles [rad/s]. Drives that give efforts add joint_effort [N*m] where they measure it,
        a floating base its base_position [m] and base_orientation (world from body, quaternion xyzw). What
        robot.toml's sensors read stands in their place or beside it, see `Measured`.
        """
        return self._observer.measured(self.measured_angle())

    def truth(self) -> dict[str, Float[np.ndarray, "world _column"]]:
        """What the signals of `observe` are in truth: no counts, offsets, noise, rates or delays."""
        return self._observer.true()

    def reading_age(self) -> dict[str, Float[np.ndarray, " world"]]:
        """Time since each sensor's reading was sampled, by its name; a delay comes on top [s]."""
        return {} if self.sensing is None else self.sensing.age()

    def close(self) -> None:
        """Free the worlds."""
        self.body.close()

    def __enter__(self) -> HybridSim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
