"""Drives as actuator networks of Isaac Lab: the same numbers by its convention, and what was lost."""

import json

import numpy as np
import pytest
import torch

from hybridsim.errors import CalibrationError, SimulationError
from hybridsim.exchange.isaaclab import REPORT, to_isaaclab
from hybridsim.exchange.subject import subject_of
from hybridsim.exchange.torchscript import ImportedActuator
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.residual import NETWORK
from tests.exchange.convention import IsaacActuator, numpy_lstm, numpy_mlp
from tests.exchange.made import QUICK, QUICK_LSTM, H, anymal
from tests.simulator.made import HEIGHT, stance
from tests.tiny import disk_with_room_for

KINDS = ("mlp", "lstm")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Drives with 5 ms of delay and 5 ms of lag, the first with another delay, as networks of both kinds."""
    calibration = anymal(delay=0.005, one=0.01, motor_lag=0.005, motor_coulomb=0.4)
    found = {}
    for kind in KINDS:
        out = tmp_path_factory.mktemp("isaaclab") / kind
        written = to_isaaclab(calibration, out, kind=kind, options=QUICK_LSTM if kind == "lstm" else QUICK)
        found[kind] = (written, json.loads((out / REPORT).read_text()))
    return found


def motion(joints, envs=3, steps=30, seed=0):
    """Targets, positions and velocities that mean nothing [step env joint]."""
    return np.random.default_rng(seed).normal(size=(3, steps, envs, joints)) * [
        [[[0.3]]],
        [[[0.3]]],
        [[[2.0]]],
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::hybridsim.exchange.torchscript.UntrustedCodeWarning")
def test_isaac_labs_convention_gives_our_numbers(exported, kind):
    """File by file: as Isaac Lab is documented to call it, as we call it, and by its weights in numpy."""
    written, report = exported[kind]
    for one, said in zip(written, report["networks"], strict=True):
        fields, joints = said["isaaclab"], len(one.joints)
        isaac = IsaacActuator(one.path.parent / fields["network_file"], fields, 3, joints)
        ours = ImportedActuator.load(one.path, worlds=3, trust=True)
        weights = {name: value.numpy() for name, value in isaac.network.state_dict().items()}
        h = c = np.zeros((3 * joints, QUICK.states))
        twin = IsaacActuator(one.path.parent / fields["network_file"], fields, 3, joints)
        largest = 0.0
        for target, position, velocity in zip(*motion(joints), strict=True):
            found = isaac.compute(target, position, velocity)
            np.testing.assert_allclose(ours.effort(target, position, velocity), found, atol=2e-4)
            rows = np.stack([(target - position).ravel(), velocity.ravel()], axis=1)
            if kind == "lstm":
                by_hand, h, c = numpy_lstm(weights, rows, h, c)
            else:
                error, speed = (torch.tensor(v, dtype=torch.float32) for v in (target - position, velocity))
                by_hand = numpy_mlp(weights, twin.rows(error, speed).numpy()) * fields["torque_scale"]
            limit = fields["effort_limit"]
            np.testing.assert_allclose(found.ravel(), np.clip(by_hand, -limit, limit), atol=2e-4)
            largest = max(largest, np.abs(found).max())
        assert largest > 10.0  # N*m: numbers that could differ


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_is_nearer_to_its_drive_than_a_spring_and_a_damper(exported, kind):
    """Short training; delay and lag are what a spring and a damper cannot have."""
    for one in exported[kind][0]:
        h = one.held_out
        assert h.effort_rms_Nm > 3.0 and h.angle_rms_rad > 0.03
        assert h.replayed_error_rms_Nm < 0.6 * h.replayed_spring_damper_error_rms_Nm
        assert h.closed_loop_error_rms_rad < 0.6 * h.closed_loop_spring_damper_error_rms_rad


def test_joints_with_the_same_drive_share_a_network(exported):
    robot = load_robot("anymal_c")
    (first, rest), report = exported["mlp"]
    assert first.joints == robot.joint_names[:1] and rest.joints == robot.joint_names[1:]
    assert rest.path.name == f"mlp_{rest.joints[0]}_and_10_more.pt"
    fields = [one["isaaclab"] for one in report["networks"]]
    assert [one["sim.dt"] for one in fields] == [H, H]
    # memory of 10 + 4 * 5 ms and of 5 + 4 * 5 ms at 2.5 ms, and two more
    assert [max(one["input_idx"]) for one in fields] == [14, 12]
    assert report["synthetic"] is True and report["networks"][0]["left_out"] == []


@pytest.mark.filterwarnings("ignore::hybridsim.exchange.torchscript.UntrustedCodeWarning")
def test_friction_is_outside_as_a_number(exported):
    actuator = ImportedActuator.load(exported["lstm"][0][0].path, trust=True)
    assert actuator.contract.dry_friction_Nm == 0.4 and actuator.sample_period == H


def test_a_residual_makes_networks_of_their_own():
    subject = subject_of(anymal(networks=True))
    assert subject.networks is not None and len(subject.groups()) == 12
    assert len(subject_of(anymal()).groups()) == 1


def test_the_teacher_is_the_simulators_drive():
    """Efforts on the bench against those of HybridSim's drives along its own motion, residual included."""
    calibration = anymal(networks=True, delay=0.004, motor_lag=0.003)
    values, settings = calibration.values(), calibration.record.simulation
    robot, residual = load_robot("anymal_c"), calibration.network(NETWORK)
    with HybridSim(robot, values, settings.model_copy(update={"plane": False}), networks=residual) as sim:
        posture = stance(sim.joints)
        sim.reset(posture, base_position=[0.0, 0.0, HEIGHT])
        teacher = subject_of(calibration).torque(np.full((1, 12), 0.1))
        teacher.reset()
        teacher.drives.reset(np.arange(1), posture[None])
        rng = np.random.default_rng(0)
        for step in range(40):
            command = posture[None] + (0.2 * rng.normal(size=(1, 12)) if step else 0.0)
            position, velocity = sim.encoder_angle(), sim.stepping.speed()
            found = teacher.effort(command, position, velocity)
            sim.advance(command)
            np.testing.assert_allclose(found, sim.drives.effort + sim.correction.value, atol=1e-9)
        assert np.abs(sim.correction.value).max() > 0.1 and np.abs(found).max() > 1.0


@pytest.mark.parametrize(
    ("robot", "said"),
    [
        (
            load_robot("anymal_c").commanded("joint_effort_command"),
            "take joint_effort_command, expected joint_pos",
        ),
        (load_robot("so101"), "carry joints by motion, expected coupling 'effort'"),
    ],
    ids=["effort", "motion"],
)
def test_other_drives_are_refused_in_one_line(tmp_path, robot, said):
    with pytest.raises(SimulationError, match=said) as caught:
        to_isaaclab(anymal(), tmp_path / "out", robot=robot, options=QUICK)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr("hybridsim.exchange.isaaclab.distil", lambda *_: pytest.fail("trained"))
    with pytest.raises(CalibrationError, match="exists already; expected a new folder"):
        to_isaaclab(anymal(), tmp_path)


def test_a_full_disk_leaves_nothing(tmp_path):
    calibration = anymal()
    with disk_with_room_for(100), pytest.raises(CalibrationError, match="was not written"):
        to_isaaclab(calibration, tmp_path / "out", options=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_gives_the_same_network(tmp_path):
    calibration = anymal(delay=0.005)
    one, two, other = (
        to_isaaclab(calibration, tmp_path / name, options=QUICK, seed=seed)[0].held_out
        for name, seed in (("one", 0), ("two", 0), ("other", 1))
    )
    assert one == two and one != other
