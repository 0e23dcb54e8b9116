"""What was identified of an inertial sensor, as values of its parameters with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t

from hybridsim.parameters import Parameter
from hybridsim.sensing.conversion import ABOVE_HZ
from hybridsim.sensing.gravity import Gravity
from hybridsim.sensing.imu import FoundImu, FoundRest
from hybridsim.sensing.recording import AXES

CHANNELS = ("gx", "gy", "gz", "ax", "ay", "az")
KNOWN = {"map": 0.05, "delay": 0.01, "lever": 0.1, "acc_bias": 0.5}
"""Half widths beyond which logs say nothing of use [1, s, m, m/s^2]; chosen, because priors say as much."""


class Found(NamedTuple):
    """A value, and half the width of its 95 % interval where there is one."""

    value: float
    half_width: float | None = None
    identifiable: bool = True
    source: str = ""


def stated(parameter: Parameter, found: Found, source: str = "") -> Parameter:
    """A parameter where the logs put it.

    Args:
        parameter: with its bounds, and where its prior comes from.
        found: its value, not yet within the bounds.
        source: of values that name none.
    """
    value, wide = float(np.clip(found.value, parameter.low, parameter.high)), found.half_width
    said = found.source or source
    return parameter.model_copy(
        update={
            "value": value,
            "source": f"{said}; {parameter.source}" if said else parameter.source,
            "interval_95": None if wide is None else (float(found.value - wide), float(found.value + wide)),
            "at_bound": bool(value != found.value),
            "identifiable": bool(found.identifiable),
        }
    )


def imu_values(found: FoundImu) -> dict[str, Found]:
    """Parameters of kind `imu` by name; see `sensors.parameters` for their meaning."""
    frame = found.frame.frame
    values = {
        **_map(
            "gyro_map", frame.rate, found.frame.rate_step.covariance[:9, :9], found.frame.rate_step.freedom
        ),
        **_map(
            "acc_map", frame.force, found.frame.force_step.covariance[:9, :9], found.frame.force_step.freedom
        ),
        **_acc_bias(found),
        **_delays(found),
        **rest_values(found),
    }
    half = found.frame.force_step.half_width[12:15]
    for axis, place, width in zip(AXES, frame.lever, half, strict=True):
        values[f"lever_{axis}"] = _known(float(place), float(width), KNOWN["lever"])
    return values


def rest_values(found: FoundRest) -> dict[str, Found]:
    """Those for which no truth is needed but that nothing moves."""
    codes = found.codes
    return {
        **_gyro_bias(found),
        **_noise(found),
        **_conversions(found),
        "gyro_resolution": Found(codes.gyro_step),
        "acc_resolution": Found(codes.acc_step),
        "gyro_toward_zero": Found(float(codes.gyro_cuts)),
        "rate": Found(1.0 / found.period),
    }


def gravity_values(found: Gravity) -> dict[str, Found]:
    """Scale and bias of an accelerometer that nobody tracked."""
    told, wide = found.half_width is not None, found.half_width
    said = "" if told else "rests lie too much alike to tell scale from bias"
    values = {}
    for k, axis in enumerate(AXES):
        half = (None, None) if wide is None else (float(wide[k]), float(wide[3 + k]))
        values[f"acc_map_{axis}{axis}"] = Found(float(found.scale[k]), half[0], told, said)
        values[f"acc_bias_{axis}"] = Found(float(found.bias[k]), half[1], told, said)
    return values


def _known(value: float, half_width: float, most: float) -> Found:
    return Found(value, half_width, half_width < most)


def _map(
    name: str,
    matrix: Float[np.ndarray, "3 3"],
    covariance: Float[np.ndarray, "9 9"],
    freedom: Float[np.ndarray, " unknown"],
) -> dict[str, Found]:
    """The inverse, row what is read, column the body's axis."""
    back = np.linalg.inv(matrix)
    slope = np.kron(back, back.T)
    spread = np.sqrt(np.diag(slope @ covariance @ slope.T))
    half = t.ppf(0.975, freedom[:9].min()) * spread
    return {
        f"{name}_{row}{column}": _known(float(v), float(h), KNOWN["map"])
        for (row, column), v, h in zip(product(AXES, AXES), back.ravel(), half, strict=True)
    }


