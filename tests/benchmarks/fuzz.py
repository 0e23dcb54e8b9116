"""Whether mutated files make the reader crash, hang or eat memory.

    .venv/bin/python -m tests.benchmarks.fuzz [--mutations 2000] [--format bag|db3|mcap] [--seed 0]
    .venv/bin/python -m tests.benchmarks.fuzz --form mcap-zstd --one 1234 [--keep FILE]    # a finding again

Files are read in a process that the system ends after 5 s, and whose allocations fail beyond 1 GB more than
it had before. Right outcomes are messages and HybridSimError; anything else is printed with the number that
repeats it.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hybridsim.errors import HybridSimError
from tests.ingest.bags.containers import write
from tests.ingest.bags.messages import mixture
from tests.ingest.bags.mutate import mutated
from tests.ingest.bags.reading import read

FORMS = {
    "bag": ("bag", "bag-bz2", "bag-lz4", "bag-1.2"),
    "db3": ("db3", "db3-1"),
    "mcap": ("mcap", "mcap-lz4", "mcap-zstd", "mcap-unchunked", "mcap-no-crc"),
}
SECONDS = 5
BYTES = 10**9
ROWS = 12
"""Of the recording that is mutated: 156 messages, some 100 KB."""

Reader = Callable[[Path], Any]


@dataclass(frozen=True)
class Outcome:
    """Of one mutation.

    Attributes:
        kind: `read`, `refused`, `crash`, `hang` or `memory`.
        seconds: that reading took.
        peak: memory above what the process had before [bytes].
        said: error message or end of the traceback.
    """

    form: str
    number: int
    kind: str
    seconds: float = 0.0
    peak: int = 0
    said: str = ""

    @property
    def bad(self) -> bool:
        """Whether the reader has failed."""
        return self.kind in ("crash", "hang", "memory")


def fuzz(
    form: str, numbers: Sequence[int], seed: int, folder: Path, reader: Reader = read
) -> Iterator[Outcome]:
    """Mutate one file of a form and read it, once a number, in child processes that may die."""
    path = write(folder / "whole", mixture(ROWS), form)
    data = path.read_bytes()
    reader(path)  # compiles before the children are forked
    context, rest = multiprocessing.get_context("fork"), list(numbers)
    while rest:
        mine, theirs = context.Pipe(duplex=False)
        target = path.with_name(f"mutated{path.suffix}")
        process = context.Process(target=_work, args=(theirs, form, rest, seed, data, target, reader))
        process.start()
        theirs.close()
        while rest:
            try:
                yield mine.recv()
            except EOFError:
                process.join()
                if process.exitcode or rest:
                    yield _death(form, rest.pop(0), process.exitcode)
                break
            rest.pop(0)
        process.join()


def _death(form: str, number: int, code: int | None) -> Outcome:
    """The outcome of a child that has not reported."""
    kind = "hang" if code == -signal.SIGALRM else "crash"
    return Outcome(form, number, kind, SECONDS if kind == "hang" else 0.0, 0, f"exit code {code}")


def _work(
    pipe: Connection, form: str, numbers: list[int], seed: int, data: bytes, target: Path, reader: Reader
) -> None:
    """Child: report on one mutation after the other."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + BYTES, hard))
    for number in numbers:
        target.write_bytes(mutated(data, f"{form} {seed} {number}"))
        pipe.send(_tried(form, number, target, reader))
    pipe.close()
    # No exit handlers: they belong to the parent.
    os._exit(0)


def _tried(form: str, number: int, path: Path, reader: Reader) -> Outcome:
    # Writing 5 sets the peak back to what is in use now.
    Path("/proc/self/clear_refs").write_text("5")
    before, begin = _status("VmRSS"), time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        reader(path)
        kind, said = "read", ""
    except HybridSimError as error:
        kind, said = "refused", str(error)
    except MemoryError:
        kind, said = "memory", traceback.format_exc(limit=-4)
    except BaseException:
        kind, said = "crash", traceback.format_exc(limit=-4)
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = _status("VmHWM") - before
    kind = "memory" if peak > BYTES else kind
    return Outcome(form, number, kind, time.perf_counter() - begin, peak, said)


def _status(name: str) -> int:
    """A line of /proc/self/status [bytes]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise AssertionError(name)


def main(argv: Sequence[str]) -> int:
    """Print one line a form and one a finding; 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz")
    parser.add_argument("--mutations", type=int, default=2000, help="a format")
    parser.add_argument("--format", choices=list(FORMS))
    parser.add_argument("--form", choices=[form for forms in FORMS.values() for form in forms])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", type=int, help="only this mutation, of --form")
    parser.add_argument("--keep", type=Path, help="write the mutated file of --one here")
    options = parser.parse_args(argv)
    if options.one is not None:
        return _again(options.form, options.seed, options.one, options.keep)
    found = 0
    for name in [options.format] if options.format else FORMS:
        forms = [options.form] if options.form else FORMS[name]
        for form in forms:
            with tempfile.TemporaryDirectory() as folder:
                numbers = range(-(-options.mutations // len(forms)))
                done = list(fuzz(form, numbers, options.seed, Path(folder)))
            bad = [outcome for outcome in done if outcome.bad]
            found += len(bad)
            kinds = Counter(outcome.kind for outcome in done)
            slowest, peak = max(o.seconds for o in done), max(o.peak for o in done)
            counts = ", ".join(
                f"{kinds[kind]} {kind}" for kind in ("read", "refused", "crash", "hang", "memory")
            )
            print(
                f"{form:15s} {len(done):5d}: {counts}; at most {slowest:.2f} s and {peak / 1e6:.0f} MB",
                flush=True,
            )
            for outcome in bad:
                print(f"  --form {form} --seed {options.seed} --one {outcome.number}: {outcome.kind}")
                print(outcome.said)
        if options.form:
            break
    return int(found > 0)


def _again(form: str, seed: int, number: int, keep: Path | None) -> int:
    """Repeat one mutation here, with nothing caught."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "whole", mixture(ROWS), form)
        broken = mutated(path.read_bytes(), f"{form} {seed} {number}")
        path.write_bytes(broken)
        if keep:
            keep.write_bytes(broken)
        print(f"{len(read(path))} messages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
