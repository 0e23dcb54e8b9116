"""Message types: from the bag's own text, from `.msg` files, or from a distribution's type store.

rosbags reads them. Where it refuses a whole text for one odd line or name (capital letters in a package, the
two halves of a service), the text is read again line by line and only what is odd is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from hybridsim.errors import LogError, SpecError, listed
from hybridsim.ingest.bags.batch import Connection, ros2_type

Fields = list[tuple[str, Any]]
"""Name and rosbags' description of every field."""
Types = dict[str, Fields]

# What a tree knows without a definition.
TIMES = ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration")
MAX_TEXT = 2_000_000  # characters of a type's text; chosen
MAX_PARSED = 200_000  # of a text that rosbags gets to read, at 100 000 characters a second; chosen
MAX_FILES = 10_000
RULE = "=" * 80
PRIMITIVES = [
    "bool",
    "byte",
    "char",
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "string",
    "wstring",
]
# Names that every ROS 1 text uses without defining them.
SHORT = {
    "time": "builtin_interfaces/msg/Time",
    "duration": "builtin_interfaces/msg/Duration",
    "Header": "std_msgs/msg/Header",
}
LINE = re.compile(
    r"^(?P<type>[A-Za-z][\w/]*)(?:<=\d+)?(?P<many>\[(?:<=)?(?P<count>\d*)\])?\s+(?P<name>[A-Za-z]\w*)(?P<rest>.*)$"
)
STORES = {store.name.lower(): store for store in Stores if store.name not in ("EMPTY", "LATEST")}


def types_of(connection: Connection, extra: Types, store: str | None) -> Types:
    """Every type that a connection's messages need.

    Args:
        connection: its own definition comes first.
        extra: types of the user's `.msg` files, which come second.
        store: a distribution such as `ros2_humble`, which comes last; the newest one of its kind where None.

    Raises:
        LogError: neither defines the type.
    """
    known = dict(extra)
    if connection.language and not connection.definition.strip():
        known[connection.type] = []  # a message without fields
    elif connection.definition and len(connection.definition) <= MAX_TEXT:
        known |= _parsed(connection.definition, connection.type, connection.language)
    if not _complete(connection.type, known):
        known = {**default_types(store, connection.encoding), **known}
    if connection.type not in known and connection.type not in TIMES:
        raise LogError(
            f"type {connection.type} is defined neither in the bag nor in the type store "
            f"{store or 'that is newest'}; give its .msg files with --msg"
        )
    return known


def _complete(name: str, types: Types) -> bool:
    """Whether everything that a type needs is defined; loading a distribution takes a tenth of a second."""
    missing, seen = [name], {str(known) for known in TIMES}
    while missing:
        kind = missing.pop()
        if kind in seen:
            continue
        if kind not in types:
            return False
        seen.add(kind)
        for _, (node, inside) in types[kind]:
            inner = inside[0] if node in (Nodetype.ARRAY, Nodetype.SEQUENCE) else (node, inside)
            missing += [inner[1]] if inner[0] == Nodetype.NAME else []
    return True


@cache
def default_types(store: str | None, encoding: str) -> Types:
    """Types of a distribution.

    Raises:
        SpecError: no such distribution; lists those there are.
    """
    if store is not None and store not in STORES:
        raise SpecError(f"type store '{store}' is unknown; available: {', '.join(STORES)}")
    newest = Stores.ROS1_NOETIC if encoding == "ros1" else Stores.LATEST
    chosen = get_typestore(STORES[store] if store else newest).fielddefs
    return {name: fields for name, (_, fields) in chosen.items()}


def read_msg_files(paths: Iterable[Path]) -> Types:
    """Types of `.msg` files, or of all of them under folders; `package/msg/Name.msg` says the name.

    Raises:
        SpecError: no such file, or one whose path does not say its package.
    """
    found: Types = {}
    for path in paths:
        files = sorted(path.rglob("*.msg"))[:MAX_FILES] if path.is_dir() else [path]
        if not path.exists() or not files or any(file.suffix != ".msg" for file in files):
            raise SpecError(f"{path}: no .msg file; expected package/msg/Name.msg or a folder of such")
        for file in files:
            folder = file.resolve().parent
            package = folder.parent.name if folder.name in ("msg", "srv", "action") else folder.name
            text = file.read_text(encoding="utf-8", errors="replace")[:MAX_TEXT]
            found |= _parsed(text, f"{package}/msg/{file.stem}", "ros2msg")
    return found


@lru_cache(maxsize=256)
def _parsed(text: str, name: str, language: str) -> Types:
    if len(text) > MAX_PARSED and not language.endswith("idl"):
        return _by_line(text, name)
    try:
        if language.endswith("idl"):
            found: Any = {}
            parts = re.split(rf"^{RULE}\nIDL: .*\n", text, flags=re.MULTILINE) if RULE in text else [text]
            for part in filter(str.strip, parts):
                found |= get_types_from_idl(part)
        else:
            found = get_types_from_msg(text, name)
        return {kind: fields for kind, (_, fields) in found.items()}
    except Exception:  # whatever a parser of somebody else's does on hostile text
        return {} if language.endswith("idl") else _by_line(text, name)


def _by_line(text: str, name: str) -> Types:
    """Types of a concatenated text, with every line that is no field left out."""
    found: Types = {}
    for section in re.split(r"^=+$", text, flags=re.MULTILINE):
        lines = [line.partition("#")[0].strip() for line in section.splitlines()]
        lines = [line for line in lines if line]
        own = name
        if lines and lines[0].startswith("MSG:"):
            own = ros2_type(lines.pop(0).removeprefix("MSG:").strip())
        if "---" in lines:
            found |= _service_event(lines, own)
            continue
        found.setdefault(own, [field for line in lines if (field := _field(line, own)) is not None])
    return found


def _service_event(lines: list[str], name: str) -> Types:
    """What a recorded service event holds: rosbag2 writes the service's own two halves in its place.

    Source: docs.ros.org, Service Introspection: info, request[<=1], response[<=1].
    """
    service = name.removesuffix("_Event")
    if service == name:
        return {}  # a service or action as a whole is no message
    middle = lines.index("---")
    halves = {f"{service}_Request": lines[:middle], f"{service}_Response": lines[middle + 1 :]}
    found = {
        half: [f for line in own if (f := _field(line, half)) is not None] for half, own in halves.items()
    }
    info: Any = (Nodetype.NAME, "service_msgs/msg/ServiceEventInfo")
    both: list[Any] = [(Nodetype.SEQUENCE, ((Nodetype.NAME, half), 1)) for half in halves]
    return {**found, name: [("info", info), ("request", both[0]), ("response", both[1])]}


def _field(line: str, owner: str) -> tuple[str, Any] | None:
    """A field's name and description, or None for a constant and whatever else a line may hold."""
    match = LINE.match(line)
    if match is None or match["rest"].lstrip().startswith("="):
        return None
    word = match["type"]
    if word in PRIMITIVES:
        item: Any = (Nodetype.BASE, (word, 0))
    else:
        package = owner.split("/")[0]
        item = (Nodetype.NAME, SHORT.get(word) or ros2_type(word if "/" in word else f"{package}/{word}"))
    if match["many"] is None:
        return match["name"], item
    fixed = match["count"] and "<=" not in match["many"]
    kind = Nodetype.ARRAY if fixed else Nodetype.SEQUENCE
    return match["name"], (kind, (item, int(match["count"] or 0)))


def store_names() -> str:
    """Names of all distributions, for help texts."""
    return listed(STORES)
