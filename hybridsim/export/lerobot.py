"""Logs as a LeRobot dataset of version 3.0, one episode a log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from hybridsim.errors import LogError
from hybridsim.export.chosen import choose, nothing_left
from hybridsim.export.dataset import Dataset
from hybridsim.export.features import Plan, plan
from hybridsim.export.frames import Episode, episode
from hybridsim.export.outcome import Exported, ExportReport, Refused
from hybridsim.export.resample import METHODS
from hybridsim.export.target import new_folder
from hybridsim.log import Log
from hybridsim.progress import NamedProgress

MAX_RATE_HZ = 1_000_000


def to_lerobot(
    logs: Iterable[Path | Log],
    out: Path,
    *,
    rate_hz: int | None = None,
    progress: NamedProgress | None = None,
) -> ExportReport:
    """Write logs as a LeRobot dataset of version 3.0, one episode a log.

    The format has one clock, so signals are resampled: commands and switches keep their last value,
    measurements are interpolated linearly, orientations spherically. info.json and the report's notes say so,
    signal by signal. Frames start when all signals are there and end with the first measurement that ends.

    Args:
        logs: folders of logs, whole stores, or logs in memory; of one robot.
        out: a folder to make.
        rate_hz: frames a second; where None, the rate of the joint positions rounded to a whole number.
        progress: called as progress(done, total, what).

    Raises:
        LogError: nothing to write, several robots, the target exists, or the disk is full; then nothing is
            left behind.
    """
    out = Path(out)
    if rate_hz is not None and not 1 <= rate_hz <= MAX_RATE_HZ:
        raise LogError(f"export to lerobot: rate {rate_hz} Hz; expected 1 to {MAX_RATE_HZ}, a whole number")
    chosen, refused = choose(logs)
    if not chosen:
        raise nothing_left("lerobot", refused)
    planned = plan(chosen)
    refused += planned.refused
    if not planned.logs:
        raise nothing_left("lerobot", refused)
    native_hz = planned.native_rate_hz(planned.clock_signal)
    rate_hz = rate_hz or max(1, min(round(native_hz), MAX_RATE_HZ))
    with new_folder(out) as folder:
        exported, notes, broken = _write(planned, folder, out, rate_hz, progress)
        if not exported:
            raise nothing_left("lerobot", [*refused, *broken])
    notes = [*_stated(planned, rate_hz), *planned.notes, *notes]
    return ExportReport(out, tuple(exported), tuple([*refused, *broken]), tuple(notes), rate_hz=rate_hz)


def _write(
    planned: Plan, folder: Path, out: Path, rate_hz: int, progress: NamedProgress | None
) -> tuple[list[Exported], list[str], list[Refused]]:
    exported, notes, refused = [], [], []
    done, total = 0, sum(log.samples for log in planned.logs)
    with closing(Dataset(folder, planned, rate_hz)) as dataset:
        for log in planned.logs:
            if progress is not None:
                progress(done, total, log.name)
            try:
                made = episode(log.load(), planned, rate_hz)
            except LogError as error:
                refused.append(Refused(log.name, str(error)))
                continue
            dataset.add(made, task=log.name)
            exported.append(Exported(log.header.log_id, log.name, out, len(made.stamp_ns)))
            notes += [*_cut(made, rate_hz), *_bridged(made, planned)]
            done += log.samples
        if exported:
            if progress is not None:
                progress(total, total, "statistics")
            dataset.finish()
    return exported, notes, refused


def _stated(planned: Plan, rate_hz: int) -> list[str]:
    """What resampling did, one line a signal."""
    lines = [f"resampled to {rate_hz} Hz, LeRobot's common clock:"]
    for feature in planned.features:
        for part in feature.parts:
            native = planned.native_rate_hz(part.signal)
            lines.append(f"  {feature.key}: {part.signal} at {native:.4g} Hz, {METHODS[part.method]}")
    return lines


def _cut(made: Episode, rate_hz: int) -> list[str]:
    """How much of a log has no frames because some signal is not there."""
    covered, lasts = (len(made.stamp_ns) - 1) / rate_hz, made.log.duration_s
    if lasts - covered <= 1 / rate_hz:
        return []
    return [f"{made.log.name}: {covered:.4g} s of {lasts:.4g} s, where every signal has samples"]


def _bridged(made: Episode, planned: Plan) -> list[str]:
    """Which pauses of a log were filled with interpolated values."""
    used = {part.signal for part in planned.parts if part.method != "hold"}
    found = {name: count for name, count in made.gaps.items() if name in used}
    if not found:
        return []
    entries = made.log.header.signals
    longest = max(gap.duration_s for name in found for gap in entries[name].gaps)
    words = ", ".join(f"{count} in {name}" for name, count in found.items())
    return [f"{made.log.name}: interpolated across gaps: {words}; the longest {longest:.4g} s"]
