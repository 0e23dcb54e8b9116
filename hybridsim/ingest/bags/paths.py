"""Field paths: how an ingest.toml says which number of a message it means.

wrench.force.x                                     a field of a field
data[3]                                            a place of a list, counted from 0
position[elbow]                                    the place that the topic's list of names gives to elbow
position['3']                                      the same of a name that is a number or holds a =
transforms[child_frame_id=base].transform.rotation.x    the first element whose own text field says so
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hybridsim.errors import SpecError

FIELD = re.compile(r"^(?P<name>[A-Za-z_]\w*)(?:\[(?P<place>[^\[\]]*)\])?$")
KEY = re.compile(r"^(?P<field>[A-Za-z_][\w.]*)=(?P<word>.*)$")
QUOTED = re.compile(r"^(['\"]).*\1$")
MAX_DEPTH = 8


@dataclass(frozen=True)
class Step:
    """One field on the way, and which element of it where it is a list.

    Attributes:
        name: of the field.
        index: place in the list.
        word: name whose place in the topic's list of names counts.
        key: text field of the elements that has to hold `word`.
    """

    name: str
    index: int | None = None
    word: str | None = None
    key: str | None = None


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        SpecError: not a path; says what one looks like.
    """
    steps = tuple(_step(part, text) for part in _parts(text))
    if not 0 < len(steps) <= MAX_DEPTH:
        raise SpecError(f"field path '{text}': {len(steps)} steps; expected 1 to {MAX_DEPTH}")
    return steps


def _parts(text: str) -> list[str]:
    """The path cut at its dots, those in brackets left alone: joint names may hold dots."""
    return [part for part in re.split(r"\.(?![^\[]*\])", text)] if text else []


def _step(part: str, text: str) -> Step:
    match = FIELD.match(part)
    if match is None:
        raise SpecError(
            f"field path '{text}': '{part}' is no field; expected such as wrench.force.x, data[3], "
            "position[elbow] or transforms[child_frame_id=base].transform.rotation.x"
        )
    place = match["place"]
    if place is None:
        return Step(match["name"])
    if QUOTED.match(place):
        return Step(match["name"], word=place[1:-1])
    if place.isdecimal() and place.isascii():
        return Step(match["name"], index=int(place))
    if key := KEY.match(place):
        return Step(match["name"], word=key["word"], key=key["field"])
    return Step(match["name"], word=place)
