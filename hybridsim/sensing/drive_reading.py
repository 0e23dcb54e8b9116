"""A current, torque or duty sensor identified on what the simulator's drive did along the logs.

    reading = |gain (effort + friction sign(speed)) (duty) + bias + noise|, low-passed, late, in counts

Whether the supply's current is read (times the duty) or the winding's, and whether magnitudes are read, is
found too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.signal import lfilter

from hybridsim.sensing.codes import step_of
from hybridsim.sensing.lasting import noise_values
from hybridsim.sensing.lines import Line, fit_line, fitting, half_width
from hybridsim.sensing.values import Found
from hybridsim.sensing.watched import Watched
from hybridsim.sensors.layout import smoothing

FRICTION_SPEED = 0.1
"""Speed at which 71 % of the friction are there, `sensors.parameters` [rad/s]."""
BANDWIDTHS = (0.0, 30.0, 15.0, 8.0, 4.0, 2.0, 1.0)
"""Corners that are tried [Hz], 0 for none."""
LONGEST_DELAY, DELAYS = 0.1, 21
"""Delays that are tried [s]."""
WORTH = 0.01
"""Share of the cost that a low-pass, delay or friction has to win; chosen, because logs differ by less."""
OPPOSED = 0.02
"""Share of rows that drive backwards from which on readings without a minus are magnitudes."""
GAIN = "of the replayed drive, whose own scale rests on its parameters"
MOST_ROWS = 20_000
"""Rows that timing is looked for on."""
KNOWN = 0.5
"""Half width over the value, beyond which logs say nothing of use."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a signal goes through before it is read."""

    supply: bool = False
    delay: float = 0.0
    bandwidth: float = 0.0


def readings_err(
    kind: str, logs: Sequence[Watched], judges: Sequence[Watched], stated: bool = False
) -> tuple[float, float]:
    """Mean absolute error on judges, fitted on logs: as the winding's and as the supply's current."""
    unsigned, _, least = _codes(kind, logs, stated)
    one, other = (
        _judged(kind, Way(supply=supply), logs, judges, unsigned, least) for supply in (False, True)
    )
    return one, other


def fit_reading(
    kind: str,
    logs: Sequence[Watched],
    judges: Sequence[Watched] = (),
    *,
    supply: bool = False,
    stated: bool = False,
) -> dict[str, Found]:
    """Parameters of a sensor in a drive by name, see `sensors.parameters`.

    Args:
        kind: `current`, `torque` or `duty`.
        logs: fitted on, at least one.
        judges: whose variance it has to explain; `logs` where there are none.
        supply: whether what the supply gives is read.
        stated: whether robot.toml says that magnitudes are read, where the logs do not tell.
    """
    unsigned, step, least = _codes(kind, logs, stated)
    way, early = _timing(kind, Way(supply=supply), logs, unsigned, least)
    line, rubs = _line(kind, way, logs, unsigned, least)
    slope, reading, _ = _rows(kind, way, judges or logs, rubs)
    left = reading - fitting(line.value, slope, unsigned)
    return {
        **_line_values(line, rubs, kind, 1.0 - float((left**2).mean() / reading.var())),
        **_timing_values(way, early, logs[0].timestep),
        "unsigned": Found(float(unsigned), source=_unsigned(unsigned)),
        "resolution": Found(step, identifiable=step > 0.0, source="the step of all readings"),
        **_noise(line, kind, way, logs, rubs, unsigned, step),
    }


def _codes(kind: str, logs: Sequence[Watched], stated: bool) -> tuple[bool, float, float]:
    """Whether magnitudes are read, the step of the readings, and the least scatter that is believed."""
    readings = np.concatenate([one.reading for one in logs])
    truth = np.concatenate([_source(kind, one, Way()) for one in logs])
    backwards = min((truth < 0.0).mean(), (truth > 0.0).mean())
    unsigned = bool((readings >= 0.0).all() and (backwards > OPPOSED or stated))
    step = step_of(readings)
    return unsigned, step, 0.5 * step if step > 0.0 else 1e-3 * float(np.abs(readings).max())


def _source(kind: str, one: Watched, way: Way) -> Float[np.ndarray, " step"]:
    """What the sensor measures, before any error."""
    if kind == "duty":
        return one.duty
    return one.motor * one.duty if way.supply else one.motor


def _rubbing(kind: str, one: Watched, way: Way) -> Float[np.ndarray, " step"]:
    """What a friction of 1 N*m adds."""
    share = one.speed / FRICTION_SPEED
    found = share / np.sqrt(1.0 + share**2)
    return np.zeros_like(found) if kind == "duty" else found * one.duty if way.supply else found


def carried(values: Float[np.ndarray, " step"], one: Watched, way: Way) -> Float[np.ndarray, " row"]:
    """Values at every step, low-passed and late, at the readings' times; as `sensors.line` does it."""
    share = smoothing(way.bandwidth, one.timestep)
    if share < 1.0:
        rest = values[0]
        values = rest + lfilter([share], [1.0, share - 1.0], values - rest)
    return np.interp(one.time - way.delay, np.arange(len(values)) * one.timestep, values)


def _rows(
    kind: str, way: Way, logs: Sequence[Watched], rubs: bool, every: int = 1
) -> tuple[Float[np.ndarray, "row unknown"], Float[np.ndarray, " row"], Int[np.ndarray, " row"]]:
    """Slopes of gain, bias and friction, readings, and which log each is from."""
    slopes, numbers = [], []
    for n, one in enumerate(logs):
        columns = [carried(_source(kind, one, way), one, way), np.ones_like(one.time)]
        if rubs:
            columns.append(carried(_rubbing(kind, one, way), one, way))
        slopes.append(np.stack(columns, axis=1)[::every])
        numbers.append(np.full(len(slopes[-1]), n))
    return (
        np.concatenate(slopes),
        np.concatenate([one.reading[::every] for one in logs]),
        np.concatenate(numbers),
    )


