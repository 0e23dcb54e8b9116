"""Vectors and symmetric matrices as bytes of a database: float64, little-endian, upper triangles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

KIND = "<f8"


def packed(vector: Float[np.ndarray, " entry"]) -> bytes:
    """A vector's bytes."""
    return np.asarray(vector, KIND).tobytes()


def unpacked(content: bytes) -> Float[np.ndarray, " entry"]:
    """The vector again."""
    return np.frombuffer(content, KIND).astype(float)


def packed_matrix(matrix: Float[np.ndarray, "entry entry"]) -> bytes:
    """A symmetric matrix's bytes, row by row from the diagonal on."""
    return packed(matrix[np.triu_indices(len(matrix))])


def unpacked_matrix(content: bytes) -> Float[np.ndarray, "entry entry"]:
    """The matrix again."""
    half = unpacked(content)
    count = round((np.sqrt(8 * len(half) + 1) - 1) / 2)
    out = np.zeros((count, count))
    out[np.triu_indices(count)] = half
    return out + np.triu(out, 1).T
