"""How fast, and in how much memory, a long bag becomes a log, against rosbags' loop over the same bag.

    .venv/bin/python -m tests.benchmarks.bags --gigabytes 1 --format bag|db3|mcap
        [--what store|decode|varying|memory|cores|all] [--scratch DIR] [--rounds 3] [--reference-share 0.1]

Twelve-joint JointState and Imu at 400 Hz, generated (tests/benchmarks/long_bags.py). The reference is
AnyReader in a bare loop that deserialises every message, opening not counted; to save time it runs over the
first --reference-share of the messages. Ours is `hybridsim ingest` from the command line, start and imports
included, until the store is finished. Both run in turn, each in a process of its own pinned to one core;
medians of --rounds are quoted. Compiled code is cached by a first, small bag that is not timed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Nothing large is imported here: the peak memory of a child starts with what its parent holds.

SPEC = Path(__file__).with_name("bags.toml")
BARS = {"store": (3.0, 10.0), "decode": (5.0, 20.0), "varying": (0.9, 1.0), "cores": (1.7, 1.9)}
"""Ratio to the reference: first bar, and aim."""
MEMORY_MB = (400, 250)
WARM_UP_GB = 0.003
COMPARED = 20_000
"""Messages of the small bag that are compared with rosbags bit by bit."""


def main(argv: Sequence[str]) -> None:
    """Print one line a measure."""
    options = _options(argv)
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix="hybridsim-bags-"))
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        bench = Bench(scratch, options)
        chosen = list(MEASURES) if options.what == "all" else [options.what]
        print(
            f"{options.gigabytes:g} GB .{options.format}, load average {os.getloadavg()[0]:.1f}", flush=True
        )
        for what in chosen:
            for line in MEASURES[what](bench):
                print(line, flush=True)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bags")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--format", choices=["bag", "db3", "mcap"], default="mcap")
    parser.add_argument("--what", choices=[*MEASURES, "all"], default="store")
    parser.add_argument("--scratch", type=Path, help="keeps the generated bags for the next run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reference-share", type=float, default=0.1)
    return parser.parse_args(argv)


class Bench:
    """Bags, specification and children of one run."""

    def __init__(self, scratch: Path, options: argparse.Namespace) -> None:
        self.scratch, self.options = scratch, options
        self.core = sorted(os.sched_getaffinity(0))

    def bag(self, gigabytes: float, *, varying: bool = False, number: int = 0) -> Path:
        """A generated bag, made once."""
        # No name that ends in _0: that would be part of a split recording.
        name = f"{'varying' if varying else 'fixed'}{number}-{gigabytes:g}GB.{self.options.format}"
        path = self.scratch / name
        if not path.exists():
            made = path.with_name(f"new-{name}")
            child("generated", [str(made), gigabytes, varying, number], self.core)
            made.rename(path)
        return path

    def warm_up(self) -> None:
        """Let everything compile that will be compiled."""
        self.ingest([self.bag(WARM_UP_GB)], self.core[:1])

    def ingest(self, bags: Sequence[Path], cores: Sequence[int]) -> dict[str, float]:
        """`hybridsim ingest` into an empty store: seconds, processor seconds, peak memory [MB], rows."""
        store = Path(tempfile.mkdtemp(dir=self.scratch, prefix="store_"))
        command = [str(Path(sys.executable).parent / "hybridsim"), "ingest", *map(str, bags)]
        command += ["--robot", "anymal_c", "--spec", str(SPEC), "--store", str(store)]
        command += ["--engine", "serial" if len(cores) == 1 else "loky"]
        try:
            found = run(command, cores)
            found["rows"] = float(child("rows", [str(store)], cores)["rows"])
        finally:
            shutil.rmtree(store)
        return found

    def reference(self, path: Path) -> dict[str, float]:
        """rosbags' loop: bytes per second, and messages."""
        return child("looped", [str(path), self.options.reference_share], self.core[:1])


