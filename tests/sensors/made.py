"""Sensors that tests build by hand: kinds with what is not neutral, and sources to look at (synthetic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hybridsim.sensors import TABLES, Described, Mounted, Sensors, Sources

H = 0.0025
"""Timestep of the tests [s]."""


def sensors(
    *given: tuple[str, Mapping[str, float]],
    worlds: int = 1,
    seed: int = 0,
    timestep: float = H,
    gear: float = 1.0,
) -> Sensors:
    """One sensor a (kind, parameters), each the first of its kind's sources; begun, not sensed."""
    mounted = [
        Mounted(Described(f"s{k}", kind, None, None, {}), 0, gear) for k, (kind, _) in enumerate(given)
    ]
    values = {f"s{k}": parameters(kind, own) for k, (kind, own) in enumerate(given)}
    found = Sensors(mounted, [values] * worlds, timestep, seed)
    found.begin(np.arange(worlds))
    return found


def parameters(kind: str, own: Mapping[str, float]) -> dict[str, float]:
    """Neutral but for what is given; every given name is of the kind."""
    neutral = {p.name: p.value for p in TABLES[kind]}
    assert set(own) <= set(neutral), set(own) - set(neutral)
    return {**neutral, **own}


def sources(worlds: int = 1) -> Sources:
    """A link at rest at the origin, upright; a drive at rest; nothing is touched."""
    found = Sources(
        frames=np.zeros((worlds, 1, 18)),
        drives=np.zeros((worlds, 1, 5)),
        force=np.zeros((worlds, 1)),
        wrench=np.zeros((worlds, 1, 6)),
        temperature=np.full(worlds, 25.0),
        gravity=np.array([0.0, 0.0, -9.81]),
    )
    found.frames[:, 0, [0, 4, 8]] = 1.0
    return found


def watched(
    one: Sensors, seen: Sources, signal: Sequence[float] | np.ndarray, array: np.ndarray, column: tuple
) -> np.ndarray:
    """Readings [step world channel] while `array[:, *column]` takes the signal's values, one a step."""
    found, worlds = [], np.arange(len(array))
    for value in signal:
        array[(slice(None), *column)] = value
        one.sense(seen, worlds)
        found.append(one.reading.copy())
    return np.array(found)


def currents(own: Mapping[str, float], effort: Sequence[float] | np.ndarray, **options) -> np.ndarray:
    """Readings [step] of a current sensor while its motor gives these efforts."""
    one, seen = sensors(("current", own), **options), sources()
    return watched(one, seen, effort, seen.drives, (0, 2))[:, 0, 0]
