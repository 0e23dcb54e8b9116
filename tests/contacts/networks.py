"""Contact residuals for tests: any last layer on hidden layers as they are drawn."""

import numpy as np

from hybridsim.contacts.residual import INPUTS, contact_spec
from hybridsim.identify.contact_residual import contract_of, last_layer, with_last_layer
from hybridsim.networks.inference import Networks, untrained

HIGHEST = {
    "normal_speed": 3.0,
    "slip_speed": 3.0,
    "load": 6.0,
    "spin": 40.0,
    "roll": 60.0,
    "touch_time": 0.1,
    "approach_speed": 3.0,
    "points": 8.0,
}
"""Of what tosses show; embeddings are 0."""


def blank(timestep: float, share: float = 1.0) -> Networks:
    """Untrained, with support up to a share of `HIGHEST`."""
    reach = np.array([HIGHEST.get(one.name, 0.0) for one in INPUTS]) * share
    seen = np.random.default_rng(0).uniform(-1.0, 1.0, (500, len(INPUTS))) * reach
    return untrained(contract_of(contact_spec(timestep, (16,), 1), seen.astype(np.float32)), seed=1)


def random_networks(timestep: float, seed: int, size: float = 1.0, share: float = 1.0) -> Networks:
    """With a last layer of normal numbers of a size: at 1 they often reach the bound."""
    empty = blank(timestep, share)
    weights = np.random.default_rng(seed).normal(0.0, size, len(last_layer(empty)))
    return with_last_layer(empty, weights)