def run(command: Sequence[str], cores: Sequence[int]) -> dict[str, float]:
    """Run a process on these cores only: what it and its children took in seconds, and peak memory [MB].

    Ends the benchmark with the last lines of what the process said if it fails.
    """
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **threads, "NUMBA_NUM_THREADS": str(len(cores))},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        out.seek(0)
        said = out.read().decode(errors="replace").strip()
    if process.returncode not in (0, 3):  # 3: messages that lack joints were refused, as they are to be
        sys.exit(f"{' '.join(command[:3])} ...: exit {process.returncode}\n{said[-2000:]}")
    found = {"seconds": seconds, "busy": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1e3}
    return found | {"said": said}  # type: ignore[return-value]


def child(function: str, arguments: list[Any], cores: Sequence[int]) -> dict[str, Any]:
    """Call a function of this module in a process of its own; it returns a dictionary."""
    code = "import json, sys, tests.benchmarks.bags as bags;"
    code += f" print(json.dumps(bags.{function}(*json.loads(sys.argv[1]))))"
    found: Any = run([sys.executable, "-c", code, json.dumps(arguments)], cores)
    return json.loads(found["said"].splitlines()[-1]) | {"peak_mb": found["peak_mb"]}


def generated(path: str, gigabytes: float, varying: bool, seed: int) -> dict[str, float]:
    """Child: write a bag."""
    from tests.benchmarks.long_bags import generate

    return {"messages": generate(Path(path), gigabytes, varying=varying, seed=seed)}


def looped(path: str, share: float) -> dict[str, float]:
    """Child: deserialise the first messages of a bag with rosbags."""
    from rosbags.highlevel import AnyReader

    with AnyReader([Path(path)]) as reader:
        count = max(1, int(reader.message_count * share))
        whole = reader.message_count
        messages = reader.messages()
        connection, _, data = next(messages)  # compiles the types
        reader.deserialize(data, connection.msgtype)
        begin, busy = time.perf_counter(), time.process_time()
        for k, (connection, _, data) in enumerate(messages, 2):
            reader.deserialize(data, connection.msgtype)
            if k >= count:
                break
        seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    size = Path(path).stat().st_size * (count - 1) / whole
    return {"rate": size / seconds, "busy_rate": size / busy, "messages": count}


def decoded(path: str, small: str, every: bool) -> dict[str, float]:
    """Child: decode a bag to arrays, after a small one that compiles."""
    from tests.benchmarks.decoding import EVERY, SIGNALS, decode

    signals = EVERY if every else SIGNALS
    decode(Path(small), signals)
    begin, busy = time.perf_counter(), time.process_time()
    decode(Path(path), signals)
    return {"seconds": time.perf_counter() - begin, "busy": time.process_time() - busy}


def compared(path: str, count: int) -> dict[str, Any]:
    """Child: what differs from rosbags in the first messages."""
    from tests.benchmarks.decoding import differing

    return {"differing": differing(Path(path), count)}


def rows(store: str) -> dict[str, float]:
    """Child: rows of joint_position in all logs of a store."""
    import pyarrow.parquet as parquet

    return {
        "rows": sum(parquet.read_metadata(p).num_rows for p in Path(store).rglob("joint_position.parquet"))
    }


