"""The network at the contact points: what it sees of a contact, and how it changes the law there.

It multiplies friction and damping by the exponential of its output: both stay positive, so that contacts take
energy whatever the network says, and where it says nothing the law is the identified one. The spring is left
alone: one that changes while it is pressed would make energy.
Error: no random throw under random networks ever has more energy than at the throw, to 0.2 %,
tests/contacts/test_energy.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.law import DAMPING, DAMPING_GROWTH, FRICTION, LOAD
from hybridsim.contacts.points import EMBEDDING, Patches, Points
from hybridsim.contacts.solve import NORMAL, Contacts
from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkInput, NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.networks.kernel import evaluate_into

NETWORK = "contact_residual"
OUTPUTS = ("friction", "damping")
"""Groups of the network: friction is its first output, the damper its second."""
SAME = 1e-3
"""Share by which a timestep may differ from the one trained at."""
LONGEST = 0.1
"""Touching for longer counts as so long [s]; chosen, because impacts are over by then."""


def _inputs() -> tuple[NetworkInput, ...]:
    plain = (
        ("normal_speed", "m/s", "positive when the point goes into the ground"),
        ("slip_speed", "m/s", "size of the velocity in the ground's plane"),
        ("load", "1", f"log(1 + force / {LOAD:g} N) of the last step"),
        ("spin", "rad/s", "size of the body's angular velocity about the normal"),
        ("roll", "rad/s", "size of the body's angular velocity in the ground's plane"),
        ("touch_time", "s", f"since the point touched down, at most {LONGEST:g}"),
        ("approach_speed", "m/s", "normal speed at touch-down"),
        ("points", "1", "how many points of the robot touch"),
    )
    embedded = [
        (f"{whose}_{k + 1}", "1", f"embedding of the {whose}")
        for whose in ("link", "surface")
        for k in range(EMBEDDING)
    ]
    return tuple(NetworkInput(name=name, unit=unit, sign=sign) for name, unit, sign in (*plain, *embedded))


INPUTS = _inputs()


def contact_spec(timestep: float, hidden: tuple[int, ...], members: int) -> NetworkSpec:
    """Networks of one timestep [s]: what a contact looks like from step to step depends on it."""
    return NetworkSpec(
        name=NETWORK,
        target="logarithm of the contact law's friction and damping",
        sample_period=timestep,
        inputs=INPUTS,
        output_unit="1",
        hidden=hidden,
        ensemble=members,
        groups=OUTPUTS,
    )


class Residual(NamedTuple):
    """A network as `evaluate_into` takes it, with room for one evaluation of all contacts at once."""

    parameters: np.ndarray
    """[group member weight] float32."""
    sizes: np.ndarray
    scaling: np.ndarray
    output: np.ndarray
    features: np.ndarray
    """[contact group feature] float32."""
    mean: np.ndarray
    """[contact group] float32."""
    spread: np.ndarray
    """[contact group] float32."""


def residual_of(networks: Networks | None, most: int, timestep: float) -> Residual | None:
    """Networks with room for so many contacts; None without networks.

    Raises:
        CalibrationError: they were trained on other inputs, or at another timestep.
    """
    if networks is None:
        return None
    period = networks.contract.sample_period
    if abs(timestep - period) > SAME * period:
        raise CalibrationError(
            f"network '{NETWORK}': timestep {timestep:g} s; expected {period:g} s, at which it was trained"
        )
    groups, inputs = len(OUTPUTS), len(INPUTS)
    room = (
        np.zeros((most, groups, inputs), np.float32),
        np.zeros((most, groups), np.float32),
        np.zeros((most, groups), np.float32),
    )
    networks.contract.require_inputs([(one.name, one.unit) for one in INPUTS])
    networks.contract.require_groups(OUTPUTS)
    return Residual(*networks.packed, *room)


@njit(cache=True, nogil=True, error_model="numpy")
def describe(
    contacts: Contacts,
    points: Points,
    patches: Patches,
    since: np.ndarray,
    spin: tuple[float, float, float],
    timestep: float,
    residual: Residual,
    at: int,
) -> None:
    """Features of a world's contacts with the ground, from row `at` on.

    Args:
        contacts: after `begin`: speeds and impulses of the last step are there.
        points: of the robot.
        patches: of the ground.
        since: [point] time since touch-down [s].
        spin: the root's angular velocity, world axes [rad/s].
        timestep: [s].
        residual: features are written.
        at: first row.
    """
    x, features = contacts.speed, residual.features
    for c in range(contacts.ground[0]):
        p, k, r = contacts.point[c], contacts.patch[c], at + c
        features[r, 0, 0] = -x[c, NORMAL]
        features[r, 0, 1] = math.sqrt(x[c, 0] * x[c, 0] + x[c, 1] * x[c, 1])
        features[r, 0, 2] = math.log1p(contacts.impulse[c, NORMAL] / (timestep * LOAD))
        features[r, 0, 3] = abs(spin[2])
        features[r, 0, 4] = math.sqrt(spin[0] * spin[0] + spin[1] * spin[1])
        features[r, 0, 5] = min(since[p], LONGEST)
        features[r, 0, 6] = contacts.approach[c]
        features[r, 0, 7] = contacts.ground[0]
        for e in range(EMBEDDING):
            features[r, 0, 8 + e] = points.embedding[p, e]
            features[r, 0, 8 + EMBEDDING + e] = patches.embedding[k, e]
        for f in range(features.shape[2]):
            features[r, 1, f] = features[r, 0, f]


@njit(cache=True, nogil=True)
def evaluate(residual: Residual, rows: int) -> None:
    """Outputs of the first rows."""
    if rows > 0:
        evaluate_into(
            residual.features[:rows],
            residual.parameters,
            residual.sizes,
            residual.scaling,
            residual.output,
            residual.parameters.shape[1],
            residual.mean,
            residual.spread,
        )


@njit(cache=True, nogil=True)
def correct(contacts: Contacts, residual: Residual, at: int) -> None:
    """Change the law of a world's contacts with the ground by the outputs from row `at` on."""
    for c in range(contacts.ground[0]):
        contacts.law[c, FRICTION] *= math.exp(residual.mean[at + c, 0])
        damper = math.exp(residual.mean[at + c, 1])
        contacts.law[c, DAMPING] *= damper
        contacts.law[c, DAMPING_GROWTH] *= damper
