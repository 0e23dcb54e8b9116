"""What a twelve-joint robot says at 400 Hz, fast: one template a layout, values patched in by numpy.

Values are sums of sines with noise: no runs of equal bytes that a compressor or a branch predictor would live
on. Synthetic.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from tests.ingest.bags.messages import START_NS, Message, imu, joint_state
from tests.ingest.bags.types import payload

JOINTS = tuple(f"{leg}_{axis}" for leg in ("LF", "RF", "LH", "RH") for axis in ("HAA", "HFE", "KFE"))
"""Of ANYmal C."""
PERIOD_NS = 2_500_000
CHUNK_TICKS = 800
"""Of two messages each: about 0.8 MB, near the recorders' own default."""
TOPICS = (("/joint_states", "sensor_msgs/msg/JointState"), ("/imu/data", "sensor_msgs/msg/Imu"))
VARIANTS = 64
"""Layouts of JointState in a varying bag: names in other orders and numbers, arrays missing."""
MARK = {"position": 1.25e300, "velocity": 1.5e300, "effort": 1.75e300, "imu": 1.125e300}
STAMP = (0x11223344, 0x15667788)


@dataclass(frozen=True)
class Layout:
    """Bytes of a message with places that change: name to offset and number of doubles."""

    topic: int
    template: np.ndarray
    stamp: int
    fields: dict[str, tuple[int, int]]
    joints: tuple[int, ...] = ()


@dataclass
class Block:
    """Messages in order: their bytes one after the other, and where each lies."""

    data: np.ndarray
    start: np.ndarray
    length: np.ndarray
    topic: np.ndarray
    receive_ns: np.ndarray


@dataclass
class Robot:
    """Motion and clocks of the whole recording, drawn block by block."""

    rng: np.random.Generator
    tick: int = 0

    def draw(self, ticks: int) -> dict[str, np.ndarray]:
        """[tick, ...] values, header stamps and receive stamps [ns] of the next ticks."""
        rows = self.tick + np.arange(ticks)
        self.tick += ticks
        time = rows[:, None] * (PERIOD_NS * 1e-9)
        rate = 2 * np.pi * (0.4 + 0.1 * np.arange(12))
        angle = 0.5 * np.sin(rate * time)
        noise = self.rng.standard_normal((ticks, 46))
        header = START_NS + rows * PERIOD_NS + self.rng.integers(-20_000, 20_000, ticks)
        received = header + 200_000 + self.rng.integers(0, 400_000, ticks)
        later = received + self.rng.integers(10_000, 100_000, ticks)
        tilt = 0.02 * np.sin(0.3 * time)
        return {
            "position": angle + 1e-4 * noise[:, :12],
            "velocity": 0.5 * rate * np.cos(rate * time) + 1e-2 * noise[:, 12:24],
            "effort": 20.0 * angle + 0.3 * noise[:, 24:36],
            "imu": np.hstack(
                [tilt, -tilt, tilt**2, np.sqrt(1 - tilt**2), 0.1 * noise[:, 36:39], noise[:, 39:42]]
            ),
            "header_ns": header,
            "receive_ns": np.stack([received, later], axis=1),
        }


def layouts(ros: int, varying: bool) -> list[list[Layout]]:
    """Layouts of a joint state, one or VARIANTS, and that of an Imu."""
    rng = np.random.default_rng(1)
    chosen = [(tuple(range(12)), True, True)]
    for _ in range(VARIANTS - 1 if varying else 0):
        joints = rng.permutation(12)[: rng.integers(1, 13)].tolist()
        chosen.append((tuple(joints), bool(rng.integers(2)), bool(rng.integers(2))))
    return [[_joint_layout(ros, *one) for one in chosen], [_imu_layout(ros)]]


