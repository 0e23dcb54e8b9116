"""Networks in ONNX: the numbers of the simulator's own evaluation, and a contract that travels along."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from hybridsim.calibration import Calibration
from hybridsim.errors import CalibrationError
from hybridsim.exchange.onnx_networks import onnx_model, to_onnx
from tests.calibration.made import made
from tests.networks.planted import random_features, random_networks
from tests.tiny import disk_with_room_for


def asked(networks, features, model=None):
    session = onnxruntime.InferenceSession(model or onnx_model(networks), providers=["CPUExecutionProvider"])
    return session.run(["mean", "spread"], {"features": features})


@pytest.mark.parametrize("rows", [1, 7, 500])
@pytest.mark.parametrize("hidden", [(16, 8), (5,)])
def test_onnxruntime_gives_the_simulators_numbers(rows, hidden):
    """Spread 2 puts many features outside the support of -2 to 3, some into the fade of 1.5, some beyond."""
    networks = random_networks(hidden=hidden)
    features = random_features(networks, rows, spread=2.0 / 3.0 if rows == 1 else 2.0)
    (mean, spread), (own, own_spread) = asked(networks, features), networks.evaluate(features)
    bound = networks.contract.scaling[0].bound
    np.testing.assert_allclose(mean, own, atol=1e-6 * bound, rtol=0)
    np.testing.assert_allclose(spread, own_spread, atol=1e-6 * bound, rtol=0)
    assert np.abs(own).max() > 0.1 * bound  # or the test could not fail
    if rows == 500:
        assert (mean == 0).any() and ((mean == 0) == (own == 0)).all()


def test_beyond_the_fade_nothing_is_added_and_a_nan_stays_one():
    networks = random_networks()
    features = random_features(networks, 3)
    features[0, :, 0], features[1, :, 1] = 4.6, np.nan  # support ends at 3, the fade at 4.5
    mean, spread = asked(networks, features)
    assert (mean[0] == 0).all() and (spread[0] == 0).all()
    assert np.isnan(mean[1]).all() and np.isnan(networks.evaluate(features)[0][1]).all()
    assert np.isfinite(mean[2]).all() and (mean[2] != 0).all()


def test_one_member_has_no_spread():
    networks = random_networks(ensemble=1)
    mean, spread = asked(networks, random_features(networks, 5))
    assert np.isnan(spread).all() and np.isfinite(mean).all()


def test_the_file_says_what_it_may_be_asked():
    networks = random_networks()
    model = onnx.load_from_string(onnx_model(networks, {"robot": "so101"}))
    said = {entry.key: entry.value for entry in model.metadata_props}
    contract = networks.contract
    assert model.opset_import[0].version == 17
    assert json.loads(said["sample_period_s"]) == contract.sample_period
    inputs = json.loads(said["inputs"])
    assert [(i["name"], i["unit"], i["sign"], tuple(i["taps"])) for i in inputs] == [
        (i.name, i.unit, i.sign, i.taps) for i in contract.inputs
    ]
    assert tuple(json.loads(said["feature_names"])) == contract.feature_names
    assert tuple(json.loads(said["groups"])) == contract.groups
    assert said["output_unit"] == contract.output_unit and said["target"] == contract.target
    assert json.loads(said["bounds"]) == {"pan": 0.2, "lift": 0.2}
    assert json.loads(said["source"]) == {"robot": "so101"}


@pytest.mark.parametrize("name", ["so101/21624384cff0", "cube"])
def test_published_calibrations(tmp_path, name):
    """Features about where each network was trained, three spreads wide."""
    calibration = Calibration.load(name)
    written = {one.name: one.path for one in to_onnx(name, tmp_path / "out")}
    assert written.keys() == {one.contract.name for one in calibration.networks}
    for networks in calibration.networks:
        scaling = networks.contract.scaling_arrays()
        shape = (100, *scaling.center.shape)
        draw = np.random.default_rng(0).uniform(-3, 3, shape)
        features = (scaling.center + scaling.scale * draw).astype(np.float32)
        mean, spread = asked(networks, features, written[networks.contract.name].read_bytes())
        own, own_spread = networks.evaluate(features)
        assert np.abs((mean - own) / scaling.bound).max() < 1e-6
        np.testing.assert_allclose(spread / scaling.bound, own_spread / scaling.bound, atol=1e-6)


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    with pytest.raises(CalibrationError, match="exists already; expected a new folder"):
        to_onnx(made(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_parameters_alone_are_nothing_to_export(tmp_path):
    with pytest.raises(CalibrationError, match="ships no networks, parameters alone"):
        to_onnx(made(networks=[]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path):
    calibration = made()
    with disk_with_room_for(100), pytest.raises(CalibrationError, match="was not written"):
        to_onnx(calibration, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
