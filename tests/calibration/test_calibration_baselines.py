"""The baselines travel with a calibration, the black box sealed until somebody replays it."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.errors import CalibrationError
from hybridsim.networks.blackbox import BlackBox, BlackBoxContract, load_blackbox
from tests.calibration.made import made, refused

HIDDEN = 3
SHAPES = {  # a GRU's three gates stand on top of each other
    "start.weight": (HIDDEN, 4),
    "start.bias": (HIDDEN,),
    "recurrent.weight_ih_l0": (3 * HIDDEN, 4),
    "recurrent.weight_hh_l0": (3 * HIDDEN, HIDDEN),
    "recurrent.bias_ih_l0": (3 * HIDDEN,),
    "recurrent.bias_hh_l0": (3 * HIDDEN,),
    "last.weight": (2, HIDDEN),
    "last.bias": (2,),
}


def trained(seed=0):
    rng = np.random.default_rng(seed)
    contract = BlackBoxContract(
        joints=2,
        sample_period=0.02,
        hidden=HIDDEN,
        center=(0.0, 0.1),
        scale=(1.0, 0.5),
        residual_scale=(0.1, 0.2),
    )
    return BlackBox(
        contract, {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    )


@pytest.fixture
def folder(tmp_path):
    return made(delays={"joint_position": {"pan": 0.1, "lift": 0.08}}, blackbox=trained()).save(tmp_path)


def test_the_black_box_comes_back_and_predicts_the_same(folder):
    loaded = Calibration.load(folder)
    entry = loaded.record.baselines.blackbox
    command = np.random.default_rng(1).normal(size=(50, 2))
    again = load_blackbox(folder, entry.contract(), "calibration.json")
    expected = trained().predict(command, command[0], 0.02)
    assert np.array_equal(again.predict(command, command[0], 0.02), expected)
    assert loaded.record.baselines.delays == {"joint_position": {"pan": 0.1, "lift": 0.08}}


def test_it_is_carried_along_byte_for_byte(folder, tmp_path):
    again = Calibration.load(folder).save(tmp_path / "again")
    names = ["blackbox.safetensors", "calibration.json", "drive.safetensors"]
    assert sorted(path.name for path in again.iterdir()) == names
    assert [(again / name).read_bytes() for name in names] == [(folder / name).read_bytes() for name in names]


def test_it_is_part_of_the_id(folder):
    assert made(blackbox=trained()).id != made(blackbox=trained(seed=1)).id
    assert made(delays={"joint_position": {"pan": 0.1}}).id != made().id


@pytest.mark.parametrize("position", [0, 100, -1])
def test_a_flipped_byte_is_caught(position, folder):
    path = folder / "blackbox.safetensors"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    refused(
        folder, "/blackbox.safetensors: sha256 is", "baselines.blackbox.sha256", "copy the calibration again"
    )


def test_a_missing_black_box_and_a_delay_into_the_past(folder):
    (folder / "blackbox.safetensors").unlink()
    refused(folder, "/blackbox.safetensors: is not there")
    with pytest.raises(
        CalibrationError, match="baselines.delays.joint_position.pan: .*greater than or equal to 0"
    ):
        made(delays={"joint_position": {"pan": -0.1}})
