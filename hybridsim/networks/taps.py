"""Features from a history, in numba: taps at fractional lags and leaky memories."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def push_into(
    ring: np.ndarray,
    head: int,
    fresh: np.ndarray,
    memory: np.ndarray,
    values: np.ndarray,
    tap_reads: np.ndarray,
    tap_part: np.ndarray,
    leak_reads: np.ndarray,
    leak_weights: np.ndarray,
    features: np.ndarray,
) -> int:
    """Take samples in, one after the other, and give the features at each; callable from compiled loops.

    Args:
        ring: [slot world group input], the samples of the past.
        head: slot of the newest sample.
        fresh: [world], true where nothing was pushed since the reset; such a world is taken to have stood
            still at its first sample for ever.
        memory: [world group leak], the leaky memories.
        values: [sample world group input], the new samples.
        tap_reads: [tap 3]: input, whole lag [stepping periods], feature to write.
        tap_part: [tap], the rest of the lag, below 1.
        leak_reads: [leak 2]: input, feature to write.
        leak_weights: [leak 3]: decay, weight of now, weight of the sample before.
        features: [sample world group feature], written.

    Returns:
        The new head.
    """
    slots, worlds, groups, inputs = ring.shape
    for n in range(values.shape[0]):
        before, head = head, (head + 1) % slots
        for w in range(worlds):
            for g in range(groups):
                if fresh[w]:
                    _stand_still(ring, memory, values, n, w, g, leak_reads)
                for i in range(inputs):
                    ring[head, w, g, i] = values[n, w, g, i]
                for k in range(tap_part.size):
                    i = tap_reads[k, 0]
                    slot = head - tap_reads[k, 1]
                    slot += slots if slot < 0 else 0
                    older = slot - 1 if slot > 0 else slots - 1
                    value = ring[slot, w, g, i]
                    value += tap_part[k] * (ring[older, w, g, i] - value)
                    features[n, w, g, tap_reads[k, 2]] = value
                for k in range(leak_reads.shape[0]):
                    i = leak_reads[k, 0]
                    memory[w, g, k] = (
                        leak_weights[k, 0] * memory[w, g, k]
                        + leak_weights[k, 1] * values[n, w, g, i]
                        + leak_weights[k, 2] * ring[before, w, g, i]
                    )
                    features[n, w, g, leak_reads[k, 1]] = memory[w, g, k]
            fresh[w] = False
    return head


@njit(nogil=True, cache=True)
def _stand_still(
    ring: np.ndarray, memory: np.ndarray, values: np.ndarray, n: int, w: int, g: int, leak_reads: np.ndarray
) -> None:
    """Fill the past of one world and group with its present."""
    for slot in range(ring.shape[0]):
        for i in range(ring.shape[3]):
            ring[slot, w, g, i] = values[n, w, g, i]
    for k in range(leak_reads.shape[0]):
        memory[w, g, k] = values[n, w, g, leak_reads[k, 0]]
