"""Two clocks of a topic from a bag into log.json: measured and told, and no stamp moved but at a restart."""

import numpy as np
import pytest

from hybridsim.ingest.inspect import inspect_path
from tests.ingest.bags import messages as said
from tests.ingest.bags.lab import signal, states, topic
from tests.ingest.bags.messages import JOINTS, START_NS, Clock, joint_states, merged, stream

SECOND = 1_000_000_000
ANGLES = {joint: f"data[{k}]" for k, joint in enumerate(JOINTS)}


def clock_of(log, name="joint_position"):
    return log.header.signals[name].clock


def test_offset_and_drift_are_recorded_and_left_in(lab):
    """The recorder is 2 s ahead, gains 50 ppm, and messages are up to 3 ms late: 1,000 of them in 100 s."""
    clock = Clock(period_ns=100_000_000, offset_ns=2 * SECOND, drift=50e-6, jitter_ns=3_000_000, seed=1)
    log = lab.log(lab.bag(joint_states(1000, clock=clock)), states())
    found = clock_of(log)
    assert log.signal("joint_position").stamp_ns.tolist() == clock.stamps(1000)[0]
    assert (found.source, found.simulated, found.steps_s) == ("header", False, ())
    # In the middle, 50 s after the start, the recorder is 2 s + 2.5 ms ahead.
    assert found.sender_ahead_s == pytest.approx(-2.0025, abs=2e-4)
    low, high = found.sender_ahead_interval_95_s
    assert low <= -2.0025 <= high
    assert found.drift_ppm == pytest.approx(-50.0, abs=5.0)
    low, high = found.drift_interval_95_ppm
    assert low <= -50.0 <= high
    assert found.jitter_95_s == pytest.approx(0.95 * 0.003, rel=0.1)
    assert any("s behind the recorder's: recorded, not applied" in note for note in log.header.notes)


def test_what_is_known_of_the_clocks_is_on_the_logs_page(lab):
    clock = Clock(period_ns=100_000_000, offset_ns=2 * SECOND, drift=50e-6, jitter_ns=3_000_000, reboot=600)
    log = lab.log(lab.bag(joint_states(1000, clock=clock)), states())
    page = str(inspect_path(lab.store.root / log.log_id))
    (line,) = [line for line in page.splitlines() if "moved at 1 restarts of the clock" in line]
    assert "-2.00" in line and " to " in line and "s" in line.split()[-1]
    assert "drift [ppm]" in page and "jumps by" in page


def test_a_reboot_is_moved_and_told(lab):
    """From message 60 on the sender counts from 5 s again; the recorder's clock goes on."""
    clock = Clock(period_ns=10_000_000, jitter_ns=1_000_000, reboot=60)
    log = lab.log(lab.bag(joint_states(100, clock=clock)), states())
    found, stamps = clock_of(log), log.signal("joint_position").stamp_ns
    np.testing.assert_array_equal(stamps[:60], Clock(period_ns=10_000_000).stamps(60)[0])
    assert len(stamps) == 100
    # Delays stay what they were, within the jitter of 1 ms.
    np.testing.assert_allclose(stamps, Clock(period_ns=10_000_000).stamps(100)[0], atol=1_000_000, rtol=0)
    assert np.diff(stamps[60:]).tolist() == [10_000_000] * 39
    ((at, size, moved),) = found.steps_s
    assert at == clock.stamps(100)[1][60]
    assert size == pytest.approx(5.0 - START_NS * 1e-9 - 0.6, abs=2e-3)
    assert moved == pytest.approx(-size, abs=1e-9)
    assert any("restart?" in note for note in log.header.notes)


def test_zero_stamps_fall_back_to_the_recorders(lab):
    clock = Clock(zero=True, offset_ns=SECOND)
    log = lab.log(lab.bag(joint_states(clock=clock)), states())
    assert log.signal("joint_position").stamp_ns.tolist() == clock.stamps(20)[1]
    assert clock_of(log).source == "receive"
    assert any("20 of 20 header stamps are empty: the recorder's stamps" in note for note in log.header.notes)


def test_some_zero_stamps_cost_their_messages(lab):
    given = joint_states(20)
    for row in (3, 4):
        given[row].fields["header"]["stamp"].update(sec=0, nanosec=0)
    log = lab.log(lab.bag(given), states())
    assert len(log.signal("joint_position").stamp_ns) == 18
    (refused,) = log.header.signals["joint_position"].refused
    assert (refused.reason, refused.rows) == ("stamp is missing or not a number", (4, 5))


def test_types_without_a_header_go_by_the_recorder(lab):
    each = stream("/angles", "std_msgs/msg/Float64MultiArray", lambda _, row: said.array(row))
    log = lab.log(lab.bag(each), topic("/angles", signal("joint_position", "rad", ANGLES)))
    assert log.signal("joint_position").stamp_ns.tolist() == Clock().stamps(20)[1]
    assert (clock_of(log).source, clock_of(log).method) == ("receive", "the recorder's stamps")


def test_the_recorders_clock_on_demand(lab):
    clock = Clock(offset_ns=SECOND)
    log = lab.log(lab.bag(joint_states(clock=clock)), states(stamp="receive"))
    assert log.signal("joint_position").stamp_ns.tolist() == clock.stamps(20)[1]
    assert clock_of(log).source == "receive"


