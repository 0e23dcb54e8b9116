"""The format of MATLAB files, versions 5 to 7: bytes to variables, of which only plain numbers are decoded.

Not by `scipy.io.loadmat`: one wrong byte, the type of a variable's numbers, ends the whole process in
version 1.17.

Source: MathWorks, "MAT-File Format", chapter 1, "Level 5 MAT-File Format".
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from hybridsim.errors import LogError

HEAD = 128  # bytes: a text, the version, the byte order
ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
OLDER, NEWER = b"MATLAB 5.0", (b"MATLAB 7.", b"\x89HDF\r\n\x1a\n")
# Types of elements and of the numbers in them.
UINT32, MATRIX, PACKED = 6, 14, 15
SIZES, NAMES = (5, 6), (1, 16)  # int32 and int8 by the source; some tools write uint32 and UTF-8
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# Classes of variables; those from FIRST_NUMBER to LAST_NUMBER are plain numbers, logical ones included.
CLASSES = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 16: "function", 17: "opaque"}
FIRST_NUMBER, LAST_NUMBER, OPAQUE = 6, 15, 17
COMPLEX = 0x08  # flag
# Chosen, because this fits into memory; far more than recordings hold.
MAX_BYTES = 1_000_000_000  # of all variables, unpacked
MAX_VARIABLES = 10_000
MAX_DIMENSIONS = 32
MAX_NAME = 200  # letters; MATLAB's own limit is 63


@dataclass(frozen=True)
class Variable:
    """A variable whose numbers are not decoded yet.

    Attributes:
        shape: rows, columns and so on.
        kind: `numbers`, `complex numbers`, or the class of what is neither.
        order: of the bytes, `<` or `>`.
        content: what follows the name.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    order: str
    content: memoryview

    def array(self) -> Shaped[np.ndarray, "..."]:
        """The numbers, in the type that they are stored in.

        Raises:
            ValueError: other numbers than the shape asks for.
        """
        kind, data, _ = _part(self.content, 0, self.order)
        if kind not in NUMBERS:
            raise ValueError(f"variable '{self.name}' is stored in an unknown type {kind}")
        dtype = np.dtype(self.order + NUMBERS[kind])
        if len(data) != dtype.itemsize * math.prod(self.shape):
            raise ValueError(f"variable '{self.name}' has {len(data)} bytes, which do not fill its shape")
        return np.frombuffer(data, dtype).reshape(self.shape, order="F")


def read_mat5(content: bytes, file: str) -> list[Variable]:
    """Every variable of a file.

    Args:
        content: of the file.
        file: its name, for messages.

    Raises:
        LogError: another version, no MATLAB file, one that is cut short or damaged, or too large a one.
    """
    order = _order(content, file)
    found: list[Variable] = []
    left = MAX_BYTES
    for place, kind, body in _elements(content, order, file):
        try:
            if kind not in (MATRIX, PACKED):
                raise ValueError(f"an element of type {kind}; expected {MATRIX} or {PACKED}")
            matrix = _inflated(body, left, order) if kind == PACKED else body
            found.append(_variable(matrix, order))
        except (ValueError, struct.error, zlib.error) as error:
            raise damaged(file, f"byte {place}: {error}") from None
        left -= len(matrix)
        if left < 0 or len(found) > MAX_VARIABLES:
            raise LogError(f"{file}: expected at most {MAX_BYTES} bytes in {MAX_VARIABLES} variables")
    return found


def damaged(file: str, reason: object) -> LogError:
    """The refusal of a file that is not what its format says."""
    return LogError(f"{file}: the MATLAB file is damaged: {reason}")


def _order(content: bytes, file: str) -> str:
    """Byte order of a file of a version that can be read."""
    if content.startswith(NEWER):
        raise LogError(f"{file}: a MATLAB file of version 7.3, which is HDF5: save it again with -v7")
    if not content.startswith(OLDER):
        raise LogError(
            f"{file}: not a MATLAB file of version 5 to 7: "
            f"it begins with {content[:10]!r}; expected {OLDER!r}"
        )
    if len(content) < HEAD:
        raise _cut(file, len(content), HEAD)
    version = content[HEAD - 4 : HEAD]
    if version not in ORDERS:
        raise damaged(file, f"its version is {version!r}")
    return ORDERS[version]


def _cut(file: str, size: int, least: int) -> LogError:
    return LogError(f"{file}: the MATLAB file is cut short: {size} bytes; expected {least} or more")


def _elements(content: bytes, order: str, file: str) -> Iterator[tuple[int, int, memoryview]]:
    """Place, type and body of every element of a file."""
    view, place = memoryview(content), HEAD
    while place < len(content):
        if place + 8 > len(content):
            raise _cut(file, len(content), place + 8)
        kind, size = struct.unpack_from(f"{order}II", view, place)
        end = place + 8 + size
        if end > len(content):
            raise _cut(file, len(content), end)
        yield place, kind, view[place + 8 : end]
        place = end


def _inflated(packed: memoryview, most: int, order: str) -> memoryview:
    """Body of the one matrix in a packed element; of one beyond `most` bytes just enough to be refused."""
    stream = zlib.decompressobj()
    found = memoryview(stream.decompress(packed, most + 9))
    if len(found) <= most + 8 and not stream.eof:
        raise ValueError("the packed variable ends early")
    if stream.eof and struct.unpack_from(f"{order}II", found) != (MATRIX, len(found) - 8):
        raise ValueError("what is packed is no variable")
    return found[8:]


def _variable(matrix: memoryview, order: str) -> Variable:
    """Name, shape and kind of a matrix.

    Raises:
        ValueError, struct.error: these are not where they should be.
    """
    kind, flags, place = _part(matrix, 0, order)
    if kind != UINT32 or len(flags) != 8:
        raise ValueError("a variable without flags")
    (word,) = struct.unpack_from(f"{order}I", flags)
    number, shape = word & 0xFF, ()
    if number != OPAQUE:
        kind, sizes, place = _part(matrix, place, order)
        if kind not in SIZES or len(sizes) % 4 or not 8 <= len(sizes) <= 4 * MAX_DIMENSIONS:
            raise ValueError("a variable without a shape")
        shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    kind, letters, place = _part(matrix, place, order)
    name = bytes(letters[: MAX_NAME + 1]).decode("utf-8", "replace")
    if kind not in NAMES or len(letters) > MAX_NAME or not name.isprintable():
        raise ValueError("a variable without a proper name")
    if min(shape, default=0) < 0:
        raise ValueError("a variable of negative size")
    if FIRST_NUMBER <= number <= LAST_NUMBER:
        what = "complex numbers" if word >> 8 & COMPLEX else "numbers"
    else:
        what = CLASSES.get(number, f"class {number}")
    return Variable(name, shape, what, order, matrix[place:])


def _part(matrix: memoryview, place: int, order: str) -> tuple[int, memoryview, int]:
    """Type and data of an element inside a matrix, and where the next one begins."""
    kind, size = struct.unpack_from(f"{order}II", matrix, place)
    if kind >> 16:  # up to four bytes stand in the tag itself
        kind, size, start, end = kind & 0xFFFF, kind >> 16, place + 4, place + 8
    else:
        start, end = place + 8, place + 8 + size + -size % 8
    if size > len(matrix) - start or end - start < size:
        raise ValueError(f"a part of {size} bytes does not fit into its variable")
    return kind, matrix[start : start + size], end
