"""Which frame each log is read in, so that none is read in one that it helped to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridsim.progress import Progress
from hybridsim.sensing.imu import Frame
from hybridsim.sensing.model import ANY, ImuModel
from hybridsim.sensing.recording import Recording

FEWEST = 2
"""Other logs of a mounting from which a frame is fitted; one alone may turn about two axes only."""
OTHERS, KNOWN, ALL = (
    "fitted on the other logs of the same mounting",
    "in the calibration's frame of their mounting",
    "in the calibration's frame of all mountings",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A log, its frame, and where that comes from."""

    recording: Recording
    frame: Frame
    source: str


def placed(
    model: ImuModel, recordings: Sequence[Recording], label: str | None, progress: Progress | None = None
) -> list[Placed]:
    """Frames of logs: from the others of the mounting where there are enough, else the model's own.

    Args:
        model: the sensor's.
        recordings: logs to read.
        label: that names mountings; None: all logs share one.
        progress: called as progress(done, total).
    """
    names = [ANY if label is None else one.labels.get(label, ANY) for one in recordings]
    ready = [model.ready(one) for one in recordings]
    found = []
    for n, (recording, name) in enumerate(zip(recordings, names, strict=True)):
        if progress is not None:
            progress(n, len(recordings))
        others = [
            one for k, (one, other) in enumerate(zip(ready, names, strict=True)) if k != n and other == name
        ]
        if len(others) >= FEWEST:
            frame, source = model.adapted(others), OTHERS
        elif name in model.frames and name != ANY:
            frame, source = model.frames[name], KNOWN
        else:
            frame, source = model.frames[ANY], ALL
        found.append(Placed(recording=recording, frame=frame, source=source))
    return found
