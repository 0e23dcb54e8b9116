"""Free-running replays of logs in the simulator, many logs at once as worlds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from hybridsim.progress import Progress
from hybridsim.simulator.carry import KEPT, Rows
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.sim import HybridSim

WORLDS = 8  # chosen, because more clients in a process cost cache and win nothing, fewer cost calls


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """What the simulator did under one log's commands, at its physics steps; angles in joint angle.

    Attributes:
        log_id: the log.
        timestep: between rows [s]; row 0 is the log's first stamp.
        angle: as the encoders would read it, residual included, not quantised [rad].
        analytic: the same without the residual [rad].
        speed: of the analytic shaft [rad/s].
        load: effort that the rigid body asks of each drive [N*m].
        command: as sent [rad].
        spread: of the residual's ensemble [rad], 0 without one.
        motor: effort of the motor, at the output [N*m].
        duty: share of the supply voltage on it [1].
    """

    log_id: str
    timestep: float
    angle: Float[np.ndarray, "step drive"]
    analytic: Float[np.ndarray, "step drive"]
    speed: Float[np.ndarray, "step drive"]
    load: Float[np.ndarray, "step drive"]
    command: Float[np.ndarray, "step drive"]
    spread: Float[np.ndarray, "step drive"]
    motor: Float[np.ndarray, "step drive"]
    duty: Float[np.ndarray, "step drive"]

    def at(self, field: str, time: Float[np.ndarray, " time"]) -> Float[np.ndarray, "time drive"]:
        """A field at other times since the log's first stamp, linear between the steps."""
        values = getattr(self, field)
        place = np.clip(time / self.timestep, 0.0, len(values) - 1.0)
        below = np.minimum(place.astype(np.int64), max(len(values) - 2, 0))
        above = np.minimum(below + 1, len(values) - 1)
        share = (place - below)[:, None]
        return values[below] + share * (values[above] - values[below])


def replay_logs(
    simulator: Callable[[int, dict[str, float]], HybridSim],
    logs: Sequence[LogInputs],
    progress: Progress | None = None,
) -> list[Trajectory]:
    """Replay every log from its first measured state; measurements are never looked at again.

    Args:
        simulator: builds worlds: (how many, a log's constants) -> HybridSim.
        logs: what to replay.
        progress: called as progress(logs done, logs).

    Returns:
        One trajectory a log, in the logs' order.
    """
    found: dict[str, Trajectory] = {}
    for batch in batches(logs):
        with simulator(len(batch), dict(batch[0].constants)) as sim:
            for trajectory in _run(sim, batch):
                found[trajectory.log_id] = trajectory
        if progress is not None:
            progress(len(found), len(logs))
    return [found[log.log_id] for log in logs]


def batches(logs: Sequence[LogInputs], most: int = WORLDS) -> list[list[LogInputs]]:
    """Logs of one set-up, alike in length, at most `most` together."""
    groups: dict[tuple, list[LogInputs]] = {}
    for log in logs:
        groups.setdefault(tuple(sorted(log.constants.items())), []).append(log)
    found = []
    for group in groups.values():
        ordered = sorted(group, key=lambda log: (-log.time_s[-1], log.log_id))
        found += [ordered[k : k + most] for k in range(0, len(ordered), most)]
    return found


def first_angle(log: LogInputs) -> Float[np.ndarray, " drive"]:
    """The first measured angle of each drive [rad]."""
    seen = np.isfinite(log.measured)
    return log.measured[seen.argmax(axis=0), np.arange(log.measured.shape[1])]


def _run(sim: HybridSim, logs: Sequence[LogInputs]) -> list[Trajectory]:
    """Step all logs of a batch together, each to its own end."""
    h = sim.timestep
    steps = np.array([int(np.ceil(log.time_s[-1] / h - 1e-9)) for log in logs])
    speed = np.stack([np.broadcast_to(log.first_speed, len(sim.joints)) for log in logs])
    sim.reset((np.stack([first_angle(log) for log in logs]) - sim.drive_offset) / sim.drive_scale, speed)
    first = sim.fields(np.stack([log.command[0] for log in logs]))
    kept = np.concatenate([first[:, None], sim.play(_table(logs, steps, h))], axis=1)
    return [
        Trajectory(
            log_id=log.log_id,
            timestep=h,
            **{name: kept[n, : steps[w] + 1, w] for n, name in enumerate(KEPT)},
        )
        for w, log in enumerate(logs)
    ]


def _table(logs: Sequence[LogInputs], steps: Int[np.ndarray, " log"], h: float) -> Rows:
    """All logs' inputs one after the other, and the row that each takes in every step.

    Active is the command of the middle of a step; the last one after a log's end.
    """
    middle = (np.arange(steps.max()) + 0.5) * h
    start = np.cumsum([0, *(len(log.time_s) for log in logs)])
    rows = [
        first + np.clip(np.searchsorted(log.time_s, middle, side="right") - 1, 0, len(log.time_s) - 1)
        for first, log in zip(start, logs, strict=False)
    ]
    return Rows(
        command=np.concatenate([log.command for log in logs]),
        gain=np.concatenate([log.gain for log in logs]),
        voltage=np.concatenate([log.voltage for log in logs]),
        enabled=np.concatenate([log.enabled for log in logs]),
        row=np.ascontiguousarray(np.stack(rows, axis=1)),
        steps=steps,
    )
