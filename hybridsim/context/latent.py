"""What differs between individuals beyond parameters: how much of a second last layer a unit's networks have.

A reference whose units differ in what networks add carries, beside its residual network of the drives, one
of the same hidden layers called `drive_latent`: the *direction* in which units differ, as long as they
usually do. Each joint of a unit has one latent number; its network is the shared one plus that much of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hybridsim.errors import CalibrationError
from hybridsim.networks.inference import Networks, added
from hybridsim.parameters import Parameter
from hybridsim.simulator.residual import NETWORK

DIRECTION = "drive_latent"
MOST = 4.0
"""Standard deviations that a unit may lie from the others; chosen."""


def direction_of(networks: Sequence[Networks]) -> Networks | None:
    """The direction that a calibration carries."""
    return next((one for one in networks if one.contract.name == DIRECTION), None)


def latents_of(networks: Sequence[Networks]) -> list[tuple[str, Parameter]]:
    """Each joint that has a latent number, and that number as a parameter; 0 is the shared network.

    Raises:
        CalibrationError: a direction without a residual network of the same joints and hidden layers.
    """
    direction = direction_of(networks)
    if direction is None:
        return []
    if _hidden(direction) not in [_hidden(one) for one in networks if one.contract.name == NETWORK]:
        raise CalibrationError(
            f"network '{DIRECTION}': expected the joints and hidden layers of '{NETWORK}'; calibrate anew"
        )
    return [
        (joint, _latent(joint))
        for joint, weights in zip(direction.contract.groups, direction.weights[-1], strict=True)
        if weights.any()
    ]


def individual(networks: Sequence[Networks], values: Mapping[str, float]) -> tuple[Networks, ...]:
    """The networks of one unit: the direction goes into the shared network, as far as `values` say."""
    direction = direction_of(networks)
    if direction is None:
        return tuple(networks)
    amount = np.array([values.get(name_of(joint), 0.0) for joint in direction.contract.groups])
    return tuple(
        added(one, direction, amount) if one.contract.name == NETWORK else one
        for one in networks
        if one.contract.name != DIRECTION
    )


def name_of(joint: str) -> str:
    """Of a joint's latent number."""
    return f"latent.{joint}"


def _latent(joint: str) -> Parameter:
    return Parameter(
        name=name_of(joint),
        value=0.0,
        unit="1",
        low=-MOST,
        high=MOST,
        scale="linear",
        source="the fleet: how its units differ in what the shared network adds, in standard deviations",
    )


def _hidden(networks: Networks) -> tuple:
    contract = networks.contract
    layers = zip(networks.weights[:-1], networks.biases[:-1], strict=True)
    return contract.groups, contract.hidden, [part.tobytes() for layer in layers for part in layer]
