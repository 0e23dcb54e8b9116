"""Logs as MCAP files, with the ingest.toml that reads them back."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hybridsim.errors import LogError
from hybridsim.export.batches import Batch, batched, labels
from hybridsim.export.chosen import Chosen, choose, file_stems, nothing_left
from hybridsim.export.mcap_file import write_mcap
from hybridsim.export.outcome import Exported, ExportReport
from hybridsim.export.spec import spec_text
from hybridsim.export.target import new_files, new_folder
from hybridsim.export.topics import topics_of
from hybridsim.log import Log
from hybridsim.progress import NamedProgress

Tell = Callable[[Chosen, float], None]


def to_mcap(logs: Iterable[Path | Log], out: Path, *, progress: NamedProgress | None = None) -> ExportReport:
    """Write logs as MCAP files of ROS 2 messages, one a log, and the ingest.toml that reads them back.

    Every sample is kept to the bit, with its own stamp; log.json goes along as a metadata record. Signals
    that share stamps share a message where ROS has a type for it; the others get a topic each. Logs of
    several individuals go to a folder each, with an ingest.toml each.

    Args:
        logs: folders of logs, whole stores, or logs in memory.
        out: a folder to make; or a file that ends in .mcap, for a single log.
        progress: called as progress(done, total, what).

    Raises:
        LogError: nothing to write, the target exists, or the disk is full; then nothing is left behind.
    """
    out = Path(out)
    chosen, refused = choose(logs)
    if out.suffix == ".mcap" and len(chosen) + len(refused) > 1:
        given = len(chosen) + len(refused)
        raise LogError(f"{out}: one file for {given} logs; expected a folder, such as {out.with_suffix('')}")
    batches, broken = batched(chosen, progress)
    refused += broken
    if not batches:
        raise nothing_left("mcap", refused)
    tell = _teller([log for batch in batches for log in batch.logs], progress)
    if out.suffix == ".mcap":
        spec = out.with_name(f"{out.stem}.ingest.toml")
        with new_files(out, spec) as (file, spec_file):
            notes = _write_spec(batches[0], spec_file, spec, out)
            exported = [_write_log(batches[0].logs[0], batches[0], file, out, tell)]
        return ExportReport(out, tuple(exported), notes=tuple(notes), specs=(spec,))
    with new_folder(out) as folder:
        exported, notes, specs = [], [], []
        for batch, label in zip(batches, labels(batches), strict=True):
            (folder / label).mkdir(exist_ok=True)
            specs.append(out / label / "ingest.toml")
            notes += _write_spec(batch, folder / label / "ingest.toml", specs[-1], out / label)
            for log, stem in zip(batch.logs, file_stems(batch.logs), strict=True):
                name = Path(label) / f"{stem}.mcap"
                exported.append(_write_log(log, batch, folder / name, out / name, tell))
    return ExportReport(out, tuple(exported), tuple(refused), tuple(notes), tuple(specs))


def _write_log(log: Chosen, batch: Batch, file: Path, final: Path, tell: Tell) -> Exported:
    topics = topics_of(log.load(), batch.seats)
    count = write_mcap(file, log.header, topics, lambda share: tell(log, share))
    tell(log, 1.0)
    return Exported(log.header.log_id, log.name, final, count)


def _write_spec(batch: Batch, file: Path, final: Path, source: Path) -> list[str]:
    """Write a batch's ingest.toml; what it, or the bags, cannot say as the logs do."""
    headers = [log.header for log in batch.logs]
    words = ["ingest", str(source), "--spec", str(final), "--robot", headers[0].robot]
    text, notes = spec_text(batch.label, headers, batch.seats, f"hybridsim {shlex.join(words)}")
    file.write_text(text, encoding="utf-8")
    for log in batch.logs:
        if any((signal.start_ns or 0) < 0 for signal in log.header.signals.values()):
            notes.append(f"{log.name}: stamps before 0: the bag's log times are 0 there, header stamps exact")
    return notes


def _teller(logs: Sequence[Chosen], progress: NamedProgress | None) -> Tell:
    """Progress over all samples, from the share of one log that is written."""
    before, total = {}, 0
    for log in logs:
        before[log.header.log_id] = total
        total += log.samples

    def tell(log: Chosen, share: float) -> None:
        if progress is not None:
            progress(before[log.header.log_id] + int(share * log.samples), total, log.name)

    return tell
