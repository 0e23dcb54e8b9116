"""Topics as a rosbag2 folder, as `ros2 bag record` leaves one: a file of messages and a metadata.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from hybridsim.export.messages import encoder, typestore
from hybridsim.export.target import new_folder
from hybridsim.export.topics import Topic
from hybridsim.progress import Progress

TOLD_EVERY = 2000  # messages between two reports of progress; chosen, about 50 ms
VERSION = 9  # of metadata.yaml: that of Jazzy and later; older ones read the file beside it


def write_rosbag(
    folder: Path,
    topics: Sequence[Topic],
    received: Mapping[str, Int64[np.ndarray, " sample"]],
    about: Mapping[str, str],
    progress: Progress | None = None,
) -> int:
    """Write a folder that does not exist yet, whole or not at all; MCAP inside, in zstd chunks.

    Args:
        folder: of the bag.
        topics: with their samples; stamps go into the messages' headers.
        received: per topic when the recorder got each message [ns].
        about: goes into metadata.yaml as its custom data.
        progress: called as progress(messages written, messages in all).

    Returns:
        The number of messages.

    Raises:
        LogError: the folder exists and is not empty, or the disk is full or not writable.
    """
    count = sum(len(topic.stamp_ns) for topic in topics)
    with new_folder(folder) as partial:
        inside = partial / folder.name  # the writer wants to make its folder itself
        writer = Writer(inside, version=VERSION, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        for name, words in about.items():
            writer.set_custom_data(name, words)
        with writer:
            connections = [
                writer.add_connection(topic.name, topic.type, typestore=typestore()) for topic in topics
            ]
            encoders = [encoder(topic) for topic in topics]
            for number, (which, row, time) in enumerate(_arriving(topics, received)):
                writer.write(connections[which], time, encoders[which](row))
                if progress is not None and number % TOLD_EVERY == 0:
                    progress(number, count)
        for file in inside.iterdir():
            file.rename(partial / file.name)
        inside.rmdir()
    return count


def _arriving(
    topics: Sequence[Topic], received: Mapping[str, Int64[np.ndarray, " sample"]]
) -> Iterator[tuple[int, int, int]]:
    """Topic, row and time of every message, in the order in which they arrived."""
    times = [received[topic.name] for topic in topics]
    which = np.repeat(np.arange(len(times)), [len(one) for one in times])
    rows = np.concatenate([np.arange(len(one)) for one in times])
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")
    yield from zip(which[order].tolist(), rows[order].tolist(), every[order].tolist(), strict=True)
