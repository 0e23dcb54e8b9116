"""Bags that lie are read as far as they are true, or refused: never a traceback, a hang or a gigabyte."""

import pytest

from tests.benchmarks.fuzz import watched
from tests.ingest.bags import hostile
from tests.ingest.bags.containers import FORMS, write
from tests.ingest.bags.messages import joint_states
from tests.ingest.bags.reading import read

EXPANDS = 1 << 31
LIES = {
    "bag bz2 bomb": lambda path: hostile.bag_bomb(path, "bz2", expands=EXPANDS),
    "bag lz4 bomb": lambda path: hostile.bag_bomb(path, "lz4", expands=EXPANDS),
    "bag lz4 bomb, honest": lambda path: hostile.bag_bomb(path, "lz4", claims=EXPANDS, expands=EXPANDS),
    "mcap lz4 bomb": lambda path: hostile.mcap_bomb(path, "lz4", expands=EXPANDS),
    "mcap zstd bomb": lambda path: hostile.mcap_bomb(path, "zstd", expands=EXPANDS),
    "mcap zstd bomb, honest": lambda path: hostile.mcap_bomb(path, "zstd", claims=EXPANDS, expands=EXPANDS),
    **{
        f"bag {field}": lambda path, field=field: hostile.bag_claims(path, field)
        for field in ("size", "data", "header", "count")
    },
    **{
        f"mcap {field}": lambda path, field=field: hostile.mcap_claims(path, field)
        for field in ("record", "uncompressed", "compressed", "string", "content")
    },
}
"""Each holds one good message before the lie."""


@pytest.fixture(scope="module", autouse=True)
def _compiled(tmp_path_factory):
    """Compile here, and not in children that have little memory and time."""
    for form in ("bag", "mcap", "db3"):
        read(write(tmp_path_factory.mktemp("warm") / "up", joint_states(2), form))


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_costs_little_and_the_truth_before_it_is_read(tmp_path, lie):
    path = LIES[lie](tmp_path / "lie")
    (outcome,) = watched([0], lambda _: path, read)
    assert outcome.kind in ("read", "refused"), outcome
    assert len(read(path)) == 1


def test_a_view_in_place_of_the_table_ends(tmp_path):
    path = hostile.endless_db3(tmp_path / "lie")
    (outcome,) = watched([0], lambda _: path, read)
    assert outcome.kind in ("read", "refused"), outcome


@pytest.mark.parametrize("suffix", ["bag", "db3", "mcap"])
@pytest.mark.parametrize("content", [b"", b"x", b"#ROSBAG V3.0\n", b"\x89MCAP1\r\n", bytes(100_000)])
def test_what_is_no_bag_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"none.{suffix}"
    path.write_bytes(content)
    (outcome,) = watched([0], lambda _: path, read)
    assert outcome.kind == "refused", outcome
    assert path.name in outcome.said


def test_every_form_is_read(tmp_path):
    for form in FORMS:
        path = write(tmp_path / form, joint_states(9), form)
        if path.is_file():
            assert len(read(path)) == 9, form
