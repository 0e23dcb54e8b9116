"""N PyBullet worlds of one robot in one process, read and driven as arrays [world joint]."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from types import TracebackType

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.errors import RobotError, SimulationError
from hybridsim.physics import kernel
from hybridsim.physics.brake import Brake, Rubbing
from hybridsim.physics.chain import Chain, chain_of, check_joints
from hybridsim.physics.client import Client, WorldSettings, grounded, open_client
from hybridsim.physics.floating import FloatingBase
from hybridsim.physics.forward import carried_effort, following_effort
from hybridsim.physics.model import RigidModel
from hybridsim.physics.native_loop import Moved, Wiring
from hybridsim.physics.stepper import Stepper
from hybridsim.physics.terrain import Terrain, set_friction

WorldJoint = Float[np.ndarray, "world joint"]
# Chosen, because it is far above any joint's load and far below where doubles lose the solver's digits.
FOLLOWING_EFFORT = 1e6


class BulletWorlds:
    """Worlds of one robot, each its own PyBullet client; nothing is shared between them.

    Every `step` uses what was applied since the last one: efforts and driven motions hold for one step only,
    friction until it is changed. Units: rad, rad/s, N·m (m, m/s, N for sliders), seconds.
    """

    def __init__(
        self,
        model: RigidModel | Sequence[RigidModel],
        joints: Sequence[str],
        worlds: int,
        settings: WorldSettings,
        terrains: Sequence[Terrain] = (),
    ) -> None:
        """Load the robot into `worlds` clients, joints at zero, at rest.

        Args:
            model: the robot; merge its fixed links first, every link costs time. Or one a world, of a
                floating robot whose links weigh and measure differently there.
            joints: every moving joint once, in the order of the arrays' columns.
            worlds: how many.
            settings: the same for all worlds.
            terrains: one a world, in the place of the settings' plane.

        Raises:
            RobotError: a joint is missing or unknown, moves nothing, or PyBullet cannot load the robot.
        """
        fixed = settings.base == "fixed"
        models = [model] * worlds if isinstance(model, RigidModel) else list(model)
        assert len(models) == worlds and (isinstance(model, RigidModel) or not fixed), "one model a world"
        model = models[0]
        check_joints(model, joints)
        self.joints, self.settings = tuple(joints), settings
        self.chain: Chain | None = chain_of(model, joints, settings.gravity) if fixed else None
        if self.chain is not None:
            check_weights(model, self.chain, self.joints)
        self._free = fixed and not settings.plane
        self._armature = (
            np.zeros(len(self.joints)) if settings.armature is None else np.array(settings.armature)
        )
        if len(self._armature) != len(self.joints):
            raise RobotError(
                f"{model.name}: armature of {len(self._armature)} joints; expected {len(joints)}"
            )
        loaded = [grounded(model)] * worlds if fixed else models
        grounds = terrains or [None] * worlds
        self.clients = [
            open_client(one, self.joints, settings, ground)
            for one, ground in zip(loaded, grounds, strict=True)
        ]
        self._stepper = Stepper(self.clients, len(self.joints))
        self.base = None if fixed else FloatingBase(self.clients, models)
        self._brake = None if fixed else Brake(models, self.joints, settings.timestep)
        shape = (worlds, len(self.joints))
        self._effort, self._load, self._friction = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._target: np.ndarray | None = None
        self._steps = np.zeros(worlds, np.int64)
        self._geared = bool(self._armature.any())
        self._rubs = self._motors = False
        """Whether friction is asked for; whether Bullet's motors may be on."""
        self.reset()

    @property
    def worlds(self) -> int:
        """How many worlds there are."""
        return len(self.clients)

    @property
    def joint_position(self) -> WorldJoint:
        """Joint positions now; the worlds' own array, read it and copy what you keep."""
        return self._stepper.position

    @property
    def joint_velocity(self) -> WorldJoint:
        """Joint velocities now; the worlds' own array."""
        return self._stepper.velocity

    @property
    def effort(self) -> WorldJoint:
        """Effort applied for the next step; the worlds' own array."""
        return self._effort

    @property
    def wiring(self) -> Wiring | None:
        """To PyBullet's C functions; None where Python has to call it."""
        return self._stepper.wiring

    @property
    def load_effort(self) -> WorldJoint:
        """Effort that all drives and friction together put on each joint during the last step.

        After `drive_motion`: what the body asked of the shaft that drives it, positive along the joint.
        """
        return self._load

    @property
    def contact_effort(self) -> WorldJoint:
        """After `drive_motion`: the share of `load_effort` due to contacts and limits, 0 in free space."""
        return self._stepper.motor_effort

    @property
    def time(self) -> Float[np.ndarray, "world"]:
        """Time since each world's last reset [s]."""
        return self._steps * self.settings.timestep

    def apply_effort(self, effort: WorldJoint) -> None:
        """Put an effort on the joints for the next step; a second call replaces the first."""
        self._effort[:] = effort
        self._target = None

    def apply_friction(self, limit: WorldJoint) -> None:
        """Coulomb friction of at most `limit` (>= 0) at the joints, until changed; it stops and holds.

        A fixed base without a plane solves it in joint space, to 1e-9 rad/s; over a plane Bullet's velocity
        motor with limited force does, together with contacts: at 50 iterations an arm may creep by mrad/s.
        A floating base rubs against stiff bristles, which give a little and cost next to nothing.
        """
        self._friction[:] = limit
        self._rubs = bool(self._friction.any())

    def drive_motion(self, position: WorldJoint) -> None:
        """Carry the joints to these positions at the end of the next step, whatever that takes.

        The joint's velocity is then the step's difference quotient, as a shaft has that is integrated by
        semi-implicit Euler at the same timestep. `load_effort` then holds the body's reaction.
        Error: 1e-12 rad in free space. Friction set by `apply_friction` has no say; joint limits of the
        model have (drop them with `with_limits`).
        """
        self._target = np.array(position, float)

    def step(self) -> None:
        """Advance every world by one timestep.

        Raises:
            SimulationError: a state is not finite; names world, joint and time.
        """
        if self._target is not None:
            self._follow(self._target)
            self._target = None
        elif self._free and (self._geared or self._rubs):
            self._push_free()
        else:
            self._push()
        self._effort.fill(0.0)
        self._steps += 1
        if not isfinite(self._stepper.checksum):
            self._refuse()

    def compiled(self) -> tuple[Rubbing, Wiring, Moved] | None:
        """For loops that step a floating robot by themselves; None where Python has to.

        They put efforts and friction into the arrays, step and read; then comes `stepped`.
        """
        wiring = self._stepper.wiring
        if self.base is None or self._brake is None or wiring is None:
            return None
        brake = self._brake
        rubbing = Rubbing(self._friction, brake.bend, brake.stiffness, brake.damping)
        return rubbing, wiring, Moved(self._stepper.state, self.base.unread, self._effort, self._steps)

    def relax(self) -> None:
        """Before a compiled loop: switch off what a driven motion left on, and drop it; read the base."""
        self._target = None
        self._motors_off()
        self._stepper.tell_motors()
        if self.base is not None:
            self.base.raw()

    def stepped(self) -> None:
        """After a compiled loop: take over what it left in the arrays of `compiled`."""
        assert self.base is not None, "only floating robots are stepped from outside"
        self.base.stale = False
        self._load[:] = self._effort
        self._effort.fill(0.0)
        self._rubs = bool(self._friction.any())
        if not isfinite(self._stepper.checksum):
            self._refuse()

    def _advance(self, effort: WorldJoint) -> None:
        """One step of all worlds; a floating base is read along or on demand."""
        known = self._stepper.advance(effort)
        np.add(effort, self._stepper.motor_effort, out=self._load)
        if self.base is not None and known:
            self.base.know(self._stepper.base)
        elif self.base is not None:
            self.base.stale = True

    def _push(self) -> None:
        """Efforts as they are; friction by bristles, or by the solver's velocity motor with limited force."""
        if self._brake is not None:
            self._motors_off()
            if self._brake.bend.size:
                self._brake.rub(self._friction, self._stepper.velocity, self._effort)
        elif self._rubs or self._motors:
            self._stepper.set_motors(0.0, self._friction)
            self._motors = self._rubs
        self._advance(self._effort)

    def _push_free(self) -> None:
        """Efforts as the body feels them behind drives with inertia and friction, solved in joint space.

        In free space this is exact, where Bullet's solver stops at 50 iterations and lets a held arm creep.
        """
        chain, state, dt = self._grounded_chain(), self._stepper, self.settings.timestep
        effort = carried_effort(
            chain, state.position, state.velocity, self._effort, self._armature, self._friction, dt
        )
        self._motors_off()
        self._advance(effort)

    def _follow(self, target: WorldJoint) -> None:
        """Feed the motion's effort forward; where contacts may interfere, a strong motor corrects it."""
        state, dt = self._stepper, self.settings.timestep
        effort = np.zeros_like(target)
        if self.chain is not None:
            effort = following_effort(self.chain, state.position, state.velocity, target, dt)
        if self._free and self.settings.substeps == 1:
            self._motors_off()
        else:
            state.set_motors((target - state.position) / dt, FOLLOWING_EFFORT)
            self._motors = True
        self._advance(effort)

    def _motors_off(self) -> None:
        """Leave nothing but efforts to act."""
        if self._motors:
            self._stepper.set_motors(0.0, 0.0)
            self._motors = False

    def _refuse(self) -> None:
        """Stop at a state that is not finite."""
        state = self._stepper.position + self._stepper.velocity
        world, joint = np.argwhere(~np.isfinite(state))[0]
        raise SimulationError(
            f"world {world}: joint '{self.joints[joint]}' is not finite at {self.time[world]:.6g} s;"
            " expected finite efforts and a smaller timestep"
        )

    def reset(
        self,
        worlds: Sequence[int] | None = None,
        position: Float[np.ndarray, "some joint"] | float = 0.0,
        velocity: Float[np.ndarray, "some joint"] | float = 0.0,
    ) -> None:
        """Put worlds into a state and forget everything that was applied to them, friction included.

        A floating base goes to the origin at rest; place it with `base.place` afterwards.

        Args:
            worlds: which; None for all.
            position: joint positions, one row a world given.
            velocity: joint velocities.
        """
        chosen = list(range(self.worlds)) if worlds is None else [int(world) for world in worlds]
        shape = (len(chosen), len(self.joints))
        positions, velocities = np.broadcast_to(position, shape), np.broadcast_to(velocity, shape)
        if not np.isfinite(positions.sum() + velocities.sum()):
            raise SimulationError(f"reset of worlds {chosen}: state is not finite")
        if self.base is not None:
            self.base.home(chosen)
        self._stepper.reset(chosen, positions, velocities)
        for array in (self._effort, self._load, self._friction):
            array[chosen] = 0.0
        if self._brake is not None:
            self._brake.reset(chosen)
        self._target = None
        self._steps[chosen] = 0
        self._rubs = bool(self._friction.any())

    def shown(self, world: int) -> Client:
        """The client in which a world is to be seen."""
        return self.clients[world]

    def set_ground_friction(self, world: int, friction: float) -> None:
        """Of one world's terrain, all of it the same; nothing where there is none."""
        client = self.clients[world]
        set_friction(client.id, client.ground, Terrain(friction=friction))

    def bias_effort(self, position: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """Effort of gravity, Coriolis and centrifugal forces at a state (fixed base)."""
        return kernel.bias_effort(self._grounded_chain(), position, velocity)

    def inverse_dynamics(
        self, position: WorldJoint, velocity: WorldJoint, acceleration: WorldJoint
    ) -> WorldJoint:
        """Effort of a motion in free space (fixed base)."""
        return kernel.inverse_dynamics(self._grounded_chain(), position, velocity, acceleration)

    def mass_matrix(self, position: WorldJoint) -> Float[np.ndarray, "world joint joint"]:
        """Joint-space mass matrix, armature not included (fixed base)."""
        return kernel.mass_matrix(self._grounded_chain(), position)

    def _grounded_chain(self) -> Chain:
        """The chain, which only a fixed base has."""
        if self.chain is None:
            raise SimulationError(
                "a floating base has no joint-space dynamics of its own; expected base 'fixed'"
            )
        return self.chain

    def close(self) -> None:
        """Disconnect every client; calling it twice is harmless."""
        clients, self.clients = self.clients, []
        for client in clients:
            pybullet.disconnect(physicsClientId=client.id)

    def __enter__(self) -> BulletWorlds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_weights(model: RigidModel, chain: Chain, joints: Sequence[str]) -> None:
    """Refuse a joint that moves no inertia: its acceleration would be anything."""
    diagonal = np.diagonal(kernel.mass_matrix(chain, np.zeros((1, len(joints))))[0])
    for name, inertia in zip(joints, diagonal, strict=True):
        if not inertia > 0:
            raise RobotError(
                f"{model.name}: joint '{name}' moves {inertia} kg·m²; expected a positive inertia"
            )
