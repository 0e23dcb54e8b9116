"""Recordings in servo_pendulum's layout: header fields, decoding, and two robots in one set."""

import json

import numpy as np
import pytest


def test_an_undamaged_recording_keeps_everything(pendulum):
    log = pendulum.log()
    assert {name: (s.unit, s.components, len(s.stamp_ns)) for name, s in log.signals.items()} == {
        "joint_position_command": ("rad", ("pendulum",), 20),
        "joint_position": ("rad", ("pendulum",), 20),
        "joint_velocity": ("rad/s", ("pendulum",), 20),
        "motor_enabled": ("1", ("pendulum",), 20),
        "supply_voltage": ("V", ("supply",), 20),
        "temperature": ("degC", ("pendulum",), 20),
        "motor_duty": ("1", ("pendulum",), 20),
    }
    assert {name: (c.value, c.unit) for name, c in log.constants.items()} == {
        "payload_mass": (0.49, "kg"),
        "payload_length": (0.1, "m"),
        "position_gain": (100.0, "1"),
        "supply_voltage": (7.4, "V"),
    }
    assert log.labels == {"motor": "xl330", "trajectory": "sin"}
    assert log.session == "2026-01-15"
    assert log.signal("motor_enabled").values[:, 0].tolist() == [1.0] * 10 + [0.0] * 10
    # 65535 - k is -1 - k in 16 bits, of 885
    np.testing.assert_allclose(log.signal("motor_duty").values[:, 0], -(1 + np.arange(20)) / 885, rtol=1e-7)
    np.testing.assert_array_equal(log.signal("joint_position").stamp_ns, np.arange(20) * 5_000_000)


def test_a_log_of_the_other_motor_is_refused_by_name(pendulum):
    assert pendulum.refusal(robot="sts3250_pendulum") == (
        "motor is 'xl330', a log of robot xl330_pendulum; expected sts3250_pendulum"
    )
    pendulum.document["motor"] = "mx64"
    assert pendulum.refusal() == (
        "motor is 'mx64', not one of sts3250 (sts3250_pendulum), xl330 (xl330_pendulum); "
        "expected xl330_pendulum"
    )


def test_the_sts3250_has_no_duty(pendulum):
    pendulum.document["motor"] = "sts3250"
    _, (log,) = pendulum.ingest(robot="sts3250_pendulum")
    assert "motor_duty" not in log.signals and len(log.signals) == 6


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("mass", None, "header field 'mass' value is missing: None; the header has kp, length, mass, motor"),
        ("mass", float("nan"), "header field 'mass' nan or infinite"),
        ("mass", "heavy", "header field 'mass' not a number: 'heavy'"),
        ("length", 1e279, "header field 'length' is absurd: 1e+279 m"),
        ("motor", None, "header field 'motor' is missing; expected one of sts3250"),
        ("motor", ["xl330"], "motor is '['xl330']', not one of"),
        ("entries", {}, "no list of rows at 'entries'; the document has entries, kp"),
        ("entries", [], "no rows"),
        ("entries", [1, 2, 3], "none of 3 rows is an object"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(pendulum, field, value, reason):
    pendulum.document[field] = value
    assert reason in pendulum.refusal()


def test_an_optional_column_that_is_missing_costs_only_its_signal(pendulum):
    for entry in pendulum.entries:
        del entry["load"]
    log = pendulum.log()
    assert "motor_duty" not in log.signals and len(log.signals) == 6
    assert log.header.notes == (f"{pendulum.path.name}: fewer than two rows of motor_duty can be used",)


def test_a_required_column_that_is_missing_is_refused_with_those_there_are(pendulum):
    for entry in pendulum.entries:
        del entry["position"]
    assert "no column 'position'; it has speed, load" in pendulum.refusal()


def test_a_missing_field_of_a_row_costs_that_row(pendulum):
    del pendulum.entries[3]["position"]
    pendulum.entries[7] = "nonsense"
    log = pendulum.log()
    refused = log.header.signals["joint_position"].refused
    assert [(r.reason, r.count, r.rows) for r in refused] == [
        ("value is missing", 1, (4,)),
        ("row is not an object", 1, (8,)),
    ]
    assert [r.rows for r in log.header.signals["joint_velocity"].refused] == [(8,)]


def test_a_register_that_16_bits_cannot_hold_is_absurd(pendulum):
    pendulum.entries[3]["load"] = 65536
    log = pendulum.log()
    assert [r.reason for r in log.header.signals["motor_duty"].refused] == ["value is absurd for this signal"]


def test_a_document_cut_inside_a_row_keeps_the_rows_before(pendulum):
    text = json.dumps(pendulum.document)
    cut = text[: text.index('"position": 0.15') + 10]
    log = pendulum.log(cut)
    assert len(log.signal("joint_position").stamp_ns) == 15
    assert log.constants["payload_mass"].value == 0.49
    (note,) = log.header.notes
    assert "not valid JSON" in note and "read row by row" in note
    assert [r.rows for r in log.header.signals["joint_position"].refused] == [(16,)]


def test_garbage_between_rows_costs_the_row_it_hit(pendulum):
    text = json.dumps(pendulum.document).replace('"position": 0.05', '"position": 0.0#5')
    log = pendulum.log(text)
    assert len(log.signal("joint_position").stamp_ns) == 19
    assert [r.rows for r in log.header.signals["joint_position"].refused] == [(6,)]


@pytest.mark.parametrize(
    "text", ["", "   ", "{", "[" * 100_000, '{"entries": ' + "[" * 100_000, '{"a": 1}', "null", "\x00"]
)
def test_what_is_no_recording_is_refused_in_one_line(pendulum, text):
    reason = pendulum.refusal(text)
    assert reason and "\n" not in reason


def test_a_clock_that_restarts_keeps_the_longer_part(pendulum):
    for entry in pendulum.entries[:6]:
        entry["timestamp"] += 100.0
    log = pendulum.log()
    assert len(log.signal("joint_position").stamp_ns) == 14
    (refused,) = log.header.signals["joint_position"].refused
    assert (refused.reason, refused.count) == ("stamp runs backward", 6)
