"""The network's arithmetic in numba: no torch, no interpreter lock, the same bits in any batch.

Activations of four rows are worked on at once, flat: row r starts at r * width.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.networks.lanes import load, multiply_add, softsign, splat, store, total

ROWS = 4
TILE = 16  # outputs worked on at once; hidden widths are padded to it


@njit(nogil=True, cache=True, error_model="numpy")
def _hidden(p: np.ndarray, at: int, wide: int, narrow: int, x: np.ndarray, y: np.ndarray, width: int) -> None:
    """One hidden layer, softsign(x W + b), for four rows; W [wide narrow] then b [narrow] from p[at] on."""
    bias = at + wide * narrow
    for o in range(0, narrow, TILE):
        a0, a1 = load(p, bias + o), load(p, bias + o + 8)
        b0, b1, c0, c1, d0, d1 = a0, a1, a0, a1, a0, a1
        for i in range(wide):
            w0, w1 = load(p, at + i * narrow + o), load(p, at + i * narrow + o + 8)
            v = splat(x[i])
            a0, a1 = multiply_add(w0, v, a0), multiply_add(w1, v, a1)
            v = splat(x[width + i])
            b0, b1 = multiply_add(w0, v, b0), multiply_add(w1, v, b1)
            v = splat(x[2 * width + i])
            c0, c1 = multiply_add(w0, v, c0), multiply_add(w1, v, c1)
            v = splat(x[3 * width + i])
            d0, d1 = multiply_add(w0, v, d0), multiply_add(w1, v, d1)
        store(y, o, softsign(a0))
        store(y, o + 8, softsign(a1))
        store(y, width + o, softsign(b0))
        store(y, width + o + 8, softsign(b1))
        store(y, 2 * width + o, softsign(c0))
        store(y, 2 * width + o + 8, softsign(c1))
        store(y, 3 * width + o, softsign(d0))
        store(y, 3 * width + o + 8, softsign(d1))


@njit(nogil=True, cache=True, error_model="numpy")
def _last(p: np.ndarray, at: int, wide: int, h: np.ndarray, start: int) -> np.float32:
    """The linear last layer of one row."""
    acc = splat(np.float32(0))
    for i in range(0, wide, 8):
        acc = multiply_add(load(p, at + i), load(h, start + i), acc)
    return total(acc) + p[at + wide]


@njit(nogil=True, cache=True, error_model="numpy")
def _normalise(features: np.ndarray, scaling: np.ndarray, x: np.ndarray) -> np.float32:
    """Normalised features of one row into x; returns the gate, 1 inside the support and 0 beyond the fade.

        gate = product over features of 1 - 3 t^2 + 2 t^3,  t = distance outside / fade, in 0..1

    A NaN feature leaves the gate alone and makes the output NaN.
    """
    one = np.float32(1)
    gate = one
    for f in range(features.size):
        v = features[f]
        x[f] = (v - scaling[0, f]) * scaling[1, f]
        outside = max(scaling[2, f] - v, v - scaling[3, f])
        if outside > 0:
            t = min(outside * scaling[4, f], one)
            gate *= one - t * t * (np.float32(3) - np.float32(2) * t)
    return gate


@njit(nogil=True, cache=True, error_model="numpy")
def _member(p: np.ndarray, sizes: np.ndarray, x: np.ndarray, work: np.ndarray, y: np.ndarray) -> None:
    """Raw outputs y of one member for four rows."""
    width = x.size // ROWS
    source, target = work[0], work[1]
    _hidden(p, 0, sizes[0], sizes[1], x, source, width)
    at = (sizes[0] + 1) * sizes[1]
    last = sizes.size - 2
    for layer in range(1, last):
        _hidden(p, at, sizes[layer], sizes[layer + 1], source, target, width)
        at += (sizes[layer] + 1) * sizes[layer + 1]
        source, target = target, source
    for r in range(ROWS):
        y[r] = _last(p, at, sizes[last], source, r * width)


@njit(nogil=True, cache=True, error_model="numpy")
def _ensemble(
    parameters: np.ndarray,
    sizes: np.ndarray,
    x: np.ndarray,
    work: np.ndarray,
    gate: np.ndarray,
    output: np.ndarray,
    each: np.ndarray,
) -> None:
    """Gated and bounded outputs [member row] of one group for four rows."""
    for m in range(each.shape[0]):
        _member(parameters[m], sizes, x, work, each[m])
        for r in range(ROWS):
            s = each[m, r] * output[0]
            ratio = s * output[1]
            each[m, r] = gate[r] * (s / np.sqrt(np.float32(1) + ratio * ratio))


@njit(nogil=True, cache=True, error_model="numpy")
def evaluate_into(
    features: np.ndarray,
    parameters: np.ndarray,
    sizes: np.ndarray,
    scaling: np.ndarray,
    output: np.ndarray,
    members: int,
    mean: np.ndarray,
    spread: np.ndarray,
) -> None:
    """Mean and spread of the first `members` members; callable from other compiled loops.

        y = gate * s / sqrt(1 + (s / bound)^2),  s = output_scale * raw

    Args:
        features: [row group feature] float32.
        parameters: [group member weight] float32, layers one after the other, padded.
        sizes: padded layer widths, features first.
        scaling: [group 5 feature] float32: center, 1 / scale, low, high, 1 / fade.
        output: [group 2] float32: output scale, 1 / bound.
        members: how many members to evaluate.
        mean: [row group] float32, written.
        spread: [row group] float32, written: sample standard deviation over members, NaN with one member.
    """
    rows, groups, _ = features.shape
    width = max(sizes.max(), TILE)
    x = np.zeros(ROWS * width, np.float32)
    work = np.empty((2, ROWS * width), np.float32)
    gate = np.zeros(ROWS, np.float32)
    each = np.empty((members, ROWS), np.float32)
    for g in range(groups):
        for start in range(0, rows, ROWS):
            count = min(ROWS, rows - start)
            for r in range(count):
                gate[r] = _normalise(features[start + r, g], scaling[g], x[r * width :])
            _ensemble(parameters[g], sizes, x, work, gate, output[g], each)
            for r in range(count):
                total_, squares = np.float32(0), np.float32(0)
                for m in range(members):
                    total_ += each[m, r]
                centre = total_ / np.float32(members)
                for m in range(members):
                    squares += (each[m, r] - centre) ** 2
                mean[start + r, g] = centre
                spread[start + r, g] = np.sqrt(squares / np.float32(members - 1)) if members > 1 else np.nan
