"""Networks that follow what a sensor goes through: where its noise lies, and how strong it is.

    reading = line(ideal) + shift + strength * noise,  strength = exp(output)

Without networks, and where they fall silent, shift is 0 and strength 1. They look at a step's state, and what
they say holds for readings that are sampled after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from numba import njit

from hybridsim.counting import ZERO
from hybridsim.errors import CalibrationError, listed
from hybridsim.networks.contract import NetworkInput, NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.networks.stepped import Brain, Past, ask, brain_of, past_of, push, steps_between
from hybridsim.sensors import fronts, line
from hybridsim.sensors.layout import Mounted, channels_in
from hybridsim.sensors.parameters import IMU_CHANNELS

DRIVE, INERTIAL = "drive", "imu"
"""What the sensors of one network sit in: drives, or links."""
SHIFT, STRENGTH = "shift", "strength"
WHATS = {SHIFT: line.SHIFT, STRENGTH: line.GROWTH}
IN_DRIVES = ("current", "torque", "duty")
"""Kinds whose noise may follow their drive; an encoder's reads its drive's own counts."""
UNITS = {SHIFT: "unit of the reading", STRENGTH: "1"}
TARGETS = {
    SHIFT: "the sensor's noise: where it lies",
    STRENGTH: "the sensor's noise: logarithm of its strength over the analytic sensor's",
}
INPUTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    DRIVE: (
        ("speed", "rad/s", "of the joint, positive along it"),
        ("effort", "N*m", "of the motor at the output, positive along the joint"),
        ("duty", "1", "share of the supply voltage on the motor, positive drives along the joint"),
    ),
    INERTIAL: tuple(
        (name, "rad/s" if name.startswith("g") else "m/s^2", "that a sensor without noise reads")
        for name in IMU_CHANNELS
    ),
}  # fmt: skip
COLUMNS = (fronts.SPEED, fronts.MOTOR, fronts.DUTY)


def network_name(sits: str, what: str) -> str:
    """Of the networks that say one thing about sensors that sit in drives or on links."""
    return f"sensor_{sits}_{what}"


NAMES = tuple(network_name(sits, what) for sits in (DRIVE, INERTIAL) for what in WHATS)


def inputs_given(sits: str) -> tuple[tuple[str, str], ...]:
    """Names and units of what such networks see, in order."""
    return tuple((name, unit) for name, unit, _ in INPUTS[sits])


def noise_spec(
    sits: str,
    what: str,
    groups: Sequence[str],
    *,
    period: float,
    history: Sequence[float],
    hidden: Sequence[int],
    members: int,
) -> NetworkSpec:
    """Networks of one kind.

    Args:
        sits: `DRIVE` or `INERTIAL`.
        what: `SHIFT` or `STRENGTH`.
        groups: sensors in drives by name, or `<imu>.<channel>`.
        period: between samples [s].
        history: moments of the past that are looked at [s].
        hidden: widths of the hidden layers.
        members: of the ensemble.
    """
    taps = tuple(sorted({round(moment / period) for moment in history}))
    return NetworkSpec(
        name=network_name(sits, what),
        target=TARGETS[what],
        sample_period=period,
        inputs=tuple(NetworkInput(name=n, unit=u, sign=s, taps=taps) for n, u, s in INPUTS[sits]),
        output_unit=UNITS[what],
        hidden=tuple(hidden),
        ensemble=members,
        groups=tuple(groups),
    )


class Residual(NamedTuple):
    """Networks of one kind as compiled loops run them."""

    every: int
    """Steps between two runs."""
    members: int
    what: int
    """Column of a line's state that they write, see `line.SHIFT` and `line.GROWTH`."""
    inertial: bool
    """Whether they see the ideal channels of their sensor, else its drive."""
    source: np.ndarray
    """[group] drive, or first channel of the sensor."""
    channel: np.ndarray
    """[group] whose noise it is."""
    past: Past
    brain: Brain


def residual_of(networks: Networks, mounted: Sequence[Mounted], worlds: int, timestep: float) -> Residual:
    """Room for networks to run beside mounted sensors.

    Raises:
        CalibrationError: they are of no sensors, or of one that is not mounted.
    """
    contract = networks.contract
    if contract.name not in NAMES:
        raise CalibrationError(f"network '{contract.name}' is of no sensor; available: {listed(NAMES)}")
    _, sits, what = contract.name.split("_")
    every = steps_between(networks, timestep)
    places = [_place(contract.name, group, mounted, sits) for group in contract.groups]
    return Residual(
        every=every,
        members=contract.ensemble,
        what=WHATS[what],
        inertial=sits == INERTIAL,
        source=np.array([source for source, _ in places], np.int64),
        channel=np.array([channel for _, channel in places], np.int64),
        past=past_of(networks, worlds, every * timestep, inputs_given(sits)),
        brain=brain_of(networks, worlds),
    )


def _place(network: str, group: str, mounted: Sequence[Mounted], sits: str) -> tuple[int, int]:
    """What a group looks at and the channel that it is about."""
    kinds, first = ("imu",) if sits == INERTIAL else IN_DRIVES, 0
    found = {}
    for one in mounted:
        if one.sensor.kind in kinds:
            for k, name in enumerate(IMU_CHANNELS if sits == INERTIAL else ("",)):
                label = f"{one.sensor.name}.{name}" if name else one.sensor.name
                found[label] = (first if name else one.source, first + k)
        first += channels_in(one.sensor.kind)
    if group not in found:
        raise CalibrationError(
            f"network '{network}': no sensor '{group}' of that kind; the robot has {listed(found)}"
        )
    return found[group]


@njit(cache=True, nogil=True)
def renew(residual: Residual, lines: line.Lines, drives: np.ndarray, worlds: np.ndarray) -> None:
    """After sensors looked at a step: run the networks of the worlds whose period is over.

    Args:
        residual: its histories go on.
        lines: shift or growth of their channels is written.
        drives: [world drive 5] see `fronts.Sources`.
        worlds: that were sensed.
    """
    past, brain, rows = residual.past, residual.brain, ZERO
    for w in worlds:
        if lines.count[w, 0] % residual.every == 0:
            values = past.values[w, 0, 0]
            for g in range(len(residual.source)):
                s = residual.source[g]
                for i in range(values.shape[1]):
                    if residual.inertial:
                        values[g, i] = lines.ideal[w, s + i]
                    else:
                        values[g, i] = drives[w, s, COLUMNS[i]]
            push(past, w)
            brain.features[rows] = past.features[w, 0, 0]
            brain.due[rows] = w
            rows += 1
    if rows > 0:
        ask(brain, rows, residual.members)
    for n in range(rows):
        for g in range(len(residual.channel)):
            said = float(brain.mean[n, g])
            value = said if residual.what == line.SHIFT else math.expm1(said)
            lines.state[brain.due[n], residual.channel[g], residual.what] = value


def forget(residual: Residual, worlds: Int[np.ndarray, " some"]) -> None:
    """Leave no memory of what some worlds did; their lines forget by themselves."""
    residual.past.fresh[worlds] = True
