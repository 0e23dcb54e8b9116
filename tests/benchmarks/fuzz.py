"""Whether mutated files make the reader crash, hang or eat memory.

    .venv/bin/python -m tests.benchmarks.fuzz [--mutations 2000] [--format bag|db3|mcap] [--seed 0]
        [--through messages|ingest]
    .venv/bin/python -m tests.benchmarks.fuzz --form mcap-zstd --one 1234 [--keep DIR]    # a finding again

Files are read in a process that the system ends after 5 s, and whose allocations fail beyond 1 GB more than
it had before. Right outcomes are messages and HybridSimError; anything else is printed with the number that
repeats it. Through `ingest` the files become logs, types and fields read and clocks matched; folders too.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
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
    "db3": ("db3", "db3-1", "db3-wal"),
    "mcap": ("mcap", "mcap-lz4", "mcap-zstd", "mcap-unchunked", "mcap-no-crc"),
}
FOLDERS = {"bag": (), "db3": ("db3-folder", "db3-message", "db3-file"), "mcap": ("mcap-folder", "mcap-split")}
"""What only ingestion reads: metadata.yaml is mutated as well."""
SPEC = """\
schema = 1
set = "fuzzed"
robots = ["anymal_c"]
one_log_per = "bag"

[[topic]]
name = "/joint_states"
type = "sensor_msgs/msg/JointState"
stamp = "header"
names = "name"
[[topic.signal]]
name = "joint_position"
unit = "rad"
columns = { LF_HAA = "position[hip]", LF_HFE = "position[thigh]", LF_KFE = "position[calf]" }

[[topic]]
name = "/imu"
type = "sensor_msgs/msg/Imu"
stamp = "header"
[[topic.signal]]
name = "imu_angular_velocity"
unit = "rad/s"
required = false
columns = { x = "angular_velocity.x", y = "angular_velocity.y", z = "angular_velocity.z" }

[[topic]]
name = "/tf"
type = "tf2_msgs/msg/TFMessage"
[[topic.signal]]
name = "base_position"
unit = "m"
required = false
[topic.signal.columns]
x = "transforms[child_frame_id=base].transform.translation.x"
y = "transforms[child_frame_id=base].transform.translation.y"
z = "transforms[child_frame_id=base].transform.translation.z"
"""
SECONDS = 5
BYTES = 10**9
ROWS = 12
"""Of the recording that is mutated: 156 messages, some 100 KB."""

Reader = Callable[[Path], Any]


@dataclass(frozen=True)
class Outcome:
    """Of reading one file.

    Attributes:
        kind: `read`, `refused`, `crash`, `hang` or `memory`.
        seconds: that reading took.
        peak: memory above what the process had before [bytes].
        said: error message or end of the traceback.
    """

    number: int
    kind: str
    seconds: float = 0.0
    peak: int = 0
    said: str = ""

    @property
    def bad(self) -> bool:
        """Whether the reader has failed."""
        return self.kind in ("crash", "hang", "memory")


class Mutants:
    """Mutated copies of one bag, by number; of several files one is changed each time."""

    def __init__(self, form: str, seed: int, folder: Path) -> None:
        self.form, self.seed = form, seed
        self.path = write(folder / "bag" / "mutant", mixture(ROWS), form)
        self.files = {
            path: path.read_bytes() for path in sorted((folder / "bag").rglob("*")) if path.is_file()
        }

    def __call__(self, number: int) -> Path:
        """Write one; returns what to read."""
        for path, data in self.files.items():
            path.write_bytes(data)
        changed = list(self.files)[number % len(self.files)]
        changed.write_bytes(mutated(self.files[changed], f"{self.form} {self.seed} {number}"))
        return self.path


def ingested(path: Path) -> None:
    """Make logs of a bag, in a store that is forgotten.

    Raises:
        HybridSimError: it was refused.
    """
    from hybridsim.errors import LogError
    from hybridsim.ingest.run import ingest

    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "ingest.toml"
        spec.write_text(SPEC)
        report = ingest([path], spec, "anymal_c", None, Path(folder) / "store")
    if report.refused:
        raise LogError(report.refused[0].reason)


READERS: dict[str, Reader] = {"messages": read, "ingest": ingested}


def fuzz(
    form: str, numbers: Sequence[int], seed: int, folder: Path, reader: Reader = read
) -> Iterator[Outcome]:
    """Mutate one bag of a form and read it, once a number."""
    (folder / "bag").mkdir()
    mutants = Mutants(form, seed, folder)
    reader(mutants.path)  # compiles before the children are forked
    yield from watched(numbers, mutants, reader)


def watched(numbers: Sequence[int], prepare: Callable[[int], Path], reader: Reader) -> Iterator[Outcome]:
    """Read the file that `prepare` makes for each number, in child processes that may die."""
    context, rest = multiprocessing.get_context("fork"), list(numbers)
    while rest:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, rest, prepare, reader))
        process.start()
        theirs.close()
        while rest:
            try:
                yield mine.recv()
            except EOFError:
                process.join()
                yield _death(rest.pop(0), process.exitcode)
                break
            rest.pop(0)
        process.join()


def _death(number: int, code: int | None) -> Outcome:
    """The outcome of a child that has not reported."""
    kind = "hang" if code == -signal.SIGALRM else "crash"
    return Outcome(number, kind, SECONDS if kind == "hang" else 0.0, 0, f"exit code {code}")


def _work(pipe: Connection, numbers: list[int], prepare: Callable[[int], Path], reader: Reader) -> None:
    """Child: report on one file after the other."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + BYTES, hard))
    for number in numbers:
        pipe.send(_tried(number, prepare(number), reader))
    pipe.close()
    # No exit handlers: they belong to the parent.
    os._exit(0)


