"""Contracts and weights files: a round trip, and every way in which one can be damaged or foreign."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkContract, read_contract
from hybridsim.networks.store import load_networks, save_networks, write_tensors
from tests.networks.planted import contract, random_networks


@pytest.fixture
def saved(tmp_path):
    networks = random_networks()
    return tmp_path, networks, save_networks(tmp_path, networks)


def test_a_round_trip_keeps_every_bit(saved):
    folder, networks, terms = saved
    again = read_contract(json.loads(terms.model_dump_json()), "calibration.json")
    assert again == terms
    loaded = load_networks(folder, again)
    for name, tensor in networks.tensors().items():
        assert np.array_equal(loaded.tensors()[name], tensor)
    assert [path.name for path in folder.iterdir()] == ["drive.safetensors"]


@pytest.mark.parametrize("place", [3, 40, -1])
def test_a_flipped_byte_is_found(saved, place):
    folder, _, terms = saved
    content = bytearray((folder / terms.weights).read_bytes())
    content[place] ^= 1
    (folder / terms.weights).write_bytes(content)
    with pytest.raises(CalibrationError, match=r"drive\.safetensors: sha256 is .*copy the calibration again"):
        load_networks(folder, terms)


def replaced(tensor):
    """Each way in which a file of the right hash can hold the wrong numbers, and the words that say so."""
    bad = tensor.copy()
    bad.flat[0] = np.nan
    infinite = tensor.copy()
    infinite.flat[-1] = np.inf
    return [
        (bad, "weight_1 holds NaN or infinity"),
        (infinite, "weight_1 holds NaN or infinity"),
        (tensor.astype(np.float64), "weight_1 is float64; expected float32"),
        (tensor.swapaxes(2, 3), r"weight_1 has shape \(2, 3, 8, 16\); expected \(2, 3, 16, 8\)"),
        (None, "expected .*weight_1"),
    ]


@pytest.mark.parametrize("case", range(5))
def test_wrong_numbers_are_named(saved, case):
    folder, networks, terms = saved
    tensors = networks.tensors()
    tensors["weight_1"], words = replaced(tensors["weight_1"])[case]
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    sha256 = write_tensors(folder / terms.weights, kept)
    with pytest.raises(CalibrationError, match=rf"drive\.safetensors: .*{words}"):
        load_networks(folder, terms.model_copy(update={"sha256": sha256}))


def test_a_missing_a_too_large_and_an_outside_file_are_refused(saved, tmp_path_factory):
    folder, _, terms = saved
    with pytest.raises(CalibrationError, match="not there"):
        load_networks(folder / "elsewhere", terms)
    outside = tmp_path_factory.mktemp("outside") / "drive.safetensors"
    (folder / terms.weights).rename(outside)
    (folder / terms.weights).symlink_to(outside)
    with pytest.raises(CalibrationError, match="leads outside"):
        load_networks(folder, terms)
    (folder / terms.weights).unlink()
    (folder / terms.weights).write_bytes(b"x" * 200_000)
    with pytest.raises(CalibrationError, match="larger than"):
        load_networks(folder, terms)


CHANGES = [
    ({"schema_version": 2}, "schema_version is 2; .*update hybridsim"),
    ({"colour": "red"}, "colour: Extra inputs"),
    ({"weights": "../drive.safetensors"}, "weights: String should match"),
    ({"sha256": "0"}, "sha256: String should match"),
    ({"activation": "relu"}, "activation: Input should be 'softsign'"),
    ({"hidden": [100_000]}, "hidden.0: Input should be less"),
    ({"ensemble": 0}, "ensemble: "),
    ({"sample_period": float("nan")}, "sample_period: "),
    ({"groups": ["lift", "pan"]}, "scaling is for groups"),
    ({"groups": ["pan", "pan"]}, "groups repeat a name"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_a_contract_that_does_not_hold_is_refused(change, words):
    data = contract().model_dump() | change
    with pytest.raises(CalibrationError, match=rf"^c\.json: .*{words}"):
        read_contract(data, "c.json")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("feature", "velocity[0]", "scaling of 'pan' is for features"),
        ("scale", 0.0, "scaling.0.features.0.scale"),
        ("low", 9.0, "support of 'position_error.0.' is inverted"),
        ("center", float("inf"), "scaling.0.features.0.center"),
    ],
)
def test_scaling_that_does_not_hold_is_refused(field, value, words):
    data = json.loads(contract().model_dump_json())
    data["scaling"][0]["features"][0][field] = value
    with pytest.raises(CalibrationError, match=rf"^c\.json: .*{words}"):
        read_contract(data, "c.json")


def test_inputs_and_groups_in_another_order_are_refused():
    with pytest.raises(
        CalibrationError, match=r"given are velocity .*expected in this order position_error \[rad\]"
    ):
        contract().require_inputs([("velocity", "rad/s"), ("position_error", "rad")])
    with pytest.raises(CalibrationError, match=r"velocity \[deg/s\]"):
        contract().require_inputs([("position_error", "rad"), ("velocity", "deg/s")])
    with pytest.raises(CalibrationError, match="expected in this order pan, lift"):
        contract().require_groups(["lift", "pan"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(NetworkContract.model_fields)), JSON)
def test_any_json_gives_a_contract_or_a_calibration_error(field, value):
    try:
        read_contract(contract().model_dump() | {field: value}, "c.json")
        read_contract(value, "c.json")
    except CalibrationError as error:
        assert str(error).startswith("c.json: ")
