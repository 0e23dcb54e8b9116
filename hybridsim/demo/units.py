"""A synthetic fleet: individuals of the stand-in arm, each a little different, that wear and are loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hybridsim.demo.planted import ARM, Planted, Truth

DAY_NS = 86_400 * 10**9
SPREADS = {
    "output_coulomb": 0.3,
    "gear_loss_drive": 0.3,
    "position_gain": 0.12,
    "back_emf": 0.08,
    "armature": 0.08,
    "mass": 0.1,
}
"""Between units, of the natural logarithm; chosen, because small servos of one type differ like that."""
DELAYS = (-6e-3, 10e-3)
"""Between units, from the demo's own [s]; evenly."""
OFFSETS, BIASES = 8e-3, 4e-3
"""Between units, standard deviations of command offsets and of readings' biases [rad]."""
ELBOW_GAIN = Planted(name="drive.elbow.position_gain", value=5.0, unit="1/rad", tolerance=0.3)
"""That the maker states, and that no elbow quite has."""


def drawn_unit(seed: int, number: int) -> Truth:
    """An individual: what it hides follows from the fleet's seed and its number."""
    random = np.random.default_rng([seed, 1, number])
    planted = [_own(one, random) for one in [*ARM.planted, ELBOW_GAIN]]
    bias = {joint: float(random.normal(0.0, BIASES)) for joint in ARM.cogging}
    return replace(ARM, planted=planted, bias=bias)


def _own(one: Planted, random: np.random.Generator) -> Planted:
    """One number of an individual."""
    last = one.name.rsplit(".", 1)[-1]
    if last == "delay":
        value = one.value + random.uniform(*DELAYS)
    elif last == "command_offset":
        value = one.value + random.normal(0.0, OFFSETS)
    else:
        value = one.value * np.exp(random.normal(0.0, SPREADS[last]))
    return replace(one, value=float(value))


def changed(truth: Truth, family: str, joint: str, size: float) -> Truth:
    """The same individual after something happened to it.

    Args:
        truth: before.
        family: as hybridsim.context.families has it.
        joint: where; masses are the forearm's.
        size: share of friction, gain and mass; seconds of delay; radians of a sensor's bias.
    """
    if family == "sensor bias":
        return replace(truth, bias={**truth.bias, joint: truth.bias.get(joint, 0.0) + size})
    names = {
        "friction": (f"drive.{joint}.output_coulomb", f"drive.{joint}.gear_loss_drive"),
        "gain": (f"drive.{joint}.position_gain",),
        "delay": (f"drive.{joint}.delay",),
        "mass": ("link.forearm.mass",),
    }[family]
    grown = lambda value: value + size if family == "delay" else value * (1.0 + size)  # noqa: E731
    planted = [replace(one, value=grown(one.value)) if one.name in names else one for one in truth.planted]
    return replace(truth, planted=planted)
