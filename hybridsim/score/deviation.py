"""How far a prediction is from a measurement, sample by sample, by the kind of the signal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.frames import geodesic_angle
from hybridsim.replay import Replay
from hybridsim.signals import SignalKind

# How many columns make one error, and what that error is called when the columns share no name.
WIDTH: dict[SignalKind, int] = {"angle": 1, "scalar": 1, "vector": 3, "quaternion": 4}
WORD: dict[SignalKind, str] = {"angle": "", "scalar": "", "vector": "norm", "quaternion": "angle"}


def deviation(
    measured: Float[np.ndarray, "time component"],
    predicted: Float[np.ndarray, "time component"],
    kind: SignalKind,
) -> Float[np.ndarray, "time error"]:
    """Predicted minus measured, in the one number (or one a component) that the kind is scored by.

    Angles and scalars keep their sign and are never wrapped: a joint one turn off is one turn off.
    Three columns of a vector give one Euclidean norm, four of an xyzw quaternion one geodesic angle [rad].
    NaN in `measured` gives NaN.
    """
    if WIDTH[kind] == 1:
        return predicted - measured
    columns = measured.shape[0], measured.shape[1] // WIDTH[kind], WIDTH[kind]
    one, other = measured.reshape(columns), predicted.reshape(columns)
    if kind == "vector":
        return np.linalg.norm(other - one, axis=-1)
    return geodesic_angle(one, other)


def error_components(components: Sequence[str], kind: SignalKind) -> tuple[str, ...]:
    """Names of the columns that `deviation` returns: base_x, base_y, base_z as a vector is base."""
    width = WIDTH[kind]
    if width == 1:
        return tuple(components)
    groups = [components[i : i + width] for i in range(0, len(components), width)]
    return tuple(shared_start(group) or WORD[kind] for group in groups)


def shared_start(names: Sequence[str]) -> str:
    """What all names begin with, without a trailing separator; empty where they share nothing."""
    length = 0
    while all(len(name) > length and name[length] == names[0][length] for name in names):
        length += 1
    return names[0][:length].rstrip("_.-/")


def check_replay(replay: Replay, kind: SignalKind) -> None:
    """Refuse a replay that cannot be scored.

    Raises:
        SimulationError: a prediction is not finite, names log, signal, variant, component and time; or the
            number of columns does not fit the kind.
    """
    columns = len(replay.components)
    if columns % WIDTH[kind] or not columns:
        raise SimulationError(
            f"log {replay.log_id}: signal {replay.signal} has {columns} components; "
            f"expected a multiple of {WIDTH[kind]} for kind '{kind}'"
        )
    for variant, predicted in replay.predicted.items():
        if predicted.shape != replay.measured.shape:
            raise SimulationError(
                f"log {replay.log_id}: signal {replay.signal}, variant {variant} has shape "
                f"{predicted.shape}; expected {replay.measured.shape} as measured"
            )
        bad = np.argwhere(~np.isfinite(predicted))
        if len(bad):
            row, column = bad[0]
            raise SimulationError(
                f"log {replay.log_id}: signal {replay.signal}, variant {variant} predicts "
                f"{predicted[row, column]} for {replay.components[column]} at {replay.time_s[row]:.3f} s; "
                "expected finite numbers"
            )