def _judged(
    kind: str, way: Way, logs: Sequence[Watched], judges: Sequence[Watched], unsigned: bool, least: float
) -> float:
    """Mean absolute error on the judges of a line fitted on the logs."""
    line, rubs = _line(kind, way, logs, unsigned, least)
    slope, reading, _ = _rows(kind, way, judges, rubs)
    return float(np.abs(reading - fitting(line.value, slope, unsigned)).mean())


def _line(kind: str, way: Way, logs: Sequence[Watched], unsigned: bool, least: float) -> tuple[Line, bool]:
    """The line, with friction where that is worth it and helps the motion, and whether it is."""
    plain = fit_line(*_rows(kind, way, logs, False), unsigned=unsigned, least=least)
    if kind == "duty":
        return plain, False
    found = fit_line(*_rows(kind, way, logs, True), unsigned=unsigned, least=least, held=plain.scatter)
    rubs = found.value[0] * found.value[2] > 0.0 and found.cost < (1.0 - WORTH) * _cost(
        kind, way, logs, unsigned, least, plain.scatter
    )
    if not rubs:
        return plain, False
    return fit_line(*_rows(kind, way, logs, True), unsigned=unsigned, least=least), True


def _cost(
    kind: str,
    way: Way,
    logs: Sequence[Watched],
    unsigned: bool,
    least: float,
    held: tuple[float, float],
    every: int = 1,
) -> float:
    rows = _rows(kind, way, logs, False, every)
    return fit_line(*rows, unsigned=unsigned, least=least, held=held).cost


def _timing(kind: str, way: Way, logs: Sequence[Watched], unsigned: bool, least: float) -> tuple[Way, bool]:
    """Delay and low-pass of least cost, none where they win little; and whether readings come early."""
    every = max(1, sum(len(one.time) for one in logs) // MOST_ROWS)
    held = fit_line(*_rows(kind, way, logs, False, every), unsigned=unsigned, least=least).scatter

    def cost(delay: float, bandwidth: float) -> float:
        tried = Way(supply=way.supply, delay=delay, bandwidth=bandwidth)
        return _cost(kind, tried, logs, unsigned, least, held, every)

    delays = np.linspace(0.0, LONGEST_DELAY, DELAYS)
    found = [cost(delay, 0.0) for delay in delays]
    smooth = [cost(0.0, bandwidth) for bandwidth in BANDWIDTHS]
    early = cost(-delays[1], 0.0) < (1.0 - WORTH) * found[0]
    if min(smooth) < min(found) and min(smooth) < (1.0 - WORTH) * found[0]:
        return Way(supply=way.supply, bandwidth=BANDWIDTHS[int(np.argmin(smooth))]), early
    if min(found) < (1.0 - WORTH) * found[0]:
        return Way(supply=way.supply, delay=_lowest(delays, np.array(found))), early
    return way, early


def _lowest(place: Float[np.ndarray, " k"], cost: Float[np.ndarray, " k"]) -> float:
    """Where the parabola through the least cost and its neighbours is lowest."""
    k = int(np.clip(cost.argmin(), 1, len(cost) - 2))
    below, here, above = cost[k - 1 : k + 2]
    bend = below - 2.0 * here + above
    shift = 0.5 * (below - above) / bend if bend > 0.0 else 0.0
    return float(max(place[k] + np.clip(shift, -1.0, 1.0) * (place[1] - place[0]), 0.0))


def _line_values(line: Line, rubs: bool, kind: str, explained: float) -> dict[str, Found]:
    """Gain, bias and friction with their intervals."""
    gain, bias = line.value[:2]
    wide = half_width(line.without[:, 0])
    known = explained > 0.0 and (wide is None or wide < KNOWN * abs(gain))
    said = f"with it the replay explains {explained:.0%} of the variance on logs that judge; {GAIN}"
    found = {
        "gain": Found(float(gain), wide, known, said),
        "bias": Found(float(bias), half_width(line.without[:, 1])),
    }
    if kind != "duty":
        rubbed = line.value[2] / gain if rubs else 0.0
        width = half_width(line.without[:, 2] / line.without[:, 0]) if rubs else None
        found["friction"] = Found(float(rubbed), width, rubs and (width is None or width < rubbed))
    return found


def _timing_values(way: Way, early: bool, timestep: float) -> dict[str, Found]:
    told = "told apart from the drive's own delay only as far as the replay is"
    late = "readings come before the replayed effort, so this is its bound" if early else told
    return {
        "delay": Found(-timestep if early else way.delay, timestep, way.bandwidth == 0.0 and not early, late),
        "bandwidth": Found(way.bandwidth, None, way.bandwidth > 0.0, "of the corners that were tried"),
    }


def _noise(
    line: Line, kind: str, way: Way, logs: Sequence[Watched], rubs: bool, unsigned: bool, step: float
) -> dict[str, Found]:
    """What the line leaves over; where magnitudes are read, on the side of what is simulated."""
    slope, reading, number = _rows(kind, way, logs, rubs)
    simulated = slope @ line.value
    side = np.where(simulated < 0.0, -1.0, 1.0) if unsigned else 1.0
    period = float(np.median(np.diff(logs[0].time)))
    return noise_values(side * reading - simulated, number, period, step**2 / 12.0)


def _unsigned(unsigned: bool) -> str:
    return "no reading is negative, though the drive drives both ways" if unsigned else "readings have a sign"
