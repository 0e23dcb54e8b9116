"""What a recorder on the robot would have heard: samples with the stamps and arrivals of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from hybridsim.export.topics import BATTERY, IMU, JOINT_STATE, NAMED_VALUES, QUATERNION, Topic
from hybridsim.log import Signal
from hybridsim.signals import signal_word
from hybridsim.standin.model import design, feet
from hybridsim.standin.robot import PERIOD, SAMPLE
from hybridsim.standin.senses import Signals

START_NS = 1_750_000_000_000_000_000  # any moment; not now, so that the same seed gives the same bags
APART_NS = 3_600 * 10**9
"""Between the starts of two recordings."""
JITTER = 8e-5
"""Standard deviation of a stamp around its sample [s]; chosen, as of a computer under load."""
MOST_JITTER = 5e-4
"""What no stamp exceeds [s]."""
TRANSPORT = (2.0, 1.5e-4)
"""Shape and scale [s] of the gamma distribution of a message's way to the recorder; chosen, 0.3 ms mostly."""
XYZ = ("x", "y", "z")
IMU_FRAME = "imu_link"


@dataclass(frozen=True)
class Seat:
    """Where samples of a signal go.

    Attributes:
        topic: name of the topic.
        type: of its messages.
        field: of the message.
        frame: that vectors are given in.
    """

    topic: str
    type: str
    field: str
    frame: str | None = None


# As drivers of such robots name them; data/anymal_c_standin/ingest.toml reads the same.
SEATS = {
    "joint_position_command": Seat("/joint_commands", JOINT_STATE, "position"),
    "joint_position": Seat("/joint_states", JOINT_STATE, "position"),
    "joint_velocity": Seat("/joint_states", JOINT_STATE, "velocity"),
    "joint_effort": Seat("/joint_states", JOINT_STATE, "effort"),
    "imu_angular_velocity": Seat("/imu", IMU, "angular_velocity", IMU_FRAME),
    "imu_linear_acceleration": Seat("/imu", IMU, "linear_acceleration", IMU_FRAME),
    "base_orientation": Seat("/base_orientation", QUATERNION, "quaternion", "world"),
    "contact": Seat("/foot_contacts", NAMED_VALUES, "value"),
    "supply_voltage": Seat("/battery", BATTERY, "voltage"),
}
RARE = {"supply_voltage": round(PERIOD / SAMPLE)}
"""Signals of which only every so many samples are sent."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Messages of one recording.

    Attributes:
        topics: with their samples.
        received: when the recorder got each message of a topic [ns].
    """

    topics: tuple[Topic, ...]
    received: dict[str, Int64[np.ndarray, " sample"]]

    @property
    def signals(self) -> dict[str, Signal]:
        """Every signal by name."""
        return {signal.name: signal for topic in self.topics for signal in topic.signals.values()}


def heard(
    command: Float[np.ndarray, "sample joint"],
    samples: Sequence[Signals],
    number: int,
    random: np.random.Generator,
) -> Heard:
    """Messages of a recording that was sampled every 2.5 ms.

    Args:
        command: in force from 2.5 ms before each sample on [rad].
        samples: what the sensors said.
        number: of the recording; later ones start later.
        random: jitter and transport.
    """
    values = {name: np.concatenate([one[name] for one in samples]) for name in samples[0]}
    values["joint_position_command"] = command
    topics: dict[str, Topic] = {}
    stamps: dict[str, np.ndarray] = {}
    for name, seat in SEATS.items():
        rows = np.arange(0, len(samples), RARE.get(name, 1))
        if seat.topic not in stamps:
            ahead = -SAMPLE if name == "joint_position_command" else 0.0  # heard only after it was sent
            stamps[seat.topic] = stamped(rows * SAMPLE + SAMPLE + ahead, number, random)
        unit = signal_word(name).unit
        signal = Signal(name, unit, components(name), stamps[seat.topic], values[name][rows], seat.frame)
        there = topics.get(seat.topic, Topic(seat.topic, seat.type, {}))
        topics[seat.topic] = Topic(seat.topic, seat.type, {**there.signals, seat.field: signal})
    return Heard(tuple(topics.values()), {name: arrived(one, random) for name, one in stamps.items()})


def components(name: str) -> tuple[str, ...]:
    """Names of a signal's columns."""
    if signal_word(name).per_joint:
        return design().joint_names
    others = {"base_orientation": (*XYZ, "w"), "contact": tuple(feet()), "supply_voltage": ("supply",)}
    return others.get(name, XYZ)


def stamped(
    time: Float[np.ndarray, " sample"], number: int, random: np.random.Generator
) -> Int64[np.ndarray, " sample"]:
    """Stamps of samples, each a little off [ns]."""
    off = np.clip(random.normal(0.0, JITTER, len(time)), -MOST_JITTER, MOST_JITTER)
    return START_NS + number * APART_NS + np.round((time + off) * 1e9).astype(np.int64)


def arrived(
    stamps: Int64[np.ndarray, " sample"], random: np.random.Generator
) -> Int64[np.ndarray, " sample"]:
    """When messages came in: none overtakes another of its topic [ns]."""
    way = np.round(random.gamma(*TRANSPORT, len(stamps)) * 1e9).astype(np.int64)
    return np.maximum.accumulate(stamps + way)
