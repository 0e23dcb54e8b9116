"""What a robot is to imitate, by phase: rows of joint angles and of how its base moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.spatial.transform import Rotation, Slerp

from hybridsim.errors import MotionError
from hybridsim.motion.footing import footing_of
from hybridsim.motion.model import Motion
from hybridsim.motion.read import read_motion
from hybridsim.motion.retarget import Retarget, map_of, retargeted
from hybridsim.robot import Robot

ROW_S, LEAST_ROWS, MOST_ROWS = 0.02, 64, 6000
"""Time between rows, and how many [s]; chosen: a row a control period, and two minutes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BaseReference:
    """How the base is to move, a row a phase.

    Attributes:
        height: of the root over the ground [m].
        effort: that holds the posture on the feet near the ground, joints in robot.toml's order [N*m].
        orientation: world from body, without its heading, quaternion xyzw.
        velocity: in the body's axes [m/s].
        spin: angular velocity in the body's axes [rad/s].
        mean: speed ahead and to the left in the heading's axes, and rate of turn [m/s, m/s, rad/s].
    """

    height: Float[np.ndarray, " row"]
    effort: Float[np.ndarray, "row joint"]
    orientation: Float[np.ndarray, "row 4"]
    velocity: Float[np.ndarray, "row 3"]
    spin: Float[np.ndarray, "row 3"]
    mean: Float[np.ndarray, "3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """A motion of a robot, cut into rows of equal time.

    Attributes:
        motion: retargeted.
        period_s: of all rows, each counted whole [s].
        position: joint angles in robot.toml's order [rad].
        velocity: of them [rad/s].
        base: None where it is fixed.
        sources: sha256 of the motion's file, and of how it was retargeted.
    """

    motion: Motion
    period_s: float
    position: Float[np.ndarray, "row joint"]
    velocity: Float[np.ndarray, "row joint"]
    base: BaseReference | None
    sources: Mapping[str, str]

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.position)


def reference_of(robot: Robot, motion: str | Path | Motion, retarget: str | Path | None = None) -> Reference:
    """Read a motion and bring it to a robot.

    Args:
        robot: that is to imitate it.
        motion: see `read.read_motion`.
        retarget: file; None for names that agree, or for what robots/ has.

    Raises:
        MotionError: it does not fit.
    """
    given = motion if isinstance(motion, Motion) else read_motion(motion)
    map_ = map_of(given, robot, retarget)
    moved = retargeted(given, robot, map_)
    duration = moved.duration_s
    rows = max(LEAST_ROWS, round(duration / ROW_S))
    if rows > MOST_ROWS:
        raise MotionError(
            f"{moved.name}: lasts {duration:.0f} s; expected at most {MOST_ROWS * ROW_S:.0f} s: choose a part"
            " with [clip] start_s and end_s of a retargeting file"
        )
    steps = rows if moved.loop else rows - 1
    period = duration * rows / steps
    time = duration * np.arange(rows) / steps
    position = smooth(moved.time_s, moved.joint_position, moved.loop)(time)
    floating = robot.urdf.base == "floating"
    return Reference(
        motion=moved,
        period_s=period,
        position=position,
        velocity=rate(position, period / rows, moved.loop),
        base=_base(robot, moved, map_, time, position) if floating else None,
        sources={"motion": given.sha256, "retarget": map_.sha256},
    )


def smooth(
    time: Float[np.ndarray, " frame"], values: Float[np.ndarray, "frame column"], loop: bool
) -> CubicSpline | PchipInterpolator:
    """A curve through the frames; one that goes round is turned about its middle until it closes."""
    if not loop:
        return PchipInterpolator(time, values)
    share = ((time - time[0]) / (time[-1] - time[0]))[:, None]
    closed = values - (share - 0.5) * (values[-1] - values[0])
    closed[-1] = closed[0]
    return CubicSpline(time, closed, bc_type="periodic")


def rate(values: Float[np.ndarray, "row column"], step: float, loop: bool) -> np.ndarray:
    """Change over the rows beside, per second."""
    if loop:
        return (np.roll(values, -1, axis=0) - np.roll(values, 1, axis=0)) / (2.0 * step)
    return np.gradient(values, step, axis=0)


def _base(
    robot: Robot, motion: Motion, map_: Retarget, time: np.ndarray, position: np.ndarray
) -> BaseReference:
    """The base's rows; velocities are differences over a row, and need nothing to close."""
    if motion.base_position is None or motion.base_orientation is None:
        raise MotionError(
            f"{motion.name}: its base does not move; robots/{robot.name} floats: expected base_position and"
            " base_orientation"
        )
    step = time[1] - time[0]
    ends = np.append(time, motion.duration_s if motion.loop else time[-1])
    ends = np.minimum(ends, motion.duration_s)
    turn = Slerp(motion.time_s, Rotation.from_quat(motion.base_orientation))(ends)
    place = PchipInterpolator(motion.time_s, motion.base_position)(ends)
    world = np.diff(place, axis=0) / step
    spin = (turn[:-1].inv() * turn[1:]).as_rotvec() / step
    heading = headings(turn[:-1])
    level = heading.inv() * turn[:-1]
    footing = footing_of(robot, position, level)
    mean = [*heading.inv().apply(world)[:, :2].mean(axis=0), turn[:-1].apply(spin)[:, 2].mean()]
    return BaseReference(
        height=_heights(motion, map_, time, footing.feet.min(axis=1)),
        effort=footing.effort,
        orientation=level.as_quat(),
        velocity=turn[:-1].inv().apply(world),
        spin=spin,
        mean=np.array(mean),
    )


def headings(turn: Rotation) -> Rotation:
    """The turn about the vertical that brings x to where the body's x points."""
    ahead = turn.apply([1.0, 0.0, 0.0])
    return Rotation.from_euler("z", np.arctan2(ahead[:, 1:2], ahead[:, 0:1]))


def _heights(
    motion: Motion, map_: Retarget, time: np.ndarray, lowest: Float[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """Of the base: the lowest foot touches ground in every row, or the lowest of the whole clip does."""
    if map_.base.height == "feet":
        return -lowest
    assert motion.base_position is not None, "`_base` asks for it"
    height = smooth(motion.time_s, motion.base_position[:, 2:], motion.loop)(time)[:, 0]
    return height - (height + lowest).min()
