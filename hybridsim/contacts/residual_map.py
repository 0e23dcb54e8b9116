"""What a law says over load and speed, and what a network makes of it: numbers for a page to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hybridsim.contacts.law import LOAD, Law, friction_coefficient
from hybridsim.contacts.residual import INPUTS, OUTPUTS
from hybridsim.networks.inference import Networks

CELLS = 24
"""Along each axis."""


def law_map(law: Law, networks: Networks | None) -> dict[str, Any]:
    """Friction over slip speed and load, and the factor on damping over approach speed and time of touch.

    What a network sees beside the two axes is at the middle of what it saw in training.

    Args:
        law: identified.
        networks: contact residual; None for the law alone.

    Returns:
        Per map: names and values of both axes, `identified` and, with networks, `hybrid`, [y][x].
    """
    reach = _reach(networks)
    slip, load = (np.linspace(0.0, reach[name], CELLS) for name in ("slip_speed", "load"))
    force = LOAD * np.expm1(load)
    friction = np.array([[friction_coefficient(law[None], 0, f, s) for s in slip] for f in force])
    found = {"friction": _map("slip speed, m/s", slip, "load, N", force, "friction coefficient", friction)}
    if networks is None:
        return found
    factor = np.exp(_asked(networks, {"slip_speed": slip[None], "load": load[:, None]}, "friction"))
    found["friction"]["hybrid"] = (friction * factor).tolist()
    fast, time = (np.linspace(0.0, reach[name], CELLS) for name in ("approach_speed", "touch_time"))
    axes = {"approach_speed": fast[None], "touch_time": time[:, None]}
    factor = np.exp(_asked(networks, axes, "damping"))
    ones = np.ones_like(factor)
    words = ("speed at touch-down, m/s", fast, "time since touch-down, ms", 1e3 * time)
    found["damping"] = _map(*words, "factor on damping", ones)
    found["damping"]["hybrid"] = factor.tolist()
    return found


def _reach(networks: Networks | None) -> dict[str, float]:
    """The largest value of every input that the network was trained on; some of our own without one."""
    if networks is None:
        return {"slip_speed": 1.5, "load": float(np.log1p(10.0))}
    features = networks.contract.scaling[0].features
    return {one.name: scaling.high for one, scaling in zip(INPUTS, features, strict=True)}


def _asked(networks: Networks, axes: Mapping[str, np.ndarray], output: str) -> np.ndarray:
    """One output over two axes [y x]."""
    names, groups = [one.name for one in INPUTS], networks.contract.scaling
    rows = np.empty((CELLS, CELLS, len(OUTPUTS), len(names)), np.float32)
    rows[:] = np.array([[one.center for one in group.features] for group in groups])
    for name, values in axes.items():
        rows[..., names.index(name)] = values[..., None]
    mean, _ = networks.evaluate(rows.reshape(-1, len(OUTPUTS), len(names)))
    return mean[:, OUTPUTS.index(output)].reshape(CELLS, CELLS).astype(float)


def _map(
    x_name: str, x: np.ndarray, y_name: str, y: np.ndarray, what: str, values: np.ndarray
) -> dict[str, Any]:
    return {
        "what": what,
        "x": {"name": x_name, "values": x.tolist()},
        "y": {"name": y_name, "values": y.tolist()},
        "identified": values.tolist(),
    }
