"""How a sender's clock lies and runs against the recorder's, from messages that are late by varying times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int64

STRETCHES = 32  # of the recording, each gives its quickest message; chosen, more would gain little
STRETCH_ROWS = 8  # fewer messages in a stretch need not hold a quick one; chosen
FEWEST_STRETCHES = 8  # below, no interval is given; chosen
RUN = 2  # stretches that are drawn together; chosen
RESAMPLES = 400
LEVEL = 0.95
JITTER_ROWS = 200_000  # evenly spaced ones give the quantiles of the delay; chosen

# Quantiles of an exponential distribution over its mean: of the lower quarter and of the median.
QUARTER, HALF = np.log(4 / 3), np.log(2)

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ClockLine:
    """The sender's clock against the recorder's: sender = recorder + offset + drift (t - at).

    Attributes:
        at_ns: stamp at which `offset_s` holds, the middle of the recording.
        offset_s: positive when the sender's clock is ahead [s]. The shortest delay on the way cannot be told
            from an offset: the clock is ahead by this and that delay.
        offset_interval_95_s: of what can be told; None with fewer than 64 messages.
        drift_ppm: positive when the sender's clock runs faster [1e-6].
        drift_interval_95_ppm: None, as `drift_ppm`, with fewer than 64 messages.
        jitter_median_s: delay beyond the shortest, of half of the messages [s].
        jitter_95_s: the same, of 95 % of them [s].
    """

    at_ns: int
    offset_s: float
    offset_interval_95_s: Interval | None = None
    drift_ppm: float | None = None
    drift_interval_95_ppm: Interval | None = None
    jitter_median_s: float
    jitter_95_s: float


def clock_line(
    stamp_ns: Int64[np.ndarray, " row"], late_ns: Int64[np.ndarray, " row"], seed: int = 0
) -> ClockLine | None:
    """A line under the delays of the messages, with intervals; None without messages.

    What a message is late by (receive stamp minus its own) is never less than the clocks' difference, and
    often much more. The quickest message of each stretch of the recording comes close; their delays beyond
    the line are exponential where quick messages are as frequent as slightly slower ones.
    Slope: median of the slopes between stretches (Theil & Sen), which a congested third of them leaves alone.
    Height: q25 - (q50 - q25) ln(4/3) / ln(3/2) of what is left, an exponential's lower end by its quantiles.
    Intervals: bootstrap over runs of stretches.

    Args:
        stamp_ns: the sender's stamps, strictly increasing.
        late_ns: receive stamp minus the sender's.
        seed: of the bootstrap.

    Source: after Moon, Skelly & Towsley 1999, "Estimation and Removal of Clock Skew from Network Delay
    Measurements", whose lowest line has no interval and follows a single stamp that is too late.
    Error: a planted offset and drift lie inside in 90 % of repetitions, tests/ingest/test_stamps.py.
    """
    if not len(stamp_ns):
        return None
    at_ns = int(stamp_ns[0]) + (int(stamp_ns[-1]) - int(stamp_ns[0])) // 2
    base_ns = int(np.min(late_ns))
    stretches = min(STRETCHES, len(stamp_ns) // STRETCH_ROWS)
    told = stretches >= FEWEST_STRETCHES
    slopes, heights = np.zeros(1), np.zeros(1)
    if told:
        rows = _quickest(late_ns, stretches)
        time_s, floor_s = (stamp_ns[rows] - at_ns) * 1e-9, (late_ns[rows] - base_ns) * 1e-9
        slopes, heights = _lines(time_s, floor_s, _draws(stretches, seed))
    some = slice(None, None, max(1, len(stamp_ns) // JITTER_ROWS))
    line_s = heights[0] + slopes[0] * ((stamp_ns[some] - at_ns) * 1e-9)
    half, most = np.quantile((late_ns[some] - base_ns) * 1e-9 - line_s, [0.5, 0.95])
    offsets_s, drifts_ppm = 0.0 - base_ns * 1e-9 - heights, 0.0 - slopes * 1e6
    return ClockLine(
        at_ns=at_ns,
        offset_s=float(offsets_s[0]),
        offset_interval_95_s=_interval(offsets_s) if told else None,
        drift_ppm=float(drifts_ppm[0]) if told else None,
        drift_interval_95_ppm=_interval(drifts_ppm) if told else None,
        jitter_median_s=float(half),
        jitter_95_s=float(most),
    )


def _interval(resampled: Float[np.ndarray, " resample"]) -> Interval:
    """95 % of the resamples, and the estimate itself, which comes first."""
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(min(low, resampled[0])), float(max(high, resampled[0]))


def _quickest(late_ns: Int64[np.ndarray, " row"], stretches: int) -> Int64[np.ndarray, " stretch"]:
    """Row of the quickest message of each stretch of the recording."""
    edges = np.linspace(0, len(late_ns), stretches + 1).astype(np.int64)
    return np.array([start + np.argmin(late_ns[start:end]) for start, end in pairwise(edges)], np.int64)


def _draws(stretches: int, seed: int) -> Int64[np.ndarray, "resample stretch"]:
    """All stretches first, then resamples of them, drawn as runs because one congestion slows several."""
    runs = -(-stretches // RUN)
    start = np.random.default_rng(seed).integers(0, stretches, (RESAMPLES, runs, 1))
    drawn = ((start + np.arange(RUN)) % stretches).reshape(RESAMPLES, -1)[:, :stretches]
    return np.vstack([np.arange(stretches), np.sort(drawn, axis=1)])


def _lines(
    time_s: Float[np.ndarray, " stretch"],
    floor_s: Float[np.ndarray, " stretch"],
    drawn: Int64[np.ndarray, "resample stretch"],
) -> tuple[Float[np.ndarray, " resample"], Float[np.ndarray, " resample"]]:
    """Slope [1] and height at time zero [s] of the line under each resample."""
    early, late = np.triu_indices(len(time_s), 1)
    time, floor = time_s[drawn], floor_s[drawn]
    span = time[:, late] - time[:, early]
    pairs = np.full(span.shape, np.nan)
    np.divide(floor[:, late] - floor[:, early], span, out=pairs, where=span > 0)
    pairs.sort(axis=1)  # what is not a number, a stretch drawn twice, comes last
    middle = (np.count_nonzero(span > 0, axis=1) - 1) // 2
    slopes = np.nan_to_num(pairs[np.arange(len(pairs)), np.maximum(middle, 0)])
    quarter, half = np.quantile(floor - slopes[:, None] * time, [0.25, 0.5], axis=1)
    return slopes, quarter - (half - quarter) * QUARTER / (HALF - QUARTER)