def _acc_bias(found: FoundImu) -> dict[str, Found]:
    frame, step = found.frame.frame, found.frame.force_step
    back = np.linalg.inv(frame.force)
    bias = -back @ frame.offset
    slope = np.concatenate([-np.einsum("ia,b->iab", back, bias).reshape(3, 9), -back], axis=1)
    spread = np.sqrt(np.diag(slope @ step.covariance[:12, :12] @ slope.T))
    half = t.ppf(0.975, step.freedom[:12].min()) * spread
    return {
        f"acc_bias_{axis}": _known(float(v), float(h), KNOWN["acc_bias"])
        for axis, v, h in zip(AXES, bias, half, strict=True)
    }


def _gyro_bias(found: FoundRest) -> dict[str, Found]:
    """Mean over the logs' first rests, and how much it differs from one to the next."""
    count = len(found.biases)
    if count > 1:
        half = t.ppf(0.975, count - 1) * found.biases.std(axis=0, ddof=1) / np.sqrt(count)
        turn_on = np.sqrt(np.maximum(found.biases.var(axis=0, ddof=1) - (found.scatter**2).mean(axis=0), 0.0))
    else:
        half, turn_on = 1.96 * found.scatter[0], np.zeros(3)
    values = {}
    for k, axis in enumerate(AXES):
        values[f"gyro_bias_{axis}"] = Found(float(found.biases[:, k].mean()), float(half[k]))
        values[f"gyro_turn_on_{axis}"] = Found(
            float(turn_on[k]),
            _sigma_width(turn_on[k], count),
            count > 1,
            "" if count > 1 else "one log alone",
        )
    return values


def _sigma_width(sigma: float, count: int) -> float | None:
    """Half width of a standard deviation of so many normal values."""
    return float(1.96 * sigma / np.sqrt(2.0 * (count - 1))) if count > 1 else None


def _noise(found: FoundRest) -> dict[str, Found]:
    noise = found.noise
    sigma = np.sqrt(np.diag(noise.covariance))
    values: dict[str, Found] = {}
    if not len(noise.logs):
        return values
    white, walk = np.sqrt(np.maximum(noise.logs[:, 0], 0.0)), noise.logs[:, 1]
    for k, (word, axis) in enumerate(product(("gyro", "acc"), AXES)):
        values[f"{word}_white_{axis}"] = Found(float(sigma[k]), _width(white[:, k]))
        width = _width(walk[:, k])
        seen = width is not None and noise.walk[k] ** 2 > width
        values[f"{word}_walk_{axis}"] = Found(
            float(noise.walk[k]), None, seen, "" if seen else "too small to see"
        )
    for (k, a), (n, b) in combinations(enumerate(CHANNELS), 2):
        values[f"correlation_{a}_{b}"] = Found(
            float(noise.covariance[k, n] / max(sigma[k] * sigma[n], 1e-30))
        )
    return values


def _width(values: Float[np.ndarray, " log"]) -> float | None:
    """Half width of the mean's interval over logs."""
    if len(values) < 2:
        return None
    return float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def _delays(found: FoundImu) -> dict[str, Found]:
    """Behind the truth's stamps; where clocks were never synchronised nothing is known."""
    frame = found.frame
    halves = (float(frame.delay_step.half_width[9]), float(frame.force_step.half_width[17]))
    values = {}
    for word, delay, half in zip(
        ("gyro", "acc"), (frame.frame.rate_delay, frame.frame.force_delay), halves, strict=True
    ):
        values[f"{word}_delay"] = (
            Found(0.0, None, False, _apart(found.lags))
            if found.lags.any()
            else _known(delay, half, KNOWN["delay"])
        )
    return values


def _conversions(found: FoundRest) -> dict[str, Found]:
    """Clocks of conversions; another rate that has the same alias reads alike."""
    values = {}
    for word, clock in zip(("gyro", "acc"), found.conversions, strict=True):
        if clock is None:
            values[f"{word}_conversion"] = Found(0.0, None, False, "no clock of its own shows")
            continue
        said = (
            f"seen at {clock.alias:.2f} Hz, where it explains {clock.explained:.0%} of the variance above "
            f"{ABOVE_HZ:g} Hz in motion; rates whose alias is the same read alike"
        )
        values[f"{word}_conversion"] = Found(clock.rate, clock.half_width, source=said)
    return values


def _apart(lags: Sequence[float] | Float[np.ndarray, " log"]) -> str:
    worst = float(np.max(np.abs(lags)))
    return f"clocks of truth and sensor lie up to {worst:.3g} s apart, so that delays are not known"
