"""Which stamps of a long topic are out of order, at the cost of looking only where something is wrong."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from hybridsim.ingest.clocks import FAR_S, FEW_ROWS, order_faults
from hybridsim.ingest.faults import Fault, Faults

BLOCK = 1 << 18  # rows looked at together; chosen, because 2 MB of stamps stay in a processor's cache
AROUND = 64  # rows on either side of a misplaced one; chosen, so that a tenth of them may go
MAX_PLACES = 10_000  # beyond that many places in disorder the whole topic is sorted out at once


def stamp_faults(stamp_ns: Int64[np.ndarray, " row"]) -> Faults:
    """What `order_faults` says, for millions of rows of which few are out of order.

    Rows that increase without a pause of `FAR_S` need no look. A misplaced row is judged among the `AROUND`
    rows on either side; all rows are judged together where that does not leave every stamp increasing.
    """
    places = _suspect(stamp_ns)
    if not len(places):
        return np.zeros(len(stamp_ns), np.uint8)
    if len(places) > MAX_PLACES:
        return order_faults(stamp_ns)
    fault = _judged_around(stamp_ns, places)
    return order_faults(stamp_ns) if fault is None else fault


def _suspect(stamp_ns: Int64[np.ndarray, " row"], pause_s: float = FAR_S) -> Int64[np.ndarray, " place"]:
    """Rows whose stamp is not after the one before, or after it by more than a pause."""
    found = []
    for start in range(1, len(stamp_ns), BLOCK):
        step = np.diff(stamp_ns[start - 1 : start + BLOCK])
        found.append(np.flatnonzero((step <= 0) | (step > pause_s * 1e9)) + start)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _judged_around(stamp_ns: Int64[np.ndarray, " row"], places: Int64[np.ndarray, " place"]) -> Faults | None:
    """Faults from stretches around the places; None where they cannot be judged apart.

    Fewest rows go in all where fewest go in each stretch, if what is left increases from stretch to stretch.
    """
    fault = np.zeros(len(stamp_ns), np.uint8)
    cuts = np.flatnonzero(np.diff(places) > 2 * AROUND) + 1
    for group in np.split(places, cuts):
        first, last = max(int(group[0]) - AROUND, 0), min(int(group[-1]) + AROUND, len(stamp_ns))
        judged = order_faults(stamp_ns[first:last])
        # Rows before and after the stretch vouch for its ends, so these have to stay.
        if _broken(judged[: FEW_ROWS + 1], first > 0) or _broken(judged[-FEW_ROWS - 1 :], last < len(fault)):
            return None
        fault[first:last] = judged
    return fault if not len(_suspect(stamp_ns[fault == Fault.NONE], pause_s=np.inf)) else None


def _broken(faults: Faults, matters: bool) -> bool:
    return matters and bool(faults.any())