def _against(bench: Bench, what: str, path: Path, ours: Callable[[], dict[str, float]]) -> str:
    """A line: reference and ours in turn."""
    size, rates, busy = path.stat().st_size, [], []
    for _ in range(bench.options.rounds):
        theirs, mine = bench.reference(path), ours()
        rates.append((theirs["rate"], size / mine["seconds"]))
        busy.append(size / mine["busy"] / theirs["busy_rate"])
    them, us = (statistics.median(column) / 1e6 for column in zip(*rates, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in rates)
    first, aim = BARS[what]
    verdict = "below the bar" if ratio < first else "above the bar" if ratio < aim else "reaches the aim"
    clocks = f"{ratio:5.2f} x by the wall clock, {statistics.median(busy):5.2f} x by processor time"
    share = f"{bench.options.reference_share:.0%} of the messages"
    return (
        f"{what:8s} rosbags {them:6.1f} MB/s ({share}), ours {us:7.1f} MB/s: {clocks};"
        f" bar {first:g} x, aim {aim:g} x: {verdict}"
    )


def _store(bench: Bench, what: str = "store", varying: bool = False) -> list[str]:
    bench.warm_up()
    path = bench.bag(bench.options.gigabytes, varying=varying)
    found: dict[str, float] = {}

    def ours() -> dict[str, float]:
        found.update(bench.ingest([path], bench.core[:1]))
        return found

    line = _against(bench, what, path, ours)
    return [line, f"         {found['rows']:.0f} rows stored, peak {found['peak_mb']:.0f} MB"]


def _decode(bench: Bench, varying: bool = False) -> list[str]:
    path = bench.bag(bench.options.gigabytes, varying=varying)
    small = bench.bag(WARM_UP_GB, varying=varying)
    lines = []
    for every, words in ((False, "numbers of ingest.toml"), (True, "every number of the messages")):

        def ours(every: bool = every) -> dict[str, float]:
            return child("decoded", [str(path), str(small), every], bench.core[:1])

        lines += [f"         {words}:", _against(bench, "varying" if varying else "decode", path, ours)]
    different = child("compared", [str(small), COMPARED], bench.core[:1])["differing"]
    return [*lines, f"         not bit by bit as rosbags reads them: {', '.join(different) or 'none'}"]


def _varying(bench: Bench) -> list[str]:
    bench.ingest([bench.bag(WARM_UP_GB, varying=True)], bench.core[:1])
    stored = _store(bench, "varying", varying=True)
    return ["         to the finished store:", *stored, *_decode(bench, varying=True)]


def _memory(bench: Bench) -> list[str]:
    bench.warm_up()
    sizes = (bench.options.gigabytes, 4 * bench.options.gigabytes)
    peaks = [bench.ingest([bench.bag(size)], bench.core[:1])["peak_mb"] for size in sizes]
    apart = peaks[1] / peaks[0] - 1
    first, aim = MEMORY_MB
    return [
        f"memory   {sizes[0]:g} GB {peaks[0]:.0f} MB, {sizes[1]:g} GB {peaks[1]:.0f} MB: {apart:+.0%}"
        f" (bar 20 %, at most {first} MB; aim {aim} MB)"
    ]


def _cores(bench: Bench) -> list[str]:
    if len(bench.core) < 2:
        return ["cores    one core here: nothing to compare"]
    bench.warm_up()
    bags = [bench.bag(bench.options.gigabytes / 4, number=k) for k in range(4)]
    ratios, spare = [], []
    for _ in range(bench.options.rounds):
        one, two = bench.ingest(bags, bench.core[:1]), bench.ingest(bags, bench.core[:2])
        ratios.append(one["seconds"] / two["seconds"])
        spare.append(_two_loops(bench.core))
    first, aim = BARS["cores"]
    ratio = statistics.median(ratios)
    return [
        f"cores    four bags on two cores over one: {ratio:.2f} x (bar {first:g} x, aim {aim:g} x)",
        f"         two plain loops on two cores over one, meanwhile: {statistics.median(spare):.2f} x",
    ]


def _two_loops(cores: Sequence[int]) -> float:
    """What a second core is worth here and now: below 2 where others use it."""
    loop = [sys.executable, "-c", "for _ in range(30_000_000): pass"]

    def seconds(places: Sequence[int]) -> float:
        begin = time.perf_counter()
        started = [subprocess.Popen(["taskset", "-c", str(place), *loop]) for place in places]
        for process in started:
            process.wait()
        return time.perf_counter() - begin

    return seconds([cores[0]] * 2) / seconds(cores[:2])


MEASURES: dict[str, Callable[[Bench], list[str]]] = {
    "store": _store,
    "decode": _decode,
    "varying": _varying,
    "memory": _memory,
    "cores": _cores,
}


if __name__ == "__main__":
    main(sys.argv[1:])
