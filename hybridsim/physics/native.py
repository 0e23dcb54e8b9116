"""PyBullet's own C functions, found inside its shared object, for clients that Python opened.

PyBullet exports its `b3` C API but keeps the table of its clients to itself. Both are in the file's symbol
table, from which the addresses follow. Where anything differs from the build this was tested with, nothing is
found and the worlds step through Python, to the same bits.
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pybullet

# The API version of PyBullet 3.2.5 to 3.2.7, whose function signatures are used here.
TESTED_API = 202010061
SYMBOL_TABLE = 2
SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
CLIENT_TABLE, CLIENT_COUNT, MOST_CLIENTS = "sPhysicsClients1", "sNumPhysicsClients", 1024


class Functions(NamedTuple):
    """Addresses in this process."""

    b3JointControlCommandInit2: int
    b3JointControlSetDesiredForceTorque: int
    b3JointControlSetDesiredVelocity: int
    b3JointControlSetKd: int
    b3JointControlSetMaximumForce: int
    b3InitStepSimulationCommand: int
    b3RequestActualStateCommandInit: int
    b3SubmitClientCommandAndWaitStatus: int
    b3GetStatusType: int
    b3GetStatusActualState2: int
    b3InitRequestContactPointInformation: int
    b3GetContactPointInformation: int
    b3ApplyExternalForceCommandInit: int
    b3ApplyExternalForce: int
    b3ApplyExternalTorque: int


def functions() -> Functions | None:
    """PyBullet's C functions, or None where they cannot be relied on (or $HYBRIDSIM_NATIVE is 0)."""
    addresses = symbol_addresses()
    if os.environ.get("HYBRIDSIM_NATIVE") == "0" or any(name not in addresses for name in Functions._fields):
        return None
    return Functions(*(addresses[name] for name in Functions._fields))


def client_handle(client: int) -> int | None:
    """Address of the C client behind a physicsClientId, or None if the table does not look as expected."""
    addresses = symbol_addresses()
    table = (ctypes.c_size_t * MOST_CLIENTS).from_address(addresses[CLIENT_TABLE])
    count = ctypes.c_int.from_address(addresses[CLIENT_COUNT]).value
    known = sum(handle != 0 for handle in table)
    return table[client] if 0 < count == known and table[client] else None


@cache
def symbol_addresses() -> dict[str, int]:
    """Addresses of what is needed from PyBullet's symbol table; empty where the build is another."""
    if pybullet.getAPIVersion() != TESTED_API:
        return {}
    wanted = {*Functions._fields, CLIENT_TABLE, CLIENT_COUNT}
    library = str(pybullet.__file__)
    try:
        values = symbols(Path(library), wanted)
        anchor = getattr(ctypes.CDLL(library), "b3GetStatusType", None)
    except (OSError, struct.error, ValueError):
        return {}
    if anchor is None or wanted - set(values):
        return {}
    loaded = ctypes.cast(anchor, ctypes.c_void_p).value
    assert loaded is not None
    return {name: loaded + value - values["b3GetStatusType"] for name, value in values.items()}


def symbols(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Values of some names in the symbol table of a 64-bit little-endian ELF file; none from other files."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return {}
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + n * size) for n in range(count)]
    found = {}
    for _, kind, _, _, offset, length, link, _, _, _ in sections:
        if kind != SYMBOL_TABLE:
            continue
        table = np.frombuffer(data, SYMBOL, length // SYMBOL.itemsize, offset)
        text = data[sections[link][4] : sections[link][4] + sections[link][5]]
        for name in names:
            places = [match.start() for match in re.finditer(re.escape(name.encode()) + b"\0", text)]
            values = set(table["value"][np.isin(table["name"], places)].tolist())
            if len(values) == 1:
                found[name] = values.pop()
    return found
