"""The made bags themselves: rosbags and mcap read back what was said, so that other tests may trust them."""

import sqlite3

import pytest
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader
from rosbags.highlevel import AnyReader

from tests.ingest.bags import messages as said
from tests.ingest.bags.containers import FORMS, write
from tests.ingest.bags.damage import unindexed, unterminated
from tests.ingest.bags.types import payload, store

READABLE = [form for form in FORMS if form not in ("bag-1.2", "db3-wal", "mcap-ros1")]
"""What rosbags 0.11.9 reads."""


@pytest.mark.parametrize("form", READABLE)
def test_rosbags_reads_back_what_was_said(tmp_path, form):
    given = said.mixture()
    path = write(tmp_path / "made", given, form)
    version = 1 if path.suffix == ".bag" else 2
    expected = [(m.topic, m.receive_ns, payload(m, version)) for m in given]
    with AnyReader([path], default_typestore=store(2)) as reader:
        found = [(connection.topic, stamp, bytes(data)) for connection, stamp, data in reader.messages()]
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
    assert sorted(found) == sorted(expected)


def test_permuted_joints_keep_their_planted_values(tmp_path):
    path = write(tmp_path / "made", said.joint_states(5, order="permuted"), "mcap")
    orders = set()
    with AnyReader([path]) as reader:
        for row, (connection, _, data) in enumerate(reader.messages()):
            message = reader.deserialize(data, connection.msgtype)
            orders.add(tuple(message.name))
            for name, value in zip(message.name, message.position, strict=True):
                assert value == said.position(said.JOINTS.index(name), row)
    assert len(orders) > 1


def test_a_wal_holds_the_second_half(tmp_path):
    path = write(tmp_path / "made", said.joint_states(20), "db3-wal")
    count = "SELECT count(*) FROM messages"
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as without:
        assert without.execute(count).fetchone() == (10,)
    with sqlite3.connect(path) as merged:
        assert merged.execute(count).fetchone() == (20,)


@pytest.mark.parametrize("form", ["bag", "bag-bz2", "bag-lz4"])
def test_an_unindexed_bag_is_refused_by_rosbags(tmp_path, form):
    path = unindexed(write(tmp_path / "made", said.mixture(), form))
    with pytest.raises(Exception, match="not indexed"), AnyReader([path]):
        pass


def test_an_unterminated_chunk_claims_no_bytes(tmp_path):
    path = unterminated(write(tmp_path / "made", said.mixture(), "bag"))
    data = path.read_bytes()
    last = data.rindex(b"compression=none")
    assert data[data.index(b"size=", last) + 5 :][:8] == bytes(8)


@pytest.mark.parametrize("form", ["mcap", "mcap-zstd", "mcap-unchunked"])
def test_a_killed_mcap_still_holds_its_messages(tmp_path, form):
    given = said.mixture()
    path = unindexed(write(tmp_path / "made", given, form))
    found = 0
    with path.open("rb") as stream, pytest.raises(EndOfFile):
        for _ in NonSeekingReader(stream).iter_messages(log_time_order=False):
            found += 1
    assert found == len(given)


def test_clocks_plant_offset_drift_and_reboot():
    clock = said.Clock(period_ns=10**9, offset_ns=7, drift=1e-6, reboot=3)
    header, receive = clock.stamps(5)
    assert header[1] - header[0] == 10**9
    assert receive[0] - header[0] == 7
    # A second later the receiver is 1e-6 s further.
    assert receive[1] - header[1] == 7 + 1000
    assert header[3] == 5_000_000_000 and header[4] == 6_000_000_000
    assert said.Clock(zero=True).stamps(2)[0] == [0, 0]
