"""Which name in a bag is which joint of a robot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hybridsim.robot import Robot

# Capitals inside a word and digits begin another one: leftHip2 is left, hip, 2.
WORD = re.compile(r"\d+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
Words = tuple[str, ...]


def match_joints(names: Sequence[str], robot: Robot) -> dict[str, str]:
    """The bag's name of every joint of a robot that it has, in the robot's order.

    The same name; the same but for spelling; one that ends, begins or goes on like the other, word by word.
    Whatever fits more than once is left out.
    """
    known = {joint.name: {joint.name, joint.urdf_joint} for joint in robot.joints}
    found: dict[str, str] = {}
    for alike in (_same, _spelled_alike, _ends_alike, _begins_alike, _inside):
        left = [name for name in names if name not in found.values()]
        open_ = {joint: words for joint, words in known.items() if joint not in found}
        fitting = {j: [n for n in left if any(alike(n, word) for word in w)] for j, w in open_.items()}
        chosen = [name for several in fitting.values() for name in several]
        for joint, several in fitting.items():
            if len(several) == 1 and chosen.count(several[0]) == 1:
                found[joint] = several[0]
    return {joint: found[joint] for joint in known if joint in found}


def _same(name: str, joint: str) -> bool:
    return name == joint


def _spelled_alike(name: str, joint: str) -> bool:
    plain = [re.sub(r"joint|[^a-z0-9]", "", word.lower()) for word in (name, joint)]
    return plain[0] == plain[1] != ""


def _ends_alike(name: str, joint: str) -> bool:
    return _either(name, joint, lambda long, short: long[-len(short) :] == short)


def _begins_alike(name: str, joint: str) -> bool:
    return _either(name, joint, lambda long, short: long[: len(short)] == short)


def _inside(name: str, joint: str) -> bool:
    return _either(
        name, joint, lambda long, short: any(long[k : k + len(short)] == short for k in range(len(long)))
    )


def _either(name: str, joint: str, holds: Callable[[Words, Words], bool]) -> bool:
    """Whether the longer name holds the shorter one, none of them empty."""
    short, long = sorted((_words(name), _words(joint)), key=len)
    return bool(short) and holds(long, short)


def _words(name: str) -> Words:
    """Words of a name, but for `joint`."""
    return tuple(word for part in WORD.findall(name) if (word := part.lower()) != "joint")
