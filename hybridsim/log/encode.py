"""A draft to the files of its folder, block by block: a log may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BufferedIOBase

import numpy as np
from jaxtyping import Int64
from pydantic import ValidationError

from hybridsim.errors import LogError
from hybridsim.log.header import NAME, Constant, Gap, LogHeader, SignalFacts, SignalHeader
from hybridsim.log.model import LogDraft, Samples
from hybridsim.log.parquet import SignalFile
from hybridsim.validation import explain

MAX_GAPS = 20  # longest gaps listed in log.json, chosen, because more are not read
MAX_INTERVALS = 200_000  # whose median is the signal's interval; of a longer signal evenly chosen stretches

OpenFile = Callable[[str], AbstractContextManager[BufferedIOBase]]
Stamps = Int64[np.ndarray, " sample"]


def encode(draft: LogDraft, open_file: OpenFile) -> LogHeader:
    """Write every file of a draft and return its header.

    Args:
        draft: signals come block by block.
        open_file: opens a file of the log's folder by name.

    Raises:
        LogError: no signals, samples that are not finite, or stamps that do not increase.
    """
    if not draft.signals:
        raise LogError(f"log {draft.name}: no signals")
    if odd := [name for name in draft.signals if not re.match(NAME, name)]:
        raise LogError(f"log {draft.name}: signal '{odd[0]}' cannot be the name of a file")
    content = hashlib.sha256(_words(draft.robot, draft.serial, draft.constants, draft.labels, draft.signals))
    headers = {}
    for name, signal in sorted(draft.signals.items()):
        with open_file(f"{name}.parquet") as file:
            facts = draft.facts.get(name, SignalFacts())
            headers[name] = _write(signal, facts, content, file, where=f"log {draft.name}")
    digest = content.hexdigest()
    try:
        header = LogHeader(
            log_id=digest[:16],
            content_sha256=digest,
            robot=draft.robot,
            serial=draft.serial,
            session=draft.session,
            name=draft.name,
            constants=dict(draft.constants),
            labels=dict(draft.labels),
            sources=draft.sources,
            spec=draft.spec,
            notes=draft.notes,
            damage=draft.damage,
            lags=draft.lags,
            signals=headers,
        )
    except ValidationError as error:
        raise LogError(f"log {draft.name}: {explain(error, LogHeader)}") from None
    with open_file("log.json") as file:
        file.write((header.model_dump_json(indent=1) + "\n").encode())
    return header


def content_sha256(
    robot: str,
    serial: str,
    constants: Mapping[str, Constant],
    labels: Mapping[str, str],
    signals: Mapping[str, Samples],
) -> str:
    """Hash of what a log says, whatever it is called and however it was compressed."""
    digest = hashlib.sha256(_words(robot, serial, constants, labels, signals))
    for _, signal in sorted(signals.items()):
        for stamps in signal.stamps():
            digest.update(_bytes(stamps, "<i8"))
        for _, values in signal.blocks():
            digest.update(_bytes(values, "<f8"))
    return digest.hexdigest()


def check_signal(signal: Samples, where: str) -> None:
    """Refuse samples that no log may hold: stamps that do not increase, values that are not finite."""
    for _ in _checked(signal, where):
        pass


def find_gaps(stamp_ns: Stamps) -> tuple[float | None, list[Gap]]:
    """Three times the median interval [s], and the intervals that are longer; None below two samples."""
    threshold = _threshold([np.diff(stamp_ns)])
    return threshold, [] if threshold is None else _gaps(stamp_ns, threshold)


def _write(
    signal: Samples, facts: SignalFacts, content: hashlib._Hash, file: BufferedIOBase, where: str
) -> SignalHeader:
    """Write a signal's Parquet file and add its samples to the log's hash."""
    intervals = list(_intervals(signal, content))
    threshold = _threshold(intervals)
    gaps: list[Gap] = []
    columns = tuple(f"{component}[{signal.unit}]" for component in signal.components)
    first: int | None = None
    last: int | None = None
    with SignalFile(file, columns) as table:
        for stamps, values in _checked(signal, where):
            content.update(_bytes(values, "<f8"))
            table.write(stamps, values)
            if threshold is not None:
                joined = stamps if last is None else np.concatenate([[last], stamps])
                gaps += _gaps(joined, threshold)
            first, last = (int(stamps[0]) if first is None else first), int(stamps[-1])
    longest = sorted(gaps, key=lambda gap: -gap.duration_s)[:MAX_GAPS]
    return SignalHeader(
        **dict(facts),
        unit=signal.unit,
        frame=signal.frame,
        components=signal.components,
        columns=columns,
        rows=signal.rows,
        start_ns=first,
        end_ns=last,
        rate_hz=None if threshold is None else 3.0 / threshold,
        gap_threshold_s=threshold,
        gap_count=len(gaps),
        gaps=tuple(sorted(longest, key=lambda gap: gap.start_ns)),
        sha256=table.sha256,
    )


def _checked(signal: Samples, where: str) -> Iterator[tuple[Stamps, np.ndarray]]:
    """Blocks of a signal; raises a LogError at the first sample that no log may hold."""
    done, last = 0, None
    for stamps, values in signal.blocks():
        if not len(stamps):
            continue
        joined = stamps if last is None else np.concatenate([[last], stamps])
        backward = np.flatnonzero(np.diff(joined) <= 0)
        if len(backward):
            place = done + int(backward[0]) - (last is not None)
            raise LogError(f"{where}: {signal.name}: stamps do not increase after sample {place}")
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise LogError(
                f"{where}: {signal.name} of {signal.components[column]} is {values[row, column]} "
                f"at {stamps[row]} ns; expected a finite number"
            )
        yield stamps, values
        done, last = done + len(stamps), stamps[-1]


def _intervals(signal: Samples, content: hashlib._Hash) -> Iterator[Stamps]:
    """Intervals between stamps [ns], of a long signal some; every stamp goes into the log's hash."""
    every = max(1, -(-signal.rows // MAX_INTERVALS))
    last = None
    for number, stamps in enumerate(signal.stamps()):
        content.update(_bytes(stamps, "<i8"))
        if number % every == 0:
            yield np.diff(stamps if last is None else np.concatenate([[last], stamps]))
        last = stamps[-1] if len(stamps) else last


def _threshold(intervals: Sequence[Stamps]) -> float | None:
    """Three times the median interval [s]; None without an interval."""
    if not sum(map(len, intervals)):
        return None
    return 3.0 * float(np.median(np.concatenate(intervals) * 1e-9))


def _gaps(stamp_ns: Stamps, threshold: float) -> list[Gap]:
    interval = np.diff(stamp_ns) * 1e-9
    return [
        Gap(start_ns=int(stamp_ns[k]), duration_s=float(interval[k]))
        for k in np.flatnonzero(interval > threshold)
    ]


def _words(
    robot: str,
    serial: str,
    constants: Mapping[str, Constant],
    labels: Mapping[str, str],
    signals: Mapping[str, Samples],
) -> bytes:
    """What a log says besides its samples."""
    words = {
        "robot": robot,
        "serial": serial,
        "constants": {name: [constant.value, constant.unit] for name, constant in constants.items()},
        "labels": dict(labels),
        "signals": {
            name: [signal.unit, signal.frame, list(signal.components), signal.rows]
            for name, signal in signals.items()
        },
    }
    return json.dumps(words, sort_keys=True).encode()


def _bytes(array: np.ndarray, kind: str) -> memoryview:
    return np.ascontiguousarray(array, kind).reshape(-1).view(np.uint8).data