def _joint_layout(ros: int, joints: tuple[int, ...], velocity: bool, effort: bool) -> Layout:
    kept = {"position": True, "velocity": velocity, "effort": effort}
    values = {name: [MARK[name]] * len(joints) if given else [] for name, given in kept.items()}
    stamp = STAMP[0] * 10**9 + STAMP[1]
    names = [JOINTS[joint] for joint in joints]
    said = joint_state(stamp, names, values["position"], values["velocity"], values["effort"])
    data = payload(Message(topic=TOPICS[0][0], kind=TOPICS[0][1], receive_ns=0, fields=said), ros)
    fields = {name: (_find(data, MARK[name]), len(joints)) for name, given in kept.items() if given}
    return Layout(0, np.frombuffer(data, np.uint8), data.index(struct.pack("<II", *STAMP)), fields, joints)


def _imu_layout(ros: int) -> Layout:
    said = imu(STAMP[0] * 10**9 + STAMP[1], 0)
    variance = [1e-4, 0, 0, 0, 1e-4, 0, 0, 0, 1e-4]
    said |= {
        f"{name}_covariance": variance for name in ("orientation", "angular_velocity", "linear_acceleration")
    }
    places = {"orientation": 4, "angular_velocity": 3, "linear_acceleration": 3}
    fields = {}
    for name, count in places.items():
        marked = said | {name: {**said[name], "x": MARK["imu"]}}
        data = payload(Message(topic=TOPICS[1][0], kind=TOPICS[1][1], receive_ns=0, fields=marked), ros)
        fields[name] = (_find(data, MARK["imu"]), count)
    return Layout(1, np.frombuffer(data, np.uint8), data.index(struct.pack("<II", *STAMP)), fields)


def _find(data: bytes, mark: float) -> int:
    return data.index(struct.pack("<d", mark))


def blocks(ros: int, ticks: int, varying: bool, seed: int = 0) -> Iterator[Block]:
    """The recording, CHUNK_TICKS at a time."""
    joint_layouts, (imu_layout,) = layouts(ros, varying)
    robot, rng = Robot(np.random.default_rng(seed)), np.random.default_rng(2)
    for begin in range(0, ticks, CHUNK_TICKS):
        count = min(CHUNK_TICKS, ticks - begin)
        drawn = robot.draw(count)
        which = rng.integers(0, len(joint_layouts), count)
        length = np.empty(2 * count, np.int64)
        length[0::2] = np.array([len(layout.template) for layout in joint_layouts])[which]
        length[1::2] = len(imu_layout.template)
        start = np.concatenate([[0], np.cumsum(length)])
        data = np.empty(start[-1], np.uint8)
        for k, layout in enumerate(joint_layouts):
            rows = np.flatnonzero(which == k)
            if len(rows):
                _place(data, start[2 * rows], _patched(layout, drawn, rows))
        _place(data, start[1:-1:2], _patched(imu_layout, drawn, np.arange(count)))
        yield Block(data, start[:-1], length, np.tile([0, 1], count), drawn["receive_ns"].reshape(-1))


def _patched(layout: Layout, drawn: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """[row, byte] messages of one layout."""
    made = np.repeat(layout.template[None], len(rows), axis=0)
    stamp = np.stack(np.divmod(drawn["header_ns"][rows], 10**9), axis=1).astype("<u4")
    made[:, layout.stamp : layout.stamp + 8] = stamp.view(np.uint8)
    columns = {
        "orientation": slice(0, 4),
        "angular_velocity": slice(4, 7),
        "linear_acceleration": slice(7, 10),
    }
    for name, (offset, count) in layout.fields.items():
        if layout.topic == 0:
            values = drawn[name][np.ix_(rows, layout.joints)]
        else:
            values = drawn["imu"][rows, columns[name]]
        made[:, offset : offset + 8 * count] = np.ascontiguousarray(values, "<f8").view(np.uint8)
    return made


@numba.njit
def _place(data, starts, rows):  # pragma: no cover
    for k in range(len(rows)):
        data[starts[k] : starts[k] + rows.shape[1]] = rows[k]
