"""What each foot saw: a recorder of load, slip and ground beside a running simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from hybridsim.contacts.law import friction_coefficient
from hybridsim.contacts.points import Points
from hybridsim.contacts.solve import NORMAL
from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.recursion import plus, put, row, up
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work
from hybridsim.physics.tree_kernel import jacobian, place
from hybridsim.simulator.body import bare_body
from hybridsim.simulator.sim import HybridSim
from hybridsim.simulator.touch_points import owners_of

AIR = -1
"""In place of a surface where a foot touches none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FootTrace:
    """What feet saw, one row a control period; a foot is a link that robot.toml's [touch] names.

    Attributes:
        feet: names of the links.
        surfaces: names of the ground's parts.
        time_s: at the period's end [s].
        place: where a foot touches or, in the air, would touch first [m].
        load: normal force [N].
        slip: speed of the foot along the ground where it touches, load-weighted mean of its points [m/s].
        distance: slid so far [m].
        used: friction force over the largest that the analytic law allows, anisotropy left out [1].
        surface: index into `surfaces`, `AIR` in the air.
    """

    feet: tuple[str, ...]
    surfaces: tuple[str, ...]
    time_s: Float[np.ndarray, " time"]
    place: Float[np.ndarray, "time world foot 3"]
    load: Float[np.ndarray, "time world foot"]
    slip: Float[np.ndarray, "time world foot"]
    distance: Float[np.ndarray, "time world foot"]
    used: Float[np.ndarray, "time world foot"]
    surface: Int[np.ndarray, "time world foot"]


class FootRecorder:
    """Reads a simulator after each of its steps.

    Load and friction are those of the last physics step of a control period: let rate_hz be the physics
    rate, and the recorder misses none and its distances are exact.
    """

    def __init__(self, sim: HybridSim) -> None:
        """Nothing read yet.

        Raises:
            SimulationError: no ground of our own contact law, or worlds whose bodies differ.
        """
        if sim.ground is None or not isinstance(sim.body, BulletWorlds):
            raise SimulationError(
                f"robots/{sim.robot.name}: no ground with a contact law to feel; expected surfaces, or a"
                " calibration with a law"
            )
        if any(one != sim.own[0] for one in sim.own):
            raise SimulationError(
                f"robots/{sim.robot.name}: {len(sim.own)} worlds with bodies of their own; expected one"
            )
        self._sim, self._ground, self._body = sim, sim.ground, sim.body
        touch = sim.robot.touch
        owners = owners_of(bare_body(sim.robot), touch)
        self.feet = tuple(dict.fromkeys(owners)) if touch is None else touch.links
        self._member = np.array([[owner == foot for foot in self.feet] for owner in owners], float)
        self._work = new_tree_work(len(self._ground.tree.mass), len(sim.body.joints))
        self._seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def read(self) -> None:
        """Add the period that has just ended."""
        body, ground = self._body, self._ground
        assert body.base is not None, "a robot on ground of our own law floats"
        lowest, velocity = np.empty((2, body.worlds, len(ground.points.body), 3))
        states = (*body.base.centre_states(), body.joint_position, body.joint_velocity)
        for w in range(body.worlds):
            state = tuple(part[w] for part in states)
            feel(ground.tree, self._work, ground.points, state, (lowest[w], velocity[w]))
        self._seen.append((lowest, velocity, ground.touch.impulse[..., :3] / self._sim.timestep))

    def trace(self) -> FootTrace:
        """Everything read so far."""
        if not self._seen:
            raise SimulationError("FootRecorder: nothing read; expected a `read` after each step")
        lowest, velocity, force = (np.stack(parts) for parts in zip(*self._seen, strict=True))
        period, held = self._sim.control_period, self._by_foot(lowest, velocity, force)
        return FootTrace(
            feet=self.feet,
            surfaces=tuple(surface.name for surface in self._sim.surfaces) or ("ground",),
            time_s=period * np.arange(1, len(lowest) + 1),
            distance=period * np.cumsum(held["slip"], axis=0),
            **held,
        )

    def _by_foot(
        self,
        lowest: Float[np.ndarray, "time world point 3"],
        velocity: Float[np.ndarray, "time world point 3"],
        force: Float[np.ndarray, "time world point 3"],
    ) -> dict[str, np.ndarray]:
        """Points of one foot together; forces along both tangents, then the normal [N]."""
        slip, load = np.hypot(velocity[..., 0], velocity[..., 1]), force[..., NORMAL]
        surface, limit = np.empty(load.shape, np.int64), np.empty(load.shape)
        for w, patches in enumerate(self._ground.patches):
            surface[:, w] = under(patches.area, lowest[:, w])
            limit[:, w] = limits(patches.law, surface[:, w], load[:, w], slip[:, w])
        total = load @ self._member
        touches = total > 0.0
        weight = np.where(touches @ self._member.T > 0.0, load, 1.0)
        share = weight[..., None] * self._member / (weight @ self._member)[..., None, :]
        most = np.argmax(load[..., None] * self._member, axis=-2)
        friction = np.hypot(force[..., 0], force[..., 1]) @ self._member
        return {
            "place": np.einsum("...pf,...pk->...fk", share, lowest),
            "load": total,
            "slip": np.where(touches, np.einsum("...pf,...p->...f", share, slip), 0.0),
            "used": friction / np.where(touches, limit @ self._member, np.inf),
            "surface": np.where(touches, np.take_along_axis(surface, most, axis=-1), AIR),
        }


def under(
    area: Float[np.ndarray, "patch 4"], at: Float[np.ndarray, "time point 3"]
) -> Int[np.ndarray, "time point"]:
    """The first patch below each place, `AIR` where there is none."""
    x, y = at[..., 0, None], at[..., 1, None]
    inside = (area[:, 0] <= x) & (x < area[:, 1]) & (area[:, 2] <= y) & (y < area[:, 3])
    return np.where(inside.any(axis=-1), np.argmax(inside, axis=-1), AIR)


@njit(cache=True, nogil=True)
def limits(laws: np.ndarray, surface: np.ndarray, load: np.ndarray, slip: np.ndarray) -> np.ndarray:
    """Largest friction force at every point at any time [time point]; zero in the air [N]."""
    found = np.zeros(load.shape)
    for t in range(len(load)):
        for p in range(load.shape[1]):
            if load[t, p] > 0.0 and surface[t, p] >= 0:
                found[t, p] = load[t, p] * friction_coefficient(laws, surface[t, p], load[t, p], slip[t, p])
    return found


@njit(cache=True, nogil=True)
def feel(
    tree: Tree,
    work: TreeWork,
    points: Points,
    state: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    out: tuple[np.ndarray, np.ndarray],
) -> None:
    """Where the points of one world are lowest, and how fast their bodies move there.

    Args:
        tree: the robot.
        work: scratch.
        points: its spheres.
        state: as `ground_contact.impulses` takes it.
        out: [point 3] places [m] and [point 3] velocities [m/s], written.
    """
    centre, rotation, twist, q, rate = state
    lowest, velocity = out
    block, u = np.empty((3, 6 + len(q))), np.concatenate((twist, rate))
    place(tree, centre, rotation, q, work)
    for p in range(len(points.body)):
        b = points.body[p]
        put(lowest, p, plus(row(work.origin, b), up(work.rotation, b, row(points.position, p))))
        lowest[p, 2] -= points.radius[p]
        jacobian(tree, work, b, lowest[p], block)
        velocity[p] = block @ u
