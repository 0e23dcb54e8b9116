"""Broken copies of a file, the same for the same seed."""

import random
import struct
from collections.abc import Callable

LENGTHS = (0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**60, 2**63 - 1, 2**63, 2**64 - 1)
"""What a length field is overwritten with, besides the file's size and numbers close to what it was."""


def mutated(data: bytes, seed: str) -> bytes:
    """One to three changes."""
    rng, changed = random.Random(seed), bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(CHANGES)(changed, rng)
    return bytes(changed)


def _flip(data: bytearray, rng: random.Random) -> None:
    """One to eight bits."""
    for _ in range(rng.randint(1, 8)):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    """A run of bytes, random or all the same."""
    at, length = _place(data, rng), rng.randint(1, 64)
    fill = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length))
    data[at : at + length] = fill[: len(data) - at]


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _insert(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = rng.randbytes(rng.randint(1, 64))


def _delete(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.randint(1, 64)]


def _repeat(data: bytearray, rng: random.Random) -> None:
    """A piece of the file once more, somewhere else."""
    start, at = _place(data, rng), _place(data, rng)
    data[at:at] = data[start : start + rng.choice((9, 64, 512, 4096))]


def _swap(data: bytearray, rng: random.Random) -> None:
    """Two pieces of the same length."""
    length = rng.choice((4, 8, 64, 512))
    one, two = _place(data, rng), _place(data, rng)
    if abs(one - two) >= length and max(one, two) + length <= len(data):
        data[one : one + length], data[two : two + length] = (
            data[two : two + length],
            data[one : one + length],
        )


def _length(data: bytearray, rng: random.Random) -> None:
    """What may be a length, little or big-endian, becomes another one."""
    form = rng.choice(("<I", "<I", "<Q", "<Q", ">I", ">H", "B"))
    size = struct.calcsize(form)
    for _ in range(200):
        at = _place(data, rng)
        if at + size > len(data):
            continue
        (was,) = struct.unpack_from(form, data, at)
        if 0 < was <= len(data):
            new = rng.choice((*LENGTHS, len(data), was + 1, was - 1, 2 * was, -was))
            struct.pack_into(form, data, at, new % 256**size)
            return


def _place(data: bytearray, rng: random.Random) -> int:
    """Anywhere, or near the beginning or the end, where the structure is."""
    if not data:
        return 0
    near = min(len(data), rng.choice((16, 200, 5000)))
    return rng.choice(
        (rng.randrange(len(data)), rng.randrange(len(data)), rng.randrange(near), len(data) - near)
    )


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _overwrite,
    _truncate,
    _insert,
    _delete,
    _repeat,
    _swap,
    _length,
    _length,
    _length,
)
