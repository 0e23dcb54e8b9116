"""The tables of sensor parameters: offered by name, read with priors, refused when unknown."""

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import CalibrationError, RobotError
from hybridsim.resources import find
from hybridsim.robot import load_robot
from hybridsim.sensors import TABLES, neutral, offered, sensor_values

IMU = {"name": "imu", "kind": "imu", "link": "imu", "source": "a test"}


def robot(folder, sensors, **encoder):
    """The servo pendulum of robots/, with sensors of a test."""
    found = tomllib.loads((find("robots", "xl330_pendulum") / "robot.toml").read_text())
    found["sensor"] = sensors
    found["encoder"][0] |= encoder
    for urdf in find("robots", "xl330_pendulum").glob("*.urdf"):
        (folder / urdf.name).write_text(urdf.read_text())
    (folder / "robot.toml").write_text(tomli_w.dumps(found))
    return load_robot(folder)


def prior(name, value, unit):
    return {name: {"value": value, "unit": unit, "source": "a test"}}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_name_everything_once_and_neutral_values_are_within_bounds(kind):
    names = [p.name for p in TABLES[kind]]
    assert len(names) == len(set(names))
    assert all(p.low <= p.value <= p.high and p.unit and p.meaning for p in TABLES[kind])


def test_priors_are_offered_with_their_source_and_a_calibration_overrides_them(tmp_path):
    made = robot(tmp_path, [IMU | {"parameters": prior("gyro_white_x", 0.01, "rad/s")}])
    found = {p.name: p for p in offered(made)}
    assert found["sensor.imu.gyro_white_x"].value == 0.01
    assert found["sensor.imu.gyro_white_x"].source.endswith("noise of one sample, 1 sigma; a test")
    assert found["sensor.imu.gyro_map_xx"].value == 1.0 and "sensor.encoder_pendulum.play" in found
    assert sensor_values(made, {})["imu"]["gyro_white_x"] == 0.01
    assert sensor_values(made, {"sensor.imu.gyro_white_x": 0.02})["imu"]["gyro_white_x"] == 0.02
    assert neutral(made)["sensor.imu.gyro_white_x"] == 0.0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (prior("gyro_wight_x", 0.01, "rad/s"), ["'gyro_wight_x' is not of kind 'imu'", "available: acc_"]),
        (prior("gyro_white_x", 0.01, "deg/s"), ["unit is 'deg/s', expected 'rad/s'"]),
    ],
)
def test_a_prior_that_fits_nothing_is_refused_in_one_line(tmp_path, parameters, words):
    made = robot(tmp_path, [IMU | {"parameters": parameters}])
    with pytest.raises(RobotError) as caught:
        offered(made)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sensor", "words"),
    [
        (IMU | {"joint": "pendulum"}, "of kind 'imu': expected a link and no joint"),
        ({"name": "a", "kind": "current", "link": "imu", "source": "t"}, "expected a joint and no link"),
        (IMU | {"kind": "radar"}, "'imu', 'force', 'wrench'"),
    ],
)
def test_a_sensor_has_to_be_somewhere(tmp_path, sensor, words):
    with pytest.raises(RobotError, match=words):
        robot(tmp_path, [sensor])


def test_sensors_names_are_unique(tmp_path):
    with pytest.raises(RobotError, match="sensor imu is given twice"):
        robot(tmp_path, [IMU, IMU])


@given(st.text(max_size=20))
def test_a_calibrations_unknown_names_are_refused(name):
    made = load_robot("imu_broad")
    known = {p.name for p in TABLES["imu"]}
    if name in known:
        return
    with pytest.raises(CalibrationError, match=r"of no sensor; its sensors: imu \(imu\)"):
        sensor_values(made, {f"sensor.imu.{name}": 0.0})


def test_parameters_of_other_models_are_none_of_ours():
    assert sensor_values(load_robot("imu_broad"), {"link.imu.mass": 1.0})["imu"]["gyro_map_xx"] == 1.0
