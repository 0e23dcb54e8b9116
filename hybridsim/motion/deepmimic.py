"""Clips of DeepMimic's form: a JSON document with frames of numbers, as the pybullet package carries them.

    {"Loop": "wrap" or "none", "Frames": [[duration, root position, root rotation, joints ...], ...]}

A frame's duration [s] is the time to the next one, so that the last one's does not count; places are in m,
angles in rad. Two skeletons are known by the frame's length:

- 44 numbers, the humanoid: world y up, root and ball joints as quaternions wxyz, hinges as angles.
  A ball joint gives three columns `_x _y _z`: its rotation vector (axis times angle) [rad].
- 20 numbers, Laikago: world z up, root rotation as quaternion xyzw of a body with y up and z ahead, twelve
  joint angles, of FR, FL, RR, RL in turn: hip roll, thigh and knee. Thigh and knee are about zero with a
  straight leg down, positive is backward; pybullet's URDF is off by 0.7 rad from that.

Source: README of DeepMimic (Peng et al. 2018) for the humanoid. Laikago's form is not written down: joint
signs and offsets are those of pybullet_envs/deep_mimic/env/testLaikago.py, and the quaternion's order is that
under which standing feet stand still, tests/motion/test_clips.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.errors import MotionError
from hybridsim.frames import product, rotated, rotation_vector
from hybridsim.motion.model import Motion, numbers

BALLS = (
    "chest",
    "neck",
    "right_hip",
    "right_ankle",
    "right_shoulder",
    "left_hip",
    "left_ankle",
    "left_shoulder",
)
HUMANOID = ("chest", "neck", "right_hip", "right_knee", "right_ankle", "right_shoulder", "right_elbow")
HUMANOID += ("left_hip", "left_knee", "left_ankle", "left_shoulder", "left_elbow")
"""In the order of a frame."""
LAIKAGO = tuple(f"{leg}_{joint}" for leg in ("FR", "FL", "RR", "RL") for joint in ("hip", "thigh", "knee"))
FIRST = 8
"""Numbers of a frame before its joints."""
HALF = np.sqrt(0.5)
LENGTH = 0.5
"""How far a rotation's length may be from 1; chosen, because `humanoid3d_kick` has one of 0.58."""
UP_FROM_Y = np.array([HALF, 0.0, 0.0, HALF])
"""A quarter turn about x: what is y up becomes z up."""
AHEAD_FROM_Z = np.array([-0.5, -0.5, -0.5, 0.5])
"""Axes x ahead, y left and z up, seen in a body with z ahead, x left and y up."""


def motion_of(document: Any, name: str, sha256: str) -> Motion:
    """A clip from its JSON document.

    Raises:
        MotionError: no frames, another length of frames, or what `Motion` refuses.
    """
    if not isinstance(document, dict) or "Frames" not in document:
        raise MotionError(f"{name}: no key 'Frames'; expected a clip of DeepMimic's form")
    loop = document.get("Loop", "none")
    if loop not in ("wrap", "none"):
        raise MotionError(f"{name}: Loop is {str(loop)!r:.40}; available: wrap, none")
    frames = numbers(document["Frames"], "Frames", name)
    if frames.shape[1] not in (44, 20):
        raise MotionError(
            f"{name}: frames of {frames.shape[1]} numbers; expected 44 (humanoid) or 20 (laikago), or a table"
            " with named columns"
        )
    time = np.concatenate([[0.0], np.cumsum(frames[:-1, 0])])
    given = {"name": name, "time_s": time, "loop": loop == "wrap", "sha256": sha256}
    return _humanoid(frames, given) if frames.shape[1] == 44 else _laikago(frames, given)


def _laikago(frames: Float[np.ndarray, "frame 20"], given: dict[str, Any]) -> Motion:
    turn = np.broadcast_to(AHEAD_FROM_Z, (len(frames), 4))
    return Motion(
        skeleton="laikago",
        joints=LAIKAGO,
        joint_position=frames[:, FIRST:],
        base_position=frames[:, 1:4],
        base_orientation=product(frames[:, 4:FIRST], turn),
        **given,
    )


def _humanoid(frames: Float[np.ndarray, "frame 44"], given: dict[str, Any]) -> Motion:
    up = np.broadcast_to(UP_FROM_Y, (len(frames), 4))
    down = up * np.array([-1.0, -1.0, -1.0, 1.0])
    root = product(product(up, _xyzw(frames[:, 4:FIRST], "root", given["name"])), down)
    names, columns, place = [], [], FIRST
    for joint in HUMANOID:
        if joint in BALLS:
            names += [f"{joint}_{axis}" for axis in "xyz"]
            turn = _xyzw(frames[:, place : place + 4], joint, given["name"])
            columns.append(rotation_vector(turn, np.tile([0.0, 0.0, 0.0, 1.0], (len(turn), 1))))
            place += 4
        else:
            names.append(joint)
            columns.append(frames[:, place : place + 1])
            place += 1
    return Motion(
        skeleton="humanoid",
        joints=tuple(names),
        joint_position=np.concatenate(columns, axis=1),
        base_position=rotated(up, frames[:, 1:4]),
        base_orientation=root,
        **given,
    )


def _xyzw(wxyz: Float[np.ndarray, "frame 4"], joint: str, name: str) -> Float[np.ndarray, "frame 4"]:
    """A clip's quaternions in our order and of unit length, as DeepMimic's own reader makes them."""
    length = np.linalg.norm(wxyz, axis=1)
    if not (np.abs(length - 1.0) < LENGTH).all():
        frame = int(np.flatnonzero(~(np.abs(length - 1.0) < LENGTH))[0])
        raise MotionError(
            f"{name}: rotation of {joint} in frame {frame} has length {length[frame]:.3g}; expected 1"
        )
    return np.roll(wxyz, -1, axis=1) / length[:, None]
