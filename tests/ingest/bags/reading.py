"""The seam between what judges a reader and the reader."""

from pathlib import Path

from tests.ingest.bags.truth import Said


def read(path: Path) -> list[Said]:
    """Every message that hybridsim reads: topic, receive stamp [ns], payload."""
    from hybridsim.ingest.bags import messages

    return [(connection.topic, receive_ns, bytes(data)) for connection, receive_ns, data in messages(path)]
