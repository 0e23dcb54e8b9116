"""Legs below an upright base: joint positions that put feet in places, and efforts that carry the robot."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.errors import SimulationError
from hybridsim.physics.tree import Tree, new_tree_work, tree_of
from hybridsim.physics.tree_kernel import place
from hybridsim.robot import Robot
from hybridsim.simulator.bodies import GRAVITY
from hybridsim.simulator.body import bare_body
from hybridsim.simulator.touch_points import owners_of, points_of

CLOSE = 1e-5
"""Distance of a foot from its target that counts as reached [m]."""
ROUNDS = 60
"""Of the search, at most; chosen, because from the row before three are enough."""
CALM = 1e-4
"""Damping of the search, which keeps it calm near a stretched knee [m^2]."""


class Legs:
    """A robot's legs; a foot's place is the lowest point of its sphere, in the upright base's frame."""

    def __init__(self, robot: Robot) -> None:
        """Read the robot.

        Raises:
            SimulationError: a foot has more than one contact point, so that its place says too little.
        """
        model = bare_body(robot)
        self.robot = robot
        self.feet = owners_of(model, robot.touch)
        self._tree = tree_of(model, [joint.urdf_joint for joint in robot.joints])
        self._points = points_of(model, {}, robot.touch)
        if len(set(self.feet)) < len(self.feet):
            raise SimulationError(
                f"robots/{robot.name}: a foot of several contact points; expected one sphere each in [touch]"
            )
        self._work = new_tree_work(len(self._tree.mass), len(robot.joints))
        self._holds = np.array([carriers(self._tree, body) for body in range(len(self._tree.mass))])
        self._carries = self._holds[self._points.body]
        self._drop = np.outer(self._points.radius, [0.0, 0.0, 1.0])
        """From a sphere's lowest point to its centre."""

    @property
    def mass(self) -> float:
        """Of the whole robot [kg]."""
        return float(self._tree.mass.sum())

    def places(self, posture: Float[np.ndarray, " joint"]) -> Float[np.ndarray, "foot 3"]:
        """Where the feet are in a posture [m]."""
        self._stand(posture)
        return self._centres() - self._drop

    def centre_of_mass(self, posture: Float[np.ndarray, " joint"]) -> Float[np.ndarray, "3"]:
        """Of the whole robot, in the base's frame [m]."""
        self._stand(posture)
        return self._tree.mass @ self._work.com / self.mass

    def postures(
        self, places: Float[np.ndarray, "row foot 3"], first: Float[np.ndarray, " joint"]
    ) -> Float[np.ndarray, "row joint"]:
        """Joint positions row by row, each searched from the one before [rad].

        Args:
            places: of the feet [m].
            first: a posture near the first row [rad].

        Raises:
            SimulationError: a foot does not reach its place; names foot and distance.
        """
        found, posture = np.empty((len(places), len(first))), np.array(first, float)
        for row, wanted in zip(found, places, strict=True):
            row[:] = posture = self._reach(wanted, posture)
        return found

    def _reach(self, wanted: Float[np.ndarray, "foot 3"], posture: np.ndarray) -> np.ndarray:
        """Damped least squares: a step is Jᵀ (J Jᵀ + damping)⁻¹ times what is missing, all feet at once.

        Source: Nakamura and Hanafusa 1986, "Inverse Kinematic Solutions With Singularity Robustness".
        """
        for _ in range(ROUNDS):
            self._stand(posture)
            missing = wanted + self._drop - self._centres()
            if np.abs(missing).max() < CLOSE:
                return posture
            jacobian = self._jacobian(self._centres(), self._carries).reshape(missing.size, -1)
            damped = jacobian @ jacobian.T + CALM * np.eye(missing.size)
            posture = posture + jacobian.T @ np.linalg.solve(damped, missing.ravel())
        foot, distance = int(np.abs(missing).max(axis=1).argmax()), 1e3 * np.abs(missing).max()
        raise SimulationError(
            f"robots/{self.robot.name}: foot '{self.feet[foot]}' stays {distance:.0f} mm away from"
            f" {wanted[foot].round(3).tolist()} m in the base's frame; expected a place within reach"
        )

    def _stand(self, posture: np.ndarray) -> None:
        """Fill the scratch for an upright base at the origin."""
        place(self._tree, self._tree.com[0], np.eye(3), np.asarray(posture, float), self._work)

    def _centres(self) -> Float[np.ndarray, "foot 3"]:
        """Of the feet's spheres."""
        bodies, work = self._points.body, self._work
        return work.origin[bodies] + np.einsum("fij,fj->fi", work.rotation[bodies], self._points.position)

    def holding(
        self, posture: Float[np.ndarray, " joint"], load: Float[np.ndarray, " foot"]
    ) -> Float[np.ndarray, " joint"]:
        """Effort that holds a posture, base included, where the feet carry so much [N·m].

        Args:
            posture: joint positions [rad].
            load: normal force at every foot, which together are the robot's weight [N].
        """
        self._stand(posture)
        feet = self._jacobian(self._centres(), self._carries)[:, 2]
        bodies = self._jacobian(self._work.com, self._holds)[:, 2]
        return GRAVITY * self._tree.mass @ bodies - load @ feet

    def bearing(
        self,
        posture: Float[np.ndarray, " joint"],
        effort: Float[np.ndarray, " joint"],
        gravity: Float[np.ndarray, "3"],
    ) -> tuple[Float[np.ndarray, "foot 3"], Float[np.ndarray, "foot 3"]]:
        """Forces of the ground on the feet of a robot at rest [N] and where they act [m], base's axes.

            effort = -sum_bodies J' mass gravity - sum_feet J' force

        Args:
            posture: joint positions [rad].
            effort: of the drives [N·m].
            gravity: in the base's axes [m/s²].

        Raises:
            SimulationError: legs of more or fewer than three joints, whose efforts do not say the forces.
        """
        if len(posture) != 3 * len(self.feet):
            raise SimulationError(
                f"robots/{self.robot.name}: {len(posture)} joints for {len(self.feet)} feet; "
                "expected three a foot"
            )
        self._stand(posture)
        at = self._centres() + np.outer(self._points.radius, gravity / np.linalg.norm(gravity))
        feet = self._jacobian(at, self._carries).reshape(len(posture), -1)
        bodies = self._jacobian(self._work.com, self._holds)
        pull = np.einsum("b,bij,i->j", self._tree.mass, bodies, gravity)
        return np.linalg.solve(feet.T, -(effort + pull)).reshape(-1, 3), at

    def bodies(
        self, posture: Float[np.ndarray, " joint"]
    ) -> tuple[Float[np.ndarray, " body"], Float[np.ndarray, "body 3"]]:
        """Masses [kg] and centres of mass in the base's frame [m]; the base is the first."""
        self._stand(posture)
        return self._tree.mass.copy(), self._work.com.copy()

    def _jacobian(
        self, at: Float[np.ndarray, "point 3"], carries: Bool[np.ndarray, "point body"]
    ) -> Float[np.ndarray, "point 3 joint"]:
        """How points move with the joints; `carries` says with those of which bodies."""
        work, tree = self._work, self._tree
        swing = np.where(tree.sliding[:, None], work.axis, np.cross(work.axis, at[:, None] - work.origin))
        columns = np.zeros((len(at), 3, len(tree.dof) - 1))
        columns[:, :, tree.dof[1:]] = np.swapaxes(carries[:, :, None] * swing, 1, 2)[:, :, 1:]
        return columns


def shared_load(
    centre: Float[np.ndarray, "3"], feet: Float[np.ndarray, "foot 3"], bearing: Float[np.ndarray, " foot"]
) -> Float[np.ndarray, " foot"]:
    """Share of the weight on every foot under a resting centre of mass, the least squares over `bearing`.

    Args:
        centre: of mass [m].
        feet: places [m].
        bearing: how much a foot takes where there is a choice; 0 for none [1].
    """
    balance = np.stack([np.ones(len(feet)), feet[:, 0] - centre[0], feet[:, 1] - centre[1]])
    return bearing * (balance.T @ np.linalg.solve(balance * bearing @ balance.T, [1.0, 0.0, 0.0]))


def carriers(tree: Tree, body: int) -> list[bool]:
    """Whether each body is this one or carries it."""
    chain = [body]
    while tree.parent[chain[-1]] >= 0:
        chain.append(int(tree.parent[chain[-1]]))
    return [k in chain for k in range(len(tree.parent))]
