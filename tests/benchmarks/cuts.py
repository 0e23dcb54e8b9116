"""How many messages are read from files cut at a random byte, against what is known to lie before it.

    .venv/bin/python -m tests.benchmarks.cuts [--cuts 200] [--format bag|db3|mcap] [--seed 0]

Cuts are spread over the forms of a format: compressions, chunked or not, old ones. The truth is read apart
from hybridsim (tests/ingest/bags/truth.py): messages of whole chunks, and of the last chunk those that are
whole or that a streaming decompressor still gives. A message that was never written counts as invented.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybridsim.errors import HybridSimError
from tests.ingest.bags.containers import write
from tests.ingest.bags.messages import Message, merged, mixture, stream
from tests.ingest.bags.reading import read
from tests.ingest.bags.truth import Said, Truth

Reader = Callable[[Path], list[Said]]
FORMS = {
    "bag": ("bag", "bag-bz2", "bag-lz4", "bag-1.2"),
    "db3": ("db3", "db3-1"),
    "mcap": ("mcap", "mcap-lz4", "mcap-zstd", "mcap-unchunked"),
}


@dataclass(frozen=True)
class Cut:
    """What one cut file gave; counts of messages.

    Attributes:
        refusal: why the reader refused the file, or empty.
    """

    form: str
    byte: int
    chunks: int
    chunks_read: int
    whole: int
    whole_read: int
    invented: int
    refusal: str


CHUNKS = (1_500, 200_000)
"""Sizes of chunks: of many a file holds some; of a few, the last one gives messages when it is cut."""


def recording(rows: int = 60) -> list[Message]:
    """Small messages of many types, and some that fill pages and chunks of their own."""
    rng = np.random.default_rng(0)
    large = stream(
        "/large", "std_msgs/msg/Float64MultiArray", lambda _, row: {"data": rng.standard_normal(2000)}, 8
    )
    return merged(mixture(rows), large)


def cuts(
    form: str, count: int, seed: int, folder: Path, *, chunk_bytes: int = CHUNKS[0], reader: Reader = read
) -> Iterator[Cut]:
    """Cut one file of a form again and again."""
    chunked = "db3" not in form and form not in ("bag-1.2", "mcap-unchunked")
    options = {"chunk_bytes": chunk_bytes} if chunked else {}
    path = write(folder / "whole", recording(60 if chunk_bytes == CHUNKS[0] else 200), form, **options)
    truth, rng = Truth(path), random.Random(f"{form} {seed}")
    for _ in range(count):
        byte = rng.randrange(len(truth.data))
        short = path.with_name(f"cut{path.suffix}")
        short.write_bytes(truth.data[:byte])
        yield _judged(form, byte, truth, short, reader)


def _judged(form: str, byte: int, truth: Truth, path: Path, reader: Reader) -> Cut:
    try:
        found, refusal = Counter(reader(path)), ""
    except HybridSimError as error:
        found, refusal = Counter(), str(error)
    chunks, whole = truth.in_whole_chunks(byte), truth.whole(byte)
    return Cut(
        form=form,
        byte=byte,
        chunks=chunks.total(),
        chunks_read=(chunks & found).total(),
        whole=whole.total(),
        whole_read=(whole & found).total(),
        invented=(found - truth.all()).total(),
        refusal=refusal,
    )


def main(argv: Sequence[str]) -> int:
    """Print one line a form; 1 if a message of a whole chunk is missing or one was invented."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cuts")
    parser.add_argument("--cuts", type=int, default=200, help="a format")
    parser.add_argument("--format", choices=list(FORMS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    worst = 0
    for name in [options.format] if options.format else FORMS:
        for form in FORMS[name]:
            each, done = -(-options.cuts // len(FORMS[name]) // len(CHUNKS)), []
            for chunk_bytes in CHUNKS:
                with tempfile.TemporaryDirectory() as folder:
                    done += cuts(form, each, options.seed, Path(folder), chunk_bytes=chunk_bytes)
            missed = [cut for cut in done if cut.chunks_read < cut.chunks or cut.invented]
            worst |= bool(missed)
            chunks, read_chunks = sum(c.chunks for c in done), sum(c.chunks_read for c in done)
            whole, read_whole = sum(c.whole for c in done), sum(c.whole_read for c in done)
            print(
                f"{form:15s} {len(done):4d} cuts: {read_chunks / max(chunks, 1):8.3%} of {chunks} messages in"
                f" whole chunks, {read_whole / max(whole, 1):8.3%} of {whole} whole messages,"
                f" {sum(c.invented for c in done)} invented"
            )
            for cut in missed[:5]:
                print(f"    byte {cut.byte}: {cut.chunks_read} of {cut.chunks}, {cut.invented} invented")
                print(f"        {cut.refusal}" if cut.refusal else "        not refused")
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
