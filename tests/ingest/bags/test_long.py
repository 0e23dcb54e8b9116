"""The benchmark's long bags hold what they claim: rosbags and mcap read them like any other."""

import numpy as np
import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from tests.benchmarks.long_bags import generate
from tests.benchmarks.long_messages import JOINTS

GIGABYTES = 2.5e-3


@pytest.mark.parametrize("kind", ["bag", "db3", "mcap"])
@pytest.mark.parametrize("varying", [False, True])
def test_rosbags_reads_it(tmp_path, kind, varying):
    path = tmp_path / f"long.{kind}"
    count = generate(path, GIGABYTES, varying=varying)
    assert path.stat().st_size == pytest.approx(GIGABYTES * 1e9, rel=0.1)
    orders, stamps, received = set(), [], []
    with AnyReader([path]) as reader:
        for connection, receive_ns, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            received.append(receive_ns)
            stamps.append(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
            if connection.topic == "/joint_states":
                orders.add(tuple(message.name))
                assert len(message.position) == len(message.name)
                assert np.abs(message.position).max() < 0.6
            else:
                quaternion = message.orientation
                norm = quaternion.x**2 + quaternion.y**2 + quaternion.z**2 + quaternion.w**2
                assert norm == pytest.approx(1.0, abs=1e-3)
    assert len(received) == count
    assert received == sorted(received)
    assert len(orders) > 50 if varying else orders == {JOINTS}
    # 400 Hz, and stamped before it was received.
    assert np.median(np.diff(stamps[::2])) == pytest.approx(2.5e6, rel=0.01)
    assert (np.array(received) > np.array(stamps)).all()


def test_mcap_reads_it_with_its_checksums(tmp_path):
    path = tmp_path / "long.mcap"
    count = generate(path, GIGABYTES)
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        assert reader.get_summary().statistics.message_count == count
        assert sum(1 for _ in reader.iter_messages()) == count
