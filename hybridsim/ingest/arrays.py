"""A bag's signals as arrays and nothing else: no store, no clocks, no refusals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from hybridsim.errors import LogError
from hybridsim.ingest.bags import Bag, Plan, Taken, Wanted, open_bag
from hybridsim.ingest.bags.batch import ros2_type
from hybridsim.ingest.bags.open import batches
from hybridsim.ingest.columns import Stamp
from hybridsim.ingest.spec import IngestSpec, TopicSpec


@dataclass(frozen=True)
class Arrays:
    """One signal as its messages give it, in SI units.

    Attributes:
        header_ns: the sender's stamps, -1 where a message has none.
        receive_ns: the recorder's.
        values: NaN where a message lacks a number.
        fault: a code of `hybridsim.ingest.faults.Fault`; 0 where all is well.
    """

    header_ns: Int64[np.ndarray, " message"]
    receive_ns: Int64[np.ndarray, " message"]
    values: Float64[np.ndarray, "message component"]
    fault: UInt8[np.ndarray, " message"]


def read_arrays(path: Path, spec: IngestSpec) -> dict[str, Arrays]:
    """Every signal of a bag that a specification names, as far as the file can be read.

    Raises:
        LogError: not a bag, or a topic whose messages lack what is asked for.
    """
    bag = open_bag(path)
    taken: list[list[Taken]] = [[] for _ in spec.topics]
    plans: dict[tuple[int, int], Plan | None] = {}
    for batch in batches(bag):
        for number in np.unique(batch.connection).tolist():
            rows = np.flatnonzero(batch.connection == number)
            for place, topic in enumerate(spec.topics):
                if (number, place) not in plans:
                    plans[number, place] = _plan(bag, number, topic)
                if plan := plans[number, place]:
                    taken[place].append(plan.take(batch, rows))
    found = {}
    for topic, parts in zip(spec.topics, taken, strict=True):
        for place, signal in enumerate(topic.signals if parts else ()):
            found[signal.name] = Arrays(
                np.concatenate([part.header_ns for part in parts]),
                np.concatenate([part.receive_ns for part in parts]),
                np.concatenate([part.values[place] for part in parts]),
                np.concatenate([part.fault[:, place] for part in parts]),
            )
    return found


def _plan(bag: Bag, number: int, topic: TopicSpec) -> Plan | None:
    connection = bag.connections.get(number)
    if connection is None or connection.topic.strip("/") not in {name.strip("/") for name in topic.name}:
        return None
    if topic.type is not None and connection.type != ros2_type(topic.type):
        raise LogError(f"topic {connection.topic} has type {connection.type}; expected {topic.type}")
    stamp = topic.stamp
    wanted = [
        [Wanted(column.column, *signal.conversion(component)) for component, column in signal.columns.items()]
        for signal in topic.signals
    ]
    return Plan(
        connection,
        wanted,
        names=topic.names,
        stamp=(stamp.column, stamp.unit) if isinstance(stamp, Stamp) else stamp,
        hold=topic.partial == "hold",
    )
