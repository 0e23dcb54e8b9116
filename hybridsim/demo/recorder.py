"""Synthetic recordings of the stand-in, as a real arm's recorder would leave them, into a log store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.demo.motions import motion
from hybridsim.demo.planted import Truth
from hybridsim.demo.standin import HiddenDrives, swing
from hybridsim.log import LogDraft, LogStore, Signal
from hybridsim.robot import Robot

RATE_HZ = 50.0
JITTER = 1e-3
"""How far a stamp lies from where it should, at most [s]."""
NOISE = 0.4e-3
"""Standard deviation of the encoder before it counts [rad]."""
TOGETHER = 8  # worlds; chosen, because more in a process cost cache and win nothing
START_NS = 1_700_000_000_000_000_000  # any moment; not now, so that the same seed gives the same log
NOTE = "SYNTHETIC: recorded from the simulated stand-in of `hybridsim demo`, not from a robot"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """How much is recorded.

    Attributes:
        robot: the design.
        truth: what is hidden.
        seed: of motions, stamps and noise; names the individual.
        duration: of a recording [s].
        timestep: of the stand-in's own simulation [s].
        unit: the synthetic individual; named after the seed where it is empty.
        apart_ns: from the beginning of one recording to that of the next [ns].
    """

    robot: Robot
    truth: Truth
    seed: int
    duration: float
    timestep: float
    unit: str = ""
    apart_ns: int = 0

    @property
    def serial(self) -> str:
        """The synthetic individual."""
        return self.unit or f"synthetic-{self.seed}"

    def record(self, store: Path, numbers: Sequence[int]) -> list[str]:
        """Record the motions of these numbers into a store; returns the logs' ids."""
        found = []
        for start in range(0, len(numbers), TOGETHER):
            batch = numbers[start : start + TOGETHER]
            found += [LogStore(store).add(draft)[0] for draft in self.drafts(batch)]
        return found

    def drafts(self, numbers: Sequence[int]) -> list[LogDraft]:
        """The recordings of these numbers; each depends on its own number and the seed alone."""
        randoms = [np.random.default_rng([self.seed, number]) for number in numbers]
        drives = self.robot.drives
        limits = [self.robot.joint(drive.joint) for drive in drives]
        low, high = [joint.lower.value for joint in limits], [joint.upper.value for joint in limits]
        rows = np.arange(round(self.duration * RATE_HZ)) / RATE_HZ
        time = np.stack([rows + random.uniform(0.0, JITTER, len(rows)) for random in randoms])
        command = np.stack([motion(random, rows, low, high) for random in randoms])
        times, angles = swing(self.robot, self.truth, time, command, self.timestep)
        hidden = HiddenDrives.of(self.robot, self.truth)
        found = []
        for world, (number, random) in enumerate(zip(numbers, randoms, strict=True)):
            true = np.stack([np.interp(time[world], times, column) for column in angles[:, world].T], 1)
            bias = [self.truth.bias.get(drive.joint, 0.0) for drive in drives]
            read = hidden.counted(true + bias + random.normal(0.0, NOISE, true.shape))
            found.append(self._draft(number, time[world], command[world], read))
        return found

    def _draft(
        self,
        number: int,
        time: Float[np.ndarray, " time"],
        command: Float[np.ndarray, "time joint"],
        read: Float[np.ndarray, "time joint"],
    ) -> LogDraft:
        stamps = START_NS + number * self.apart_ns + np.round(time * 1e9).astype(np.int64)
        joints = self.robot.joint_names
        return LogDraft(
            robot=self.robot.name,
            serial=self.serial,
            name=f"synthetic_motion_{number:02d}",
            signals={
                "joint_position_command": Signal("joint_position_command", "rad", joints, stamps, command),
                "joint_position": Signal("joint_position", "rad", joints, stamps, read),
            },
            labels={"synthetic": "yes"},
            notes=(NOTE,),
        )
