"""The ingest.toml that reads exported bags back into the same logs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from hybridsim.export.topics import LISTS, Seat
from hybridsim.log import Constant, LogHeader, SignalHeader
from hybridsim.signals import SIGNALS

AXES = ("x", "y", "z", "w")
HEAD = """\
# Reads these bags back into the logs they were exported from:
#   {command}
"""


def spec_text(
    set_name: str, headers: Sequence[LogHeader], seats: Mapping[str, Seat], command: str
) -> tuple[str, list[str]]:
    """The text of an ingest.toml, and what it cannot say.

    Args:
        set_name: what the specification calls the set.
        headers: of the logs, all of one robot and serial.
        seats: where each signal of any of them went.
        command: the command line that uses the file.
    """
    first, notes = headers[0], []
    data: dict[str, Any] = {"schema": 1, "set": set_name, "robots": [first.robot], "serial": first.serial}
    data["one_log_per"] = "bag"
    constants = {name: one for name, one in first.constants.items() if _everywhere(name, one, headers)}
    data["constant"] = [{"name": n, "value": c.value, "unit": c.unit} for n, c in sorted(constants.items())]
    others = sorted(
        {name for header in headers for name in (*header.constants, *header.labels)} - {*constants}
    )
    if others:
        notes.append(f"{', '.join(others)}: in each bag's metadata, not in ingest.toml")
    known = {name: seat for name, seat in seats.items() if _is_known(name, headers)}
    notes += [
        f"{name}: in the bags, not in ingest.toml: no signal and unit that ingest knows"
        for name in seats
        if name not in known
    ]
    data["topic"] = _topics(known, headers)
    text = tomli_w.dumps({key: value for key, value in data.items() if value != []})
    return HEAD.format(command=command) + text, notes


def _everywhere(name: str, constant: Constant, headers: Sequence[LogHeader]) -> bool:
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None  # what ingest allows
    return plain and all(header.constants.get(name) == constant for header in headers)


def _is_known(name: str, headers: Sequence[LogHeader]) -> bool:
    word = SIGNALS.get(name.partition(".")[0])
    units = {header.signals[name].unit for header in headers if name in header.signals}
    return word is not None and units == {word.unit}


def _topics(seats: Mapping[str, Seat], headers: Sequence[LogHeader]) -> list[dict[str, Any]]:
    topics: dict[str, dict[str, Any]] = {}
    for name, seat in seats.items():
        topic = topics.setdefault(seat.topic, {"name": seat.topic, "type": seat.type, "stamp": "header"})
        if seat.type in LISTS:
            topic["names"] = "name"
        topic.setdefault("signal", []).append(_signal(name, seat, headers))
    return list(topics.values())


def _signal(name: str, seat: Seat, headers: Sequence[LogHeader]) -> dict[str, Any]:
    there = [header.signals[name] for header in headers if name in header.signals]
    entry: dict[str, Any] = {"name": name, "unit": there[0].unit}
    if there[0].frame is not None:
        entry["frame"] = there[0].frame
    if len(there) < len(headers) or any(signal.rows < 2 for signal in there):
        entry["required"] = False
    entry["columns"] = columns(seat, there[0])
    return entry


def columns(seat: Seat, signal: SignalHeader) -> dict[str, str]:
    """Component to the place of its number inside a message."""
    names = signal.components
    if seat.type not in LISTS:
        return {name: f"{seat.field}.{axis}" for name, axis in zip(names, AXES, strict=False)}
    if any(name.isdigit() for name in names):  # a name such as 7 would be taken for a place
        return {name: f"{seat.field}[{place}]" for place, name in enumerate(names)}
    return {name: f"{seat.field}[{name}]" for name in names}
