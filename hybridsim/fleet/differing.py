"""In which direction what shared networks leave over differs between units, by linear algebra alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from hybridsim.context.latent import DIRECTION
from hybridsim.learn.residual import Leftover, of_logs
from hybridsim.networks.inference import Networks, added, hidden
from hybridsim.networks.samples import log_means
from hybridsim.networks.selection import gate_verdict

RIDGE = 1e-2
"""Of the features' mean square; chosen, because a unit's rows say the same many times over."""
ROUNDS = 10
"""Of directions and units' amounts in turn; chosen, because the tests' settle to 1e-6 within three."""
TINY = 1e-30
EVERY = 3
"""Rows of which one is looked at; chosen, because what is left over changes slowly."""


def direction(
    networks: Networks,
    left: Leftover,
    units: Sequence[Sequence[int]],
    judges: Sequence[Sequence[int]],
    seed: int,
) -> Networks | None:
    """A last layer of which each unit's network has more or less than the shared one; None without merit.

    Reduced-rank regression: for every joint the layer and the units' amounts of it that together explain most
    of what the shared network leaves over. It ships at the joints where units that did not teach, each told
    its amount by every other log of its own, are better with it on their other logs.

    Args:
        networks: shared by the units.
        left: features and leftovers of all logs, each unit's from a replay at its own context.
        units: numbers of the logs of each unit that teaches.
        judges: the same of units that judge.
        seed: of the bootstrap.

    Error: finds a planted layer's effect to a fifth, tests/fleet/test_differing.py.
    """
    if len(units) < 2 or not any(len(logs) > 1 for logs in judges):
        return None
    squares, products = zip(*(_sums(networks, of_logs(left, logs)) for logs in units), strict=True)
    layers = np.stack(
        [_common(*each) for each in zip(np.stack(squares, 1), np.stack(products, 1), strict=True)]
    )
    before, after = zip(
        *(_judged(networks, layers, left, logs) for logs in judges if len(logs) > 1), strict=True
    )
    verdict = gate_verdict(np.concatenate(after), np.concatenate(before), networks.contract.groups, seed=seed)
    ships = np.array([verdict.groups[name].ships for name in networks.contract.groups])
    return _layer(networks, layers * ships[:, None]) if ships.any() else None


def _linear(networks: Networks, left: Leftover) -> tuple[Float[np.ndarray, "group row weight"], np.ndarray]:
    """How the output changes with each last weight of the members, and what the networks leave over."""
    rows = slice(None, None, EVERY)
    features, wanted = left.features[rows], left.left[rows]
    layer, gate = hidden(networks, features)
    whole = np.concatenate([layer, np.ones((*layer.shape[:3], 1), np.float32)], axis=3)
    last = np.concatenate([networks.weights[-1], networks.biases[-1][:, :, None]], axis=2)
    s = networks.contract.scaling_arrays()
    raw = (whole @ last)[..., 0] * s.output_scale[:, None, None]
    slope = s.output_scale[:, None, None] * (1.0 + (raw / s.bound[:, None, None]) ** 2) ** -1.5
    slope *= gate.T[:, None] / layer.shape[1]
    basis = np.moveaxis(whole * slope[..., None], 1, 2).reshape(len(layer), len(features), -1)
    seen = np.isfinite(wanted)
    rest = np.where(seen, wanted - networks.evaluate(features)[0], 0.0)
    return basis.astype(float) * seen.T[:, :, None], rest.T


def _sums(networks: Networks, left: Leftover) -> tuple[np.ndarray, np.ndarray]:
    """Mean squares of a unit's basis, and its products with what is left over, of every group."""
    basis, rest = _linear(networks, left)
    turned, rows = np.swapaxes(basis, 1, 2), basis.shape[1]
    return turned @ basis / rows, (turned @ rest[:, :, None])[:, :, 0] / rows


def _common(
    squares: Float[np.ndarray, "unit weight weight"], products: Float[np.ndarray, "unit weight"]
) -> Float[np.ndarray, " weight"]:
    """The layer of which units' amounts, of mean square 1, explain most."""
    count = squares.shape[1]
    ridge = (RIDGE * float(np.trace(squares.mean(0))) / count + TINY) * np.eye(count)
    each = np.linalg.solve(squares + ridge, products[:, :, None])[:, :, 0]
    root = np.linalg.cholesky(squares.mean(0) + ridge)
    _, _, ways = np.linalg.svd((each - each.mean(0)) @ root, full_matrices=False)
    layer = np.linalg.solve(root.T, ways[0])
    for _ in range(ROUNDS):
        amount = _amounts(squares, products, layer)
        amount /= max(float(np.sqrt(np.mean(amount**2))), TINY)
        layer = np.linalg.solve(
            np.einsum("u,uwv->wv", amount**2, squares) + len(amount) * ridge, amount @ products
        )
    return layer * np.sqrt(np.mean(_amounts(squares, products, layer) ** 2))


def _amounts(squares: np.ndarray, products: np.ndarray, layer: np.ndarray) -> Float[np.ndarray, " unit"]:
    """That explain most of each unit's leftovers."""
    felt = np.einsum("w,uwv,v->u", layer, squares, layer)
    return products @ layer / np.maximum(felt, TINY)


def _layer(networks: Networks, layers: Float[np.ndarray, "group weight"]) -> Networks:
    """Networks of the same hidden layers with these last ones."""
    groups, members = len(layers), networks.contract.ensemble
    last = layers.reshape(groups, members, -1, 1).astype(np.float32)
    contract = networks.contract.model_copy(
        update={
            "name": DIRECTION,
            "target": f"of a unit's {networks.contract.name}, as often as its latent number says",
            "weights": f"{DIRECTION}.safetensors",
        }
    )
    return replace(
        networks,
        contract=contract,
        weights=(*networks.weights[:-1], last[:, :, :-1]),
        biases=(*networks.biases[:-1], last[:, :, -1]),
    )


def _judged(
    networks: Networks, layers: Float[np.ndarray, "group weight"], left: Leftover, logs: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean errors of a unit's logs without and with the layers, its amounts told by every other log."""
    found, before, after = _layer(networks, layers), [], []
    for side in (0, 1):
        squares, products = _sums(networks, of_logs(left, logs[1 - side :: 2]))
        each = zip(squares[:, None], products[:, None], layers, strict=True)
        amount = np.concatenate([_amounts(*one) for one in each])
        judged = of_logs(left, logs[side::2])
        whole = np.isfinite(judged.left).all(axis=1)
        for out, one in ((before, networks), (after, added(networks, found, amount))):
            rest = np.abs(judged.left - one.evaluate(judged.features)[0])[whole]
            out.append(log_means(rest, judged.log[whole])[1])
    return np.concatenate(before), np.concatenate(after)