@pytest.mark.parametrize(
    ("unit", "kind"), [("s", "float64"), ("ms", "float64"), ("us", "int64"), ("ns", "int64")]
)
def test_a_field_may_say_the_time(lab, unit, kind):
    """A second apart, whatever the unit."""
    per = {"s": SECOND, "ms": 10**6, "us": 1000, "ns": 1}[unit]
    text = f"{kind} taken\nfloat64 volts\n"
    given = [
        said.Message(
            topic="/v",
            kind="lab_msgs/msg/Volts",
            receive_ns=START_NS + SECOND + row,
            fields=b"\0\1\0\0" + np.array([(row + 1) * SECOND // per], kind).tobytes() + bytes(8),
            text=text,
        )
        for row in range(5)
    ]
    spec = topic("/v", signal("supply_voltage", "V", {"a": "volts"}), stamp={"column": "taken", "unit": unit})
    log = lab.log(lab.bag(given), spec)
    assert log.signal("supply_voltage").stamp_ns.tolist() == [(row + 1) * SECOND for row in range(5)]
    assert clock_of(log, "supply_voltage").method == "field taken"


def test_simulated_time_is_kept_and_told(lab):
    """The sender's second lasts two of the recorder's."""
    clock = Clock(
        start_ns=10 * SECOND, period_ns=10_000_000, drift=1.0, offset_ns=START_NS, jitter_ns=100_000
    )
    log = lab.log(lab.bag(joint_states(400, clock=clock)), states())
    assert log.signal("joint_position").stamp_ns.tolist() == clock.stamps(400)[0]
    assert clock_of(log).simulated and clock_of(log).drift_ppm is None
    assert any("0.5 times as fast as the recorder's, simulated" in note for note in log.header.notes)


def test_latency_is_recorded_and_nothing_is_moved(lab):
    """A random command every 20 ms, held till the next; positions, every 4 ms, do the same 40 ms later.

    A step lies in the middle between two positions, where a line through them has it, too.
    """
    moves = np.cumsum(np.random.default_rng(0).normal(0, 0.02, (300, 4)), axis=0)
    sent = Clock(period_ns=20_000_000).stamps(300)[0]
    measured = Clock(period_ns=4_000_000, start_ns=START_NS + 2_000_000).stamps(1500)[0]

    def spoken(name, stamp, values):
        fields = said.joint_state(stamp, JOINTS, values.tolist())
        return said.Message(topic=name, kind="sensor_msgs/msg/JointState", receive_ns=stamp, fields=fields)

    given = [spoken("/command", stamp, moves[row]) for row, stamp in enumerate(sent)]
    given += [
        spoken("/joint_states", stamp, moves[max((stamp - sent[0] - 40_000_000) // 20_000_000, 0)])
        for stamp in measured
    ]
    command = states(topic="/command")
    command["signal"][0]["name"] = "joint_position_command"
    log = lab.log(lab.bag(sorted(given, key=lambda m: m.receive_ns)), states(), command)
    pooled = log.header.lags[0]
    assert (pooled.command, pooled.response, pooled.component) == (
        "joint_position_command",
        "joint_position",
        None,
    )
    assert pooled.trusted and pooled.delay_s == pytest.approx(0.04, abs=0.003)
    low, high = pooled.interval_95_s
    assert low <= 0.04 <= high
    assert [lag.component for lag in log.header.lags[1:]] == list(JOINTS)
    assert log.signal("joint_position_command").stamp_ns.tolist() == sent
    assert log.signal("joint_position").stamp_ns.tolist() == measured
    page = str(inspect_path(lab.store.root / log.log_id))
    (line,) = [line.split() for line in page.splitlines() if " all " in line]
    assert float(line[3]) == pytest.approx(0.04, abs=0.003) and line[-1] == "yes"


def test_a_command_without_a_moving_joint_has_no_delay(lab):
    still = [
        said.Message(
            topic=name,
            kind="sensor_msgs/msg/JointState",
            receive_ns=stamp,
            fields=said.joint_state(stamp, JOINTS, [0.1, 0.2, 0.3, 0.4]),
        )
        for stamp in Clock().stamps(100)[0]
        for name in ("/command", "/joint_states")
    ]
    command = states(topic="/command")
    command["signal"][0]["name"] = "joint_position_command"
    log = lab.log(lab.bag(still), states(), command)
    assert log.header.lags
    assert not any(lag.trusted for lag in log.header.lags)
    assert all(lag.reason for lag in log.header.lags)


def test_two_topics_keep_a_clock_each(lab):
    late = Clock(offset_ns=3 * SECOND, jitter_ns=10_000)
    imu = stream("/imu", "sensor_msgs/msg/Imu", said.imu, 200, late)
    given = merged(joint_states(200, clock=Clock(jitter_ns=10_000)), imu)
    rates = signal("imu_angular_velocity", "rad/s", "angular_velocity.{}")
    log = lab.log(lab.bag(given), states(), topic("/imu", rates))
    assert clock_of(log).sender_ahead_s == pytest.approx(0.0, abs=1e-3)
    assert clock_of(log, "imu_angular_velocity").sender_ahead_s == pytest.approx(-3.0, abs=1e-3)


def test_the_recorders_clock_set_back_in_the_middle_moves_nothing(lab):
    given = joint_states(100, clock=Clock(period_ns=10_000_000, jitter_ns=10_000))
    given = given[:50] + [said.replace(m, receive_ns=m.receive_ns - 3600 * SECOND) for m in given[50:]]
    log = lab.log(lab.bag(given), states())
    assert log.signal("joint_position").stamp_ns.tolist() == Clock(period_ns=10_000_000).stamps(100)[0]
    ((_, size, moved),) = clock_of(log).steps_s
    assert size == pytest.approx(-3600.0, abs=1e-3) and moved == 0.0
