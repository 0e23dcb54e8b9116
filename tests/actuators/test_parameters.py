import numpy as np
import pytest

from hybridsim.actuators import DRIVE_PARAMETERS, Drives, drive_defaults, drive_matrix, offered
from hybridsim.actuators import parameters as table
from hybridsim.errors import CalibrationError, SimulationError
from hybridsim.robot import load_robot
from tests.actuators.bench import row


def test_columns_are_the_table():
    for column, p in enumerate(DRIVE_PARAMETERS):
        assert getattr(table, p.name.upper()) == column
        assert p.low <= p.value <= p.high, p.name


def test_defaults_are_the_rated_values():
    drive = load_robot("xl330_pendulum").drives[0]
    values = drive_defaults(drive)
    assert values["stall_effort"] == 0.52 and values["rated_voltage"] == 5.0
    # Full duty at the no-load speed leaves nothing: 0.52 N*m / 10.786 rad/s.
    assert values["back_emf"] == pytest.approx(0.52 / 10.786)
    assert values["position_gain"] == 0.0028775


def test_offers_every_parameter_of_every_drive_within_its_bounds():
    robot = load_robot("sts3250_pendulum")
    found = offered(robot)
    assert [p.name for p in found] == [f"drive.{robot.drives[0].joint}.{p.name}" for p in DRIVE_PARAMETERS]
    assert all(p.low <= p.value <= p.high for p in found)
    matrix = drive_matrix([robot.drives[0].joint], {p.name: p.value for p in found})
    assert matrix.tolist() == [[p.value for p in found]]


def test_a_missing_value_is_named():
    values = {f"drive.elbow.{p.name}": p.value for p in DRIVE_PARAMETERS if p.name != "armature"}
    with pytest.raises(CalibrationError, match=r"drive\.elbow\.armature"):
        drive_matrix(["elbow"], values)


def test_a_wrong_number_of_columns_is_refused():
    with pytest.raises(SimulationError, match=r"3 parameters a joint; expected \d+: delay"):
        Drives(np.zeros((1, 3)), [0], [True], worlds=1, timestep=1e-3)


def test_drives_do_not_share_their_callers_arrays():
    mine = np.broadcast_to(row(), (2, 1, len(row()))).copy()
    drives = Drives(mine, [0], [True], worlds=2, timestep=1e-3)
    mine[:] = 7.0
    assert np.array_equal(drives.parameters[1, 0], row())


def test_a_spring_too_stiff_for_the_timestep_is_refused():
    # 2 sqrt(0.001 / 1000) = 2 ms: stable below, refused at it.
    p = row(armature=1e-3, stiffness=1e3)[None]
    Drives(p, [2], [False], worlds=1, timestep=1.9e-3)
    with pytest.raises(SimulationError, match=r"stiffness 1000 .* expected a timestep below 0\.002 s"):
        Drives(p, [2], [False], worlds=1, timestep=2.1e-3)
    Drives(p, [2], [True], worlds=1, timestep=2.1e-3)  # motion coupling bends at rest, without resonance