def _tried(number: int, path: Path, reader: Reader) -> Outcome:
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
    return Outcome(number, kind, time.perf_counter() - begin, peak, said)


def _status(name: str) -> int:
    """A line of /proc/self/status [bytes]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise AssertionError(name)


def main(argv: Sequence[str]) -> int:
    """Print one line a form and one a finding; 1 if there is any."""
    every = [form for name in FORMS for form in FORMS[name] + FOLDERS[name]]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz")
    parser.add_argument("--mutations", type=int, default=2000, help="a format")
    parser.add_argument("--format", choices=list(FORMS))
    parser.add_argument("--form", choices=every)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--through", choices=list(READERS), default="messages")
    parser.add_argument("--one", type=int, help="only this mutation, of --form, with nothing caught")
    parser.add_argument("--keep", type=Path, help="folder for the mutated bag of --one")
    options = parser.parse_args(argv)
    if options.one is not None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "bag").mkdir()
            path = Mutants(options.form, options.seed, Path(folder))(options.one)
            if options.keep:
                shutil.copytree(path.parent, options.keep)
            READERS[options.through](path)
        return 0
    found = 0
    for name in [options.format] if options.format else FORMS:
        forms = FORMS[name] + (FOLDERS[name] if options.through == "ingest" else ())
        if options.form:
            forms = tuple(form for form in forms if form == options.form)
        for form in forms:
            found += _report(form, -(-options.mutations // len(forms)), options.seed, options.through)
    return int(found > 0)


def _report(form: str, count: int, seed: int, through: str) -> int:
    """Fuzz one form and print what came of it; how many findings."""
    with tempfile.TemporaryDirectory() as folder:
        done = list(fuzz(form, range(count), seed, Path(folder), READERS[through]))
    bad = [outcome for outcome in done if outcome.bad]
    kinds = Counter(outcome.kind for outcome in done)
    slowest, peak = max(o.seconds for o in done), max(o.peak for o in done)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ("read", "refused", "crash", "hang", "memory"))
    print(f"{form:15s} {len(done):5d}: {counts}; at most {slowest:.2f} s and {peak / 1e6:.0f} MB", flush=True)
    for outcome in bad:
        print(f"  --form {form} --seed {seed} --through {through} --one {outcome.number}: {outcome.kind}")
        print(outcome.said)
    return len(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
