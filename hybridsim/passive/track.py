"""The measured motion of a passive body's root link, as a log holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError
from hybridsim.frames import conjugate, rotated, rotation_vector
from hybridsim.log import Log
from hybridsim.passive.tool_track import ToolTrack, tool_track_of
from hybridsim.robot import Robot

LONGEST_GAP = 1e-3
"""Between stamps of two signals that count as one sample [s]; chosen, because motion capture comes faster."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """One log, one row a sample of base_position; lengths, times and velocities as the data have them.

    Attributes:
        log_id: the log's id.
        name: the source's own name for it.
        group: recordings that are the same motion share one; the log's id where nothing is said.
        time_s: since the first sample [s].
        position: of the root link's origin in the world [m].
        orientation: world from body, quaternion xyzw.
        linear_velocity: of the origin, world's axes [m/s].
        angular_velocity: body's axes [rad/s].
        joint: positions of the joints, robot.toml's order [rad].
        joint_velocity: [rad/s].
        measured_velocity: whether the log has velocities of its own, which lag; else they are differences.
        tool: what pushes; None of a robot without a tool.
    """

    log_id: str
    name: str
    group: str
    time_s: Float[np.ndarray, " time"]
    position: Float[np.ndarray, "time 3"]
    orientation: Float[np.ndarray, "time 4"]
    linear_velocity: Float[np.ndarray, "time 3"]
    angular_velocity: Float[np.ndarray, "time 3"]
    joint: Float[np.ndarray, "time joint"]
    joint_velocity: Float[np.ndarray, "time joint"]
    measured_velocity: bool
    tool: ToolTrack | None = None


def track_of(log: Log, robot: Robot) -> Track:
    """Read a log.

    Raises:
        LogError: base_position or base_orientation is missing, shorter than 3 samples, stamped apart, or
            not finite; or the tool's path is, of a robot with one.
    """
    place = log.signal("base_position")
    if len(place.stamp_ns) < 3:
        raise LogError(f"log {log.name}: {len(place.stamp_ns)} samples of base_position; expected at least 3")
    time = (place.stamp_ns - place.stamp_ns[0]) * 1e-9
    turn = _aligned(log, "base_orientation", place.stamp_ns)
    joints = [joint.name for joint in robot.joints]
    joint = _joints(log, "joint_position", joints, place.stamp_ns) if joints else np.zeros((len(time), 0))
    own = "base_linear_velocity" in log.signals and "base_angular_velocity" in log.signals
    linear, angular = (_measured if own else _differences)(log, place.stamp_ns, time, place.values, turn)
    rate = "joint_velocity" in log.signals and bool(joints)
    return Track(
        log_id=log.log_id,
        name=log.name,
        group=str(log.header.labels.get("group", log.log_id)),
        time_s=time,
        position=place.values,
        orientation=turn,
        linear_velocity=linear,
        angular_velocity=angular,
        joint=joint,
        joint_velocity=_joints(log, "joint_velocity", joints, place.stamp_ns)
        if rate
        else backward(joint, time),
        measured_velocity=own,
        tool=tool_track_of(log, robot, place.stamp_ns),
    )


def tracks_of(
    logs: Sequence[Log], robot: Robot, inside: Callable[[Sequence[Track]], Sequence[str]]
) -> tuple[list[Track], list[str]]:
    """Tracks of the logs that can be replayed, and one sentence for every log that cannot.

    Args:
        logs: to read.
        robot: the design.
        inside: says of a track what is wrong with where it starts.

    Raises:
        LogError: none is left; says why of the first.
    """
    found: list[Track] = []
    refused: list[str] = []
    for log in logs:
        try:
            track = track_of(log, robot)
        except LogError as error:
            refused.append(str(error))
            continue
        wrong = inside([track])
        refused += wrong
        found += [] if wrong else [track]
    if not found:
        raise LogError(f"no log can be replayed: {refused[0]}")
    return found, refused


def _aligned(log: Log, name: str, stamps: np.ndarray) -> np.ndarray:
    """A signal's samples at other stamps: those nearest, which have to be near."""
    signal = log.signal(name)
    found = np.clip(np.searchsorted(signal.stamp_ns, stamps), 1, max(len(signal.stamp_ns) - 1, 1))
    before = np.abs(signal.stamp_ns[found - 1] - stamps) <= np.abs(
        signal.stamp_ns[np.minimum(found, len(signal.stamp_ns) - 1)] - stamps
    )
    rows = np.minimum(np.where(before, found - 1, found), len(signal.stamp_ns) - 1)
    apart = np.abs(signal.stamp_ns[rows] - stamps).max() * 1e-9
    if apart > LONGEST_GAP:
        raise LogError(
            f"log {log.name}: {name} is up to {apart:.3g} s away from base_position; expected at most"
            f" {LONGEST_GAP:g} s"
        )
    values = signal.values[rows]
    if not np.isfinite(values).all():
        raise LogError(f"log {log.name}: {name} is not finite in places; expected numbers throughout")
    return values


def _joints(log: Log, name: str, joints: list[str], stamps: np.ndarray) -> np.ndarray:
    columns = list(log.signal(name).components)
    if missing := [joint for joint in joints if joint not in columns]:
        raise LogError(f"log {log.name}: {name} lacks {', '.join(missing)}; it has {', '.join(columns)}")
    return _aligned(log, name, stamps)[:, [columns.index(joint) for joint in joints]]


def _measured(
    log: Log, stamps: np.ndarray, time: np.ndarray, position: np.ndarray, turn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The log's own velocities; angular ones brought into the body's axes."""
    del time, position
    linear, angular = (_aligned(log, f"base_{kind}_velocity", stamps) for kind in ("linear", "angular"))
    if log.signal("base_linear_velocity").frame == "body":
        linear = rotated(turn, linear)
    if log.signal("base_angular_velocity").frame == "world":
        angular = rotated(conjugate(turn), angular)
    return linear, angular


def _differences(
    log: Log, stamps: np.ndarray, time: np.ndarray, position: np.ndarray, turn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Backward differences of the poses, forward for the first sample."""
    del log, stamps
    step = np.diff(time)[:, None]
    spin = rotation_vector(conjugate(turn[:-1]), turn[1:]) / step
    return backward(position, time), np.concatenate([spin[:1], spin])


def backward(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Backward differences [unit/s], the first one forward."""
    rate = np.diff(values, axis=0) / np.diff(time)[:, None]
    return np.concatenate([rate[:1], rate])
