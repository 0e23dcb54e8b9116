"""The base of a legged robot, weighed in the moments in which its logs have it stand still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.log import Log
from hybridsim.parameters import Parameter
from hybridsim.robot import Robot
from hybridsim.simulator.along import Along
from hybridsim.simulator.body import bare_body, offered_inertials
from hybridsim.simulator.inputs import held
from hybridsim.simulator.pushed import offsets_of
from hybridsim.walking.legs import Legs
from hybridsim.walking.standing import Rest, base_found

WINDOW = 0.5
"""Over which a rest is averaged [s]; chosen, because a sway of 1 Hz and more then hardly accelerates it."""
STILL = 0.1
"""Mean speed of joints up to which a robot rests [rad/s]."""
FEWEST_LOGS = 3
"""Below which an interval over logs says nothing."""
FOUND = ("mass", "com_x", "com_y")


def base_parameters(
    robot: Robot, logs: Sequence[Log], alongs: Sequence[Along], values: Mapping[str, float]
) -> list[Parameter]:
    """Mass and horizontal centre of mass of the base with 95 % intervals by leaving out logs in turn.

    Nothing where fewer than `FEWEST_LOGS` logs have it stand on all feet.

    Args:
        robot: the design.
        logs: with base_orientation, and contact where they have it.
        alongs: the same, on the grid.
        values: of the drives, for what measured efforts read too much.
    """
    try:
        legs = Legs(robot)
    except SimulationError:  # feet that are no single spheres
        return []
    offset = offsets_of(robot, values)
    rests = [
        found for log, along in zip(logs, alongs, strict=True) if (found := _rests(robot, log, along, offset))
    ]
    if len(rests) < FEWEST_LOGS:
        return []
    whole = base_found(legs, [rest for own in rests for rest in own])
    apart = np.array(
        [
            base_found(legs, [r for k, own in enumerate(rests) if k != n for r in own])
            for n in range(len(rests))
        ]
    )
    count = len(rests)
    half = 1.96 * np.sqrt((count - 1) / count * ((apart - apart.mean(axis=0)) ** 2).sum(axis=0))
    root, prior = bare_body(robot).root, {p.name: p for p in offered_inertials(robot)}
    source = (
        f"stood still for {WINDOW * sum(map(len, rests)):.1f} s in {count} logs; legs weigh as in the URDF"
    )
    return [
        _stated(prior[f"link.{root}.{name}"], float(value), float(wide), source)
        for name, value, wide in zip(FOUND, whole, half, strict=True)
    ]


def _stated(prior: Parameter, value: float, half: float, source: str) -> Parameter:
    inside = min(max(value, prior.low), prior.high)
    return prior.model_copy(
        update={
            "value": inside,
            "interval_95": (inside - half, inside + half),
            "at_bound": inside != value,
            "identifiable": True,
            "source": source,
        }
    )


def _rests(robot: Robot, log: Log, along: Along, offset: Float[np.ndarray, " drive"]) -> list[Rest]:
    """Windows of a log in which the robot stands still on all feet."""
    if "base_orientation" not in log.signals or "contact" not in log.signals:
        return []
    begin = int(log.signal(robot.drives[0].command).stamp_ns[0])
    stamps = begin + np.round(along.time_s * 1e9).astype(np.int64)
    order = [[d.joint for d in robot.drives].index(joint.name) for joint in robot.joints]
    sign = np.array([joint.sign for joint in robot.joints], float)
    zero = np.array([joint.offset.value for joint in robot.joints])
    down = _down(log, stamps)
    touching = np.stack(
        [held(log.signal("contact"), name, stamps) for name in log.signal("contact").components], 1
    )
    good = (along.time_s >= 0) & (touching > 0.5).all(axis=1) & np.isfinite(along.effort).all(axis=1)
    good &= np.isfinite(down).all(axis=1)
    length, found = round(WINDOW / float(np.median(np.diff(along.time_s)))), []
    for start in range(0, len(good) - length, length):
        rows = slice(start, start + length)
        if good[rows].all() and np.abs(along.speed[rows]).mean() < STILL:
            angle, effort = along.angle[rows].mean(axis=0), (along.effort[rows] - offset).mean(axis=0)
            mean = down[rows].mean(axis=0)
            posture = angle[order] * sign + zero
            found.append(Rest(posture, effort[order] * sign, mean / np.linalg.norm(mean)))
    return found


def _down(log: Log, stamps: np.ndarray) -> Float[np.ndarray, "step 3"]:
    """Gravity's direction in the base's axes, from the quaternion xyzw; NaN before the first."""
    signal = log.signal("base_orientation")
    x, y, z, w = (held(signal, name, stamps) for name in signal.components)
    return -np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x**2 + y**2)], axis=1)
