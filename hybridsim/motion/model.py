"""A motion: stamped joint angles by name, and how the base moved, where it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import MotionError

MOST_FRAMES, MOST_JOINTS = 1_000_000, 200
UNIT = 1e-2
"""How far the length of a quaternion may be from 1; chosen, because clips are rounded to three digits."""
MOST_ANGLE = 1e3
"""Largest angle and place that can be meant [rad, m]; chosen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """What was recorded; checked when made.

    Attributes:
        name: of the clip, for messages.
        skeleton: whose joints these are, such as `laikago` or a robot's name; retargeting is looked up by it.
        joints: names of the columns.
        time_s: strictly increasing [s].
        joint_position: [rad].
        base_position: of the root in the world, z up [m]; None where the base does not move.
        base_orientation: world from body, body x ahead and z up, quaternion xyzw; None as above.
        loop: whether the end goes on with the start.
        sha256: of the file.
    """

    name: str
    skeleton: str
    joints: tuple[str, ...]
    time_s: Float[np.ndarray, " frame"]
    joint_position: Float[np.ndarray, "frame joint"]
    base_position: Float[np.ndarray, "frame 3"] | None = None
    base_orientation: Float[np.ndarray, "frame 4"] | None = None
    loop: bool = False
    sha256: str = "0" * 64

    def __post_init__(self) -> None:
        frames = len(self.time_s)
        if not 2 <= frames <= MOST_FRAMES or not 1 <= len(self.joints) <= MOST_JOINTS:
            raise MotionError(
                f"{self.name}: {frames} frames of {len(self.joints)} joints; expected 2 to {MOST_FRAMES}"
                f" frames of 1 to {MOST_JOINTS} joints"
            )
        if twice := sorted({name for name in self.joints if self.joints.count(name) > 1}):
            raise MotionError(f"{self.name}: joint '{twice[0]}' is given twice")
        sizes = {"joint_position": len(self.joints), "base_position": 3, "base_orientation": 4}
        for name, width in sizes.items():
            if (values := getattr(self, name)) is not None:
                self._check(name, values, (frames, width))
        self._check("time", self.time_s, (frames,))
        late = np.flatnonzero(np.diff(self.time_s) <= 0.0)
        if len(late):
            raise MotionError(
                f"{self.name}: frame {late[0] + 1} is at {self.time_s[late[0] + 1]:g} s, the one before at"
                f" {self.time_s[late[0]]:g} s; expected increasing stamps"
            )
        if (self.base_position is None) != (self.base_orientation is None):
            raise MotionError(f"{self.name}: base_position and base_orientation come together or not at all")
        if self.base_orientation is not None:
            self._check_unit(self.base_orientation)

    def _check(self, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
        """Refuse another shape, and numbers that are not finite or cannot be meant."""
        if values.shape != shape:
            raise MotionError(f"{self.name}: {name} has shape {values.shape}; expected {shape}")
        wild = ~(np.abs(values) <= (np.inf if name == "time" else MOST_ANGLE)) | ~np.isfinite(values)
        if wild.any():
            frame = int(np.argwhere(wild)[0][0])
            raise MotionError(
                f"{self.name}: {name} of frame {frame} is {values[frame][wild[frame]].flat[0]:g}; expected a"
                f" finite number of at most {MOST_ANGLE:g}"
            )

    def _check_unit(self, quaternions: Float[np.ndarray, "frame 4"]) -> None:
        """Refuse what is no rotation."""
        off = np.abs(np.linalg.norm(quaternions, axis=1) - 1.0)
        if off.max() > UNIT:
            raise MotionError(
                f"{self.name}: orientation of frame {int(off.argmax())} has length"
                f" {np.linalg.norm(quaternions[off.argmax()]):.3f}; expected 1"
            )

    @property
    def duration_s(self) -> float:
        """From the first frame to the last [s]."""
        return float(self.time_s[-1] - self.time_s[0])

    @property
    def columns(self) -> Mapping[str, Float[np.ndarray, " frame"]]:
        """Joint angles by name [rad]."""
        return {name: self.joint_position[:, n] for n, name in enumerate(self.joints)}

    @property
    def speed(self) -> float | None:
        """Distance from the first place to the last, over time [m/s]; None where the base does not move."""
        if self.base_position is None:
            return None
        return float(np.linalg.norm((self.base_position[-1] - self.base_position[0])[:2])) / self.duration_s

    def __str__(self) -> str:
        how = "goes round" if self.loop else "plays once"
        base = "fixed base" if self.speed is None else f"base moves at {self.speed:.3f} m/s"
        lines = [f"{self.name}: {len(self.time_s)} frames over {self.duration_s:.3f} s, {how}, {base}"]
        lines += [f"joints of {self.skeleton}:"]
        for name, values in self.columns.items():
            lines.append(f"  {name}: {values.min():+.3f} to {values.max():+.3f} rad")
        return "\n".join(lines)


def numbers(rows: object, what: str, name: str) -> Float[np.ndarray, "row column"]:
    """A table of numbers from lists that somebody else wrote.

    Raises:
        MotionError: no list of lists of numbers, rows of several lengths, or a number that cannot be meant.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise MotionError(f"{name}: {what} is no list of frames; expected a list of lists of numbers")
    widths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(widths) > 1 or -1 in widths:
        raise MotionError(f"{name}: {what} has frames of several lengths; expected lists of one length")
    if any(isinstance(cell, bool) or not isinstance(cell, int | float) for row in rows for cell in row):
        raise MotionError(f"{name}: {what} holds what is no number; expected lists of numbers")
    for number, row in enumerate(rows):
        if wild := [cell for cell in row if not abs(cell) <= MOST_ANGLE]:
            raise MotionError(
                f"{name}: frame {number} of {what} holds {str(wild[0])[:20]}; expected finite numbers of at"
                f" most {MOST_ANGLE:g}"
            )
    return np.array(rows, float).reshape(len(rows), -1)
