"""Recorded quaternions: of length 1, or no rotation at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, UInt8

from hybridsim.ingest.faults import Fault, Faults

# Chosen, because rounding to three decimals moves the length by up to 0.0005 (|x| + |y| + |z| + |w|), at most
# by 0.001. A length further off says that the four are no rotation: averaged, torn, or never set.
TOLERANCE = 1e-3
# Lengths nearer to 1 than this are what is left by double arithmetic; such numbers stay to the bit.
ROUNDING = 1e-12


def unit_quaternions(
    values: Float64[np.ndarray, "row 4"], fault: Faults
) -> tuple[Float64[np.ndarray, "row 4"], Faults]:
    """Quaternions of length exactly 1, and a fault where they are not nearly so.

    Args:
        values: as recorded.
        fault: what is wrong with rows otherwise; such rows are left alone.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(np.linalg.norm(values, axis=1) - 1.0)
        no_rotation = (fault == Fault.NONE) & ~(off <= TOLERANCE)
    near = (fault == Fault.NONE) & (off > ROUNDING) & ~no_rotation
    if near.any():
        values = values.copy()
        values[near] /= np.linalg.norm(values[near], axis=1, keepdims=True)
    return values, np.where(no_rotation, Fault.NOT_UNIT, fault).astype(np.uint8)


def unit_signals(
    values: Sequence[Float64[np.ndarray, "row _"]],
    fault: UInt8[np.ndarray, "row signal"],
    places: Sequence[int],
) -> tuple[tuple[Float64[np.ndarray, "row _"], ...], UInt8[np.ndarray, "row signal"]]:
    """Signals of the same rows, of which those at some places are quaternions."""
    found, fault = list(values), fault.copy()
    for place in places:
        found[place], fault[:, place] = unit_quaternions(found[place], fault[:, place])
    return tuple(found), fault
