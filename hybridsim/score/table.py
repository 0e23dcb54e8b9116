"""The errors of one signal over all logs: one row a log, from which every score is a mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from hybridsim.errors import LogError, SimulationError, listed
from hybridsim.replay import Replay
from hybridsim.score.bootstrap import mean_over_logs, ratio
from hybridsim.score.deviation import check_replay, deviation, error_components
from hybridsim.signals import SignalKind


@dataclass(frozen=True, kw_only=True)
class VariantErrors:
    """What one variant did on every log of a signal; NaN where a log lacks the component.

    `bias` is predicted minus measured, NaN where the error has no sign (norms, angles of rotation).
    """

    mae: Float[np.ndarray, "log error"]
    square: Float[np.ndarray, "log error"]
    bias: Float[np.ndarray, "log error"]

    def by_log(self) -> Float[np.ndarray, " log"]:
        """Mean absolute error of each log over the components it has."""
        return mean_over_logs(self.mae.T)


@dataclass(frozen=True, kw_only=True)
class SignalErrors:
    """All logs of one signal, in the order of their ids.

    `samples` counts the measured samples behind each mean, `missing` those without a measurement.
    """

    signal: str
    unit: str
    kind: SignalKind
    components: tuple[str, ...]
    log_ids: tuple[str, ...]
    samples: Int[np.ndarray, "log error"]
    missing: Int[np.ndarray, "log error"]
    variants: dict[str, VariantErrors]


def signal_errors(replays: Sequence[Replay], kind: SignalKind) -> SignalErrors:
    """Errors of one signal's replays; a log without a single measured sample is left out.

    Raises:
        LogError: a log twice, no measured sample at all.
        SimulationError: components, unit or variants differ between logs, or a prediction is not finite.
    """
    for replay in replays:
        check_replay(replay, kind)
    check_alike(replays)
    used = sorted((r for r in replays if scored(r, kind)), key=lambda replay: replay.log_id)
    if not used:
        raise LogError(
            f"signal {replays[0].signal}: no measured sample in {len(replays)} logs; expected at least one"
        )
    variants = {
        name: [deviation(r.measured, r.predicted[name], kind) for r in used] for name in used[0].predicted
    }
    have = [np.isfinite(error) for error in next(iter(variants.values()))]
    return SignalErrors(
        signal=used[0].signal,
        unit="rad" if kind == "quaternion" else used[0].unit,
        kind=kind,
        components=error_components(used[0].components, kind),
        log_ids=tuple(replay.log_id for replay in used),
        samples=np.stack([h.sum(axis=0) for h in have]),
        missing=np.stack([(~h).sum(axis=0) for h in have]),
        variants={
            name: variant_errors(errors, signed=kind in ("angle", "scalar"))
            for name, errors in variants.items()
        },
    )


def variant_errors(errors: Sequence[Float[np.ndarray, "_ error"]], *, signed: bool) -> VariantErrors:
    """Means over each log's measured samples."""

    def rows(of: Callable[[Float[np.ndarray, "_ error"]], Float[np.ndarray, "_ error"]]) -> np.ndarray:
        return np.stack([mean_over_logs(of(error)) for error in errors])

    bias = rows(lambda error: error)
    return VariantErrors(
        mae=rows(np.abs), square=rows(np.square), bias=bias if signed else np.full_like(bias, np.nan)
    )


def scored(replay: Replay, kind: SignalKind) -> bool:
    """Whether the log has at least one measured sample of the signal."""
    return bool(np.isfinite(deviation(replay.measured, replay.measured, kind)).any())


def check_alike(replays: Sequence[Replay]) -> None:
    """Refuse replays of one signal that cannot share a table."""
    first, seen = replays[0], set()
    for replay in replays:
        if replay.log_id in seen:
            raise LogError(f"log {replay.log_id}: replayed twice for signal {replay.signal}; expected once")
        seen.add(replay.log_id)
        if (replay.components, replay.unit) != (first.components, first.unit):
            raise SimulationError(
                f"log {replay.log_id}: signal {replay.signal} has {listed(replay.components)} in "
                f"{replay.unit}; expected {listed(first.components)} in {first.unit} as in log {first.log_id}"
            )
        if set(replay.predicted) != set(first.predicted) or not replay.predicted:
            raise SimulationError(
                f"log {replay.log_id}: signal {replay.signal} has variants {listed(replay.predicted)}; "
                f"expected {listed(first.predicted)} as in log {first.log_id}"
            )


def coverage(
    replays: Sequence[Replay],
) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]] | None:
    """Fraction of measured samples inside [low, high], and the mean width of that interval, per component.

    Every measured sample counts once. None where no replay has an interval.
    """
    banded = [(r.measured, r.low, r.high) for r in replays if r.low is not None and r.high is not None]
    if not banded:
        return None
    measured, low, high = (np.concatenate(arrays) for arrays in zip(*banded, strict=True))
    have = np.isfinite(measured)
    inside = have & (low <= measured) & (measured <= high)
    count = have.sum(axis=0).astype(float)
    return ratio(inside.sum(axis=0).astype(float), count), ratio(
        np.where(have, high - low, 0.0).sum(axis=0), count
    )
