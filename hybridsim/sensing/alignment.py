"""How a sensor's clock and axes lie against those of the tracked pose, roughly; and what rules a log out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.signal import correlate

from hybridsim.errors import LogError
from hybridsim.frames import rotated
from hybridsim.sensing.filters import low_passed
from hybridsim.sensing.recording import ACC, GYRO, Recording
from hybridsim.sensing.rest import bias, first_rest
from hybridsim.sensing.turns import Vectors, rates

BAND_HZ = 5.0
"""Of what is compared."""
FARTHEST_S = 30.0
"""Clocks further apart are not found."""
ALIKE = 0.7
"""Correlation below which both do not show one motion; chosen, because clocks or motions then differ."""
SIZE = 0.2
"""Share by which rates and gravity may differ in size."""
GRAVITY = 9.81
STEADY, UP_HZ = 0.97, 0.5
"""Least steadiness of gravity in the world, and the band in which it is looked at; chosen between BROAD's
logs and the same with swapped axes."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Where truth lies against a sensor.

    Attributes:
        rows: by which the truth's stamps are later than the sensor's, to the nearest row.
        rotation_body_from_sensor: between the tracked body's axes and the sensor's.
        correlation: of the rates that they see [1].
    """

    rows: int
    rotation_body_from_sensor: Float[np.ndarray, "3 3"]
    correlation: float


def alignment_of(recording: Recording) -> Alignment:
    """Compare rates by size, then by direction.

    Raises:
        LogError: units, axes or the motion itself do not fit the truth; says which.
    """
    require_gravity(recording)
    read = low_passed(recording.gyro - bias(recording), BAND_HZ, recording.period)
    true = low_passed(rates(recording.orientation, recording.period), BAND_HZ, recording.period)
    true[recording.missing] = 0.0
    rows = _lag(np.linalg.norm(read, axis=1), np.linalg.norm(true, axis=1), recording.count(FARTHEST_S))
    true = np.roll(true, -rows, axis=0)
    used = ~np.roll(recording.missing, -rows)
    found = _turn(recording, rows, read[used], true[used])
    _require_one_up(recording, found)
    return found


def _lag(read: Float[np.ndarray, " row"], true: Float[np.ndarray, " row"], most: int) -> int:
    """Rows by which `true` comes later."""
    both = correlate(true - true.mean(), read - read.mean(), mode="full", method="fft")
    lags = np.arange(len(both)) - (len(read) - 1)
    near = np.abs(lags) <= most
    return int(lags[near][np.argmax(both[near])])


def _turn(recording: Recording, rows: int, read: Vectors, true: Vectors) -> Alignment:
    """Rotation that takes what is read to what is true."""
    size = float(np.sqrt((true**2).sum() / max((read**2).sum(), 1e-30)))
    left, strength, right = np.linalg.svd(true.T @ read)
    mirrored = np.linalg.det(left @ right) < 0.0
    total = float(np.sqrt((true**2).sum() * (read**2).sum()))
    kept = strength * np.array([1.0, 1.0, -1.0 if mirrored else 1.0])
    correlation = float(strength.sum()) / max(total, 1e-30)
    if correlation < ALIKE:
        raise LogError(
            f"log {recording.name}: '{GYRO}' and the pose's rates have a correlation of {correlation:.2f}; "
            f"expected {ALIKE:g} or more: another motion, or clocks more than {FARTHEST_S:g} s apart"
        )
    if abs(size - 1.0) > SIZE:
        raise LogError(
            f"log {recording.name}: '{GYRO}' is {1.0 / size:.3g} times the pose's rates; expected 1 to "
            f"{SIZE:.0%}{_unit(size, ('deg/s', 'rad/s'))}"
        )
    if mirrored and strength[2] > 0.1 * strength[0]:
        raise LogError(
            f"log {recording.name}: '{GYRO}' fits the pose only in a mirror; expected right-handed axes: "
            "two are swapped, or one has the wrong sign"
        )
    rotation = left @ np.diag([1.0, 1.0, -1.0 if mirrored else 1.0]) @ right
    return Alignment(
        rows=rows, rotation_body_from_sensor=rotation, correlation=float(kept.sum()) / max(total, 1e-30)
    )


def _require_one_up(recording: Recording, alignment: Alignment) -> None:
    """Refuse an accelerometer whose axes are not the gyroscope's: gravity then points to many sides."""
    steady = one_up(recording, alignment)
    if steady < STEADY:
        raise LogError(
            f"log {recording.name}: '{ACC}' in the world's axes has gravity point to many sides (mean length "
            f"{steady:.2f}); expected one: its axes are not those of '{GYRO}'"
        )


def one_up(recording: Recording, alignment: Alignment) -> float:
    """Length of the mean force over the mean length of forces, in the world's axes: 1 where all point up."""
    pose = np.roll(recording.orientation, -alignment.rows, axis=0)
    force = recording.acc @ alignment.rotation_body_from_sensor.T
    world = low_passed(rotated(pose, force), UP_HZ, recording.period)
    return float(np.linalg.norm(world.mean(axis=0)) / np.linalg.norm(world, axis=1).mean())


def require_gravity(recording: Recording) -> None:
    """Refuse an accelerometer that does not show gravity at rest."""
    rest = first_rest(recording)
    size = float(np.linalg.norm(recording.acc[rest].mean(axis=0)))
    if abs(size / GRAVITY - 1.0) > SIZE:
        hint = "; it looks like g" if abs(size - 1.0) < SIZE else ""
        hint = "; it looks like mg" if abs(size / 1000.0 - 1.0) < SIZE else hint
        raise LogError(
            f"log {recording.name}: '{ACC}' shows {size:.3g} m/s^2 at rest; expected {GRAVITY:g} to "
            f"{SIZE:.0%}{hint}"
        )


def _unit(size: float, names: tuple[str, str]) -> str:
    """A guess at the unit."""
    if abs(size / (np.pi / 180.0) - 1.0) < SIZE:
        return f"; it looks like {names[0]} declared as {names[1]}"
    if abs(size / (180.0 / np.pi) - 1.0) < SIZE:
        return f"; it looks like {names[1]} declared as {names[0]}"
    return ""
