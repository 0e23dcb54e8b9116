"""Files as a killed recorder leaves them. Everything works in place and returns the path."""

import struct
from pathlib import Path


def cut(path: Path, size: int) -> Path:
    """Shorten a file to `size` bytes, in place; negative counts from its end."""
    with path.open("r+b") as stream:
        stream.truncate(size if size >= 0 else path.stat().st_size + size)
    return path


def unindexed(path: Path) -> Path:
    """Make a file look as if the recorder was killed between two chunks, in place.

    .bag: no index at the end and `index_pos=0` at the start; .mcap: nothing after the last whole chunk.
    """
    data = path.read_bytes()
    if path.suffix == ".bag":
        found = data.index(b"index_pos=") + len(b"index_pos=")
        (end,) = struct.unpack_from("<Q", data, found)
        return _rewritten(path, data[:found] + bytes(8) + data[found + 8 : end])
    return _rewritten(path, data[: data_end(data)])


def unterminated(path: Path) -> Path:
    """Make an uncompressed .bag look as if roscpp's recorder was killed inside a chunk, in place.

    It writes messages straight to the file and fills in the chunk's sizes when it closes it, so that the last
    chunk claims 0 bytes while its messages follow. The last message is cut in half as well.
    """
    data = bytearray(unindexed(path).read_bytes())
    start = data.rindex(b"compression=none")
    size = data.index(b"size=", start) + 5
    (length,) = struct.unpack_from("<I", data, size + 4)
    data[size : size + 8] = bytes(8)
    # No index of the chunk yet.
    return _rewritten(path, bytes(data[: size + 8 + length - 40]))


def data_end(data: bytes) -> int:
    """Where an MCAP's data section ends: the offset of its DataEnd record, or its size."""
    position = 8
    while position + 9 <= len(data):
        opcode, length = data[position], struct.unpack_from("<Q", data, position + 1)[0]
        if opcode == 0x0F:
            break
        position += 9 + length
    return min(position, len(data))


def _rewritten(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
