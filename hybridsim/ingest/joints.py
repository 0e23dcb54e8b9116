"""Which name in a bag is which joint of a robot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hybridsim.robot import Robot


def match_joints(names: Sequence[str], robot: Robot) -> dict[str, str]:
    """The bag's name of every joint of a robot that it has.

    The same name, the same but for spelling, or one that is part of the other where only one is.
    """
    known = {joint.name: {joint.name, joint.urdf_joint} for joint in robot.joints}
    found: dict[str, str] = {}
    for alike in (str, _plain):
        for joint, words in known.items():
            fitting = [n for n in names if alike(n) in {alike(word) for word in words}]
            if joint not in found and len(fitting) == 1:
                found[joint] = fitting[0]
    for joint, words in known.items():
        left = [name for name in names if name not in found.values()]
        parts = {_plain(word) for word in words}
        fitting = [n for n in left if any(part in _plain(n) or _plain(n) in part for part in parts)]
        others = [j for j, w in known.items() if j not in found and j != joint and _inside(fitting, w)]
        if joint not in found and len(fitting) == 1 and not others:
            found[joint] = fitting[0]
    return found


def _inside(names: Sequence[str], words: set[str]) -> bool:
    parts = {_plain(word) for word in words}
    return any(part in _plain(name) or _plain(name) in part for name in names for part in parts)


def _plain(name: str) -> str:
    """A name without what people spell in different ways."""
    return re.sub(r"joint|[^a-z0-9]", "", name.lower())
