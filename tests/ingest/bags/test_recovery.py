"""What a killed recorder has left is read: every whole chunk, and the whole messages after them."""

import pytest
from rosbags.highlevel import AnyReader

from tests.benchmarks.cuts import CHUNKS, FORMS, cuts, recording
from tests.ingest.bags.containers import write
from tests.ingest.bags.damage import unindexed, unterminated
from tests.ingest.bags.reading import read
from tests.ingest.bags.truth import Truth
from tests.ingest.bags.types import payload, store

EVERY = [form for forms in FORMS.values() for form in forms]


@pytest.mark.parametrize("form", EVERY)
def test_the_truth_is_what_was_written(tmp_path, form):
    given = recording()
    path = write(tmp_path / "made", given, form)
    truth = Truth(path)
    version = 1 if path.suffix == ".bag" else 2
    assert sorted(truth.all().elements()) == sorted(
        (m.topic, m.receive_ns, payload(m, version)) for m in given
    )
    assert truth.whole(len(truth.data)) == truth.all()
    assert not truth.whole(50)
    if form != "bag-1.2":
        with AnyReader([path], default_typestore=store(2)) as reader:
            assert sum(1 for _ in reader.messages()) == truth.all().total()


@pytest.mark.parametrize("form", EVERY)
def test_what_lies_before_a_cut_is_read(tmp_path, form):
    for cut in cuts(form, 20, 0, tmp_path):
        assert cut.chunks_read == cut.chunks, cut
        assert cut.invented == 0, cut


@pytest.mark.parametrize("form", EVERY)
def test_whole_messages_of_the_last_chunk_are_read(tmp_path, form):
    done = list(cuts(form, 10, 1, tmp_path, chunk_bytes=CHUNKS[1]))
    assert sum(cut.whole_read for cut in done) == sum(cut.whole for cut in done), done


@pytest.mark.parametrize("form", ["bag", "bag-bz2", "bag-lz4", "mcap", "mcap-zstd", "mcap-unchunked"])
def test_a_file_without_index_is_read_whole(tmp_path, form):
    path = write(tmp_path / "made", recording(), form)
    truth = Truth(path)
    assert sorted(read(unindexed(path))) == sorted(truth.all().elements())


def test_a_chunk_that_was_never_closed_is_read_as_far_as_it_goes(tmp_path):
    path = write(tmp_path / "made", recording(), "bag")
    truth = Truth(path)
    # The last message of the last chunk is cut in half.
    (last, _) = truth.chunks[-1].messages[-1]
    expected = truth.all()
    expected[last] -= 1
    assert sorted(read(unterminated(path))) == sorted(expected.elements())
