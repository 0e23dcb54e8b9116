"""One log as one MCAP file of ROS 2 messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from mcap.writer import Writer

from hybridsim import __version__
from hybridsim.export.messages import definition, encoder
from hybridsim.export.topics import Topic
from hybridsim.log import LogHeader

METADATA = "hybridsim.log"
"""Name of the metadata record that holds log.json: robot, serial, sources, units, clocks, refusals."""
TOLD_EVERY = 2000  # messages between two reports of progress; chosen, about 50 ms


def write_mcap(
    path: Path, header: LogHeader, topics: Sequence[Topic], tell: Callable[[float], object]
) -> int:
    """Write a file that does not exist yet, its messages in the order of their stamps.

    Args:
        path: of the file.
        header: goes along as it is in log.json.
        topics: with their samples.
        tell: called with the share that is written.

    Returns:
        The number of messages.

    Raises:
        OSError: the disk is full.
    """
    count = sum(len(topic.stamp_ns) for topic in topics)
    with path.open("xb") as file:
        writer = Writer(file)
        writer.start(profile="ros2", library=f"hybridsim {__version__}")
        writer.add_metadata(METADATA, {"log.json": header.model_dump_json(), "hybridsim": __version__})
        channels = [_channel(writer, topic) for topic in topics]
        encoders = [encoder(topic) for topic in topics]
        for number, (which, row, stamp) in enumerate(_in_order(topics)):
            time = max(stamp, 0)
            writer.add_message(channels[which], time, encoders[which](row), publish_time=time, sequence=row)
            if number % TOLD_EVERY == 0:
                tell(number / count)
        writer.finish()
    return count


def _in_order(topics: Sequence[Topic]) -> Iterator[tuple[int, int, int]]:
    """Topic, row and stamp of every message, the oldest first."""
    stamps = [topic.stamp_ns for topic in topics]
    if not stamps:
        return
    which = np.repeat(np.arange(len(stamps)), [len(one) for one in stamps])
    rows = np.concatenate([np.arange(len(one)) for one in stamps])
    every = np.concatenate(stamps)
    order = np.argsort(every, kind="stable")
    yield from zip(which[order].tolist(), rows[order].tolist(), every[order].tolist(), strict=True)


def _channel(writer: Writer, topic: Topic) -> int:
    schema = writer.register_schema(topic.type, "ros2msg", definition(topic.type).encode())
    carried = {
        field: {"signal": signal.name, "unit": signal.unit, "components": signal.components}
        for field, signal in topic.signals.items()
    }
    return writer.register_channel(topic.name, "cdr", schema, {"hybridsim": json.dumps(carried)})
