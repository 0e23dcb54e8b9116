"""Broken and hostile calibrations: refused on one line with file, field and remedy, before any is used."""

import contextlib
import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.calibration import Calibration
from hybridsim.calibration.record import content_id
from hybridsim.errors import CalibrationError
from hybridsim.networks.store import write_tensors
from tests.calibration.made import edited, made, refused

REMEDY = "copy the calibration again"


@cache
def pristine():
    """Bytes of the two files that matter."""
    with tempfile.TemporaryDirectory() as root:
        folder = made().save(root)
        return {name: (folder / name).read_bytes() for name in ("calibration.json", "drive.safetensors")}


@pytest.mark.parametrize("name", ["calibration.json", "drive.safetensors"])
def test_any_other_byte_anywhere_is_caught_and_named(name):
    content = pristine()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        for file, data in content.items():
            (folder / file).write_bytes(data)
        assert Calibration.load(folder).id == made().id

        # Three of the changes make other white space of a space.
        @given(
            st.integers(0, len(content[name]) - 1), st.integers(1, 255) | st.sampled_from([0x29, 0x2A, 0x2D])
        )
        @settings(max_examples=150)
        def flip(position, change):
            data = bytearray(content[name])
            data[position] ^= change
            (folder / name).write_bytes(data)
            refused(folder, f"/{name}: ", "; ")

        flip()


@given(st.integers(0, 10**6), st.binary(max_size=3), st.integers(0, 40))
def test_cut_and_stuffed_records_are_caught(position, stuffing, cut):
    content = pristine()["calibration.json"]
    position %= len(content)
    damaged = content[:position] + stuffing + content[position + cut :]
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "calibration.json").write_bytes(damaged)
        (Path(root) / "drive.safetensors").write_bytes(pristine()["drive.safetensors"])
        if damaged == content:
            assert Calibration.load(root)
        else:
            refused(Path(root), "/calibration.json: ", "; ")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_json_in_any_field_is_read_or_refused(data):
    record = json.loads(pristine()["calibration.json"])
    place = record
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(ANY_JSON)
            break
        place = place[key]
    with tempfile.TemporaryDirectory() as root:
        with contextlib.suppress(ValueError):  # NaN has no id
            record["id"] = content_id(record)
        (Path(root) / "calibration.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        (Path(root) / "drive.safetensors").write_bytes(pristine()["drive.safetensors"])
        with contextlib.suppress(CalibrationError):
            assert Calibration.load(root).id == record["id"]


NESTED = b"[" * 100_000
RECORDS = {
    "empty": (b"", "not valid JSON"),
    "list": (b"[]", "top level"),
    "NaN": (b'{"schema": NaN}', "NaN is no finite number"),
    "long integer": (b'{"schema": ' + b"9" * 5000 + b"}", "not valid JSON"),
    "deep": (NESTED, "not valid JSON"),
    "not UTF-8": (b'{"schema": "\xff"}', "not valid JSON"),
    "newer": (
        b'{"schema": 2, "what": "ever"}',
        "schema is 2; this hybridsim reads up to 1; update hybridsim",
    ),
    "older": (b'{"schema": 0}', "schema: "),
}


@pytest.mark.parametrize(("content", "message"), RECORDS.values(), ids=RECORDS)
def test_no_record(content, message, folder):
    (folder / "calibration.json").write_bytes(content)
    refused(folder, "/calibration.json: ", message)


def set_at(*path, value):
    """An edit that sets one field."""

    def edit(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return edit


EDITS = {
    "unknown key": (set_at("colour", value="red"), "unknown key 'colour'; known keys: schema, id, robot"),
    "unknown deep": (
        set_at("lineage", "boss", value=1),
        "lineage: unknown key 'boss'; known keys: logs, parent",
    ),
    "missing": (lambda data: data.pop("gates") and None, "key 'gates' is missing"),
    "number as text": (set_at("parameters", "drive.pan.delay", "value", value="0.1"), "id is"),
    "outside bounds": (
        set_at("parameters", "drive.pan.delay", "value", value=7.0),
        "drive.pan.delay: value 7 s",
    ),
    "renamed": (set_at("parameters", "drive.pan.delay", "name", value="x"), "calls itself 'x'"),
    "huge": (
        set_at("parameters", "drive.pan.delay", "value", value=10**4000),
        "parameters.drive.pan.delay.value",
    ),
    "study": (set_at("lineage", "study", value="x"), "study_sha256 is not the hash of study"),
    "timestep": (set_at("simulation", "physics_timestep_s", value=9e-7), "simulation.physics_timestep_s: "),
    "escape": (set_at("networks", 0, "weights", value="../drive.safetensors"), "networks[0].weights: "),
    "absolute": (set_at("networks", 0, "weights", value="/etc/passwd"), "networks[0].weights: "),
    "pickle": (set_at("networks", 0, "weights", value="drive.pt"), "networks[0].weights: "),
    "hidden": (set_at("networks", 0, "hidden", value=[10**9]), "networks[0].hidden"),
    "network schema": (set_at("networks", 0, "schema_version", value=2), "networks[0].schema_version: "),
}


@pytest.mark.parametrize(("edit", "message"), EDITS.values(), ids=EDITS)
def test_a_record_that_was_edited_and_sealed_again(edit, message, folder):
    refused(edited(folder, edit), "/calibration.json: ", message, REMEDY)


def test_a_parameter_that_was_changed_by_hand(folder):
    edit = set_at("parameters", "drive.pan.delay", "value", value=0.04)
    message = refused(
        edited(folder, edit, resealed=False), "calibration.json: id is", "its content hashes to"
    )
    assert REMEDY in message


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [(b"\n", b"\r\n", 1), (b'"plane": true', b'"plane":true', 10), (b"0.02,", b"0.020,", 0)],
)
def test_another_spelling_of_the_same_record(old, new, line, folder):
    path = folder / "calibration.json"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    refused(
        folder, "/calibration.json: line ", f"{line or ''}", "is not spelled as hybridsim writes it", REMEDY
    )


def test_an_edit_that_is_sealed_again_and_fits_is_another_calibration(folder, calibration):
    edit = set_at("parameters", "drive.pan.delay", "value", value=0.04)
    loaded = Calibration.load(edited(folder, edit))
    assert loaded.id != calibration.id


def resealed_weights(folder, change):
    """Replace the weights and make every hash fit again."""
    networks = Calibration.load(folder).network("drive")
    tensors = {name: np.array(tensor) for name, tensor in networks.tensors().items()}
    sha256 = write_tensors(folder / "drive.safetensors", change(tensors) or tensors)
    return edited(folder, set_at("networks", 0, "sha256", value=sha256))


def poisoned(value):
    def change(tensors):
        tensors["weight_1"][0, 1, 2, 0] = value

    return change


WEIGHTS = {
    "NaN": (poisoned(np.nan), "weight_1 holds NaN or infinity"),
    "infinite": (poisoned(np.inf), "weight_1 holds NaN or infinity"),
    "shape": (
        lambda t: t | {"bias_0": t["bias_0"][:, :, :-1]},
        "bias_0 has shape (2, 2, 4); expected (2, 2, 5)",
    ),
    "type": (lambda t: t | {"bias_0": t["bias_0"].astype(np.float64)}, "bias_0 is float64; expected float32"),
    "missing": (lambda t: t.pop("bias_0") is None and t, "expected bias_0, bias_1, weight_0, weight_1"),
    "extra": (lambda t: t | {"more": t["bias_0"]}, "holds bias_0, bias_1, more"),
}


@pytest.mark.parametrize(("change", "message"), WEIGHTS.values(), ids=WEIGHTS)
def test_weights_whose_hash_fits_but_that_do_not(change, message, folder):
    refused(resealed_weights(folder, change), "/drive.safetensors: ", message, REMEDY)


@pytest.mark.parametrize("name", ["calibration.json", "drive.safetensors", "scores.json"])
def test_a_link_out_of_the_folder(name, folder, tmp_path):
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(CalibrationError, match=f"/{name}: is a link that leads out of .*{REMEDY}"):
        Calibration.load(folder).scores()


def test_a_whole_folder_may_be_a_link(folder, tmp_path, calibration):
    (tmp_path / "elsewhere").symlink_to(folder)
    assert Calibration.load(tmp_path / "elsewhere").id == calibration.id


@pytest.mark.parametrize("name", ["calibration.json", "drive.safetensors", "scores.json"])
def test_oversized_files_are_not_read(name, folder):
    os.truncate(folder / name, 300_000_000)  # sparse: takes no room
    with pytest.raises(CalibrationError, match=f"/{name}: has 300000000 bytes; expected at most"):
        Calibration.load(folder).scores()


def test_missing_and_odd_files(folder):
    (folder / "drive.safetensors").unlink()
    refused(folder, "/drive.safetensors: is not there or no plain file", REMEDY)
    os.mkfifo(folder / "drive.safetensors")
    refused(folder, "/drive.safetensors: is not there or no plain file")


def test_a_folder_called_by_another_id(folder, calibration):
    other = folder.rename(folder.with_name("0123456789ab"))
    refused(other, f"calibration.json: id is {calibration.id}; its folder is called 0123456789ab", REMEDY)


def test_scores_of_another_calibration(folder, calibration):
    (folder / "scores.json").write_text('{"calibration": "0123456789ab"}')
    with pytest.raises(
        CalibrationError, match=f"scores.json: calibration is '0123.*expected '{calibration.id}'"
    ):
        Calibration.load(folder).scores()
    (folder / "scores.json").write_text("[")
    with pytest.raises(CalibrationError, match="scores.json: not valid JSON"):
        Calibration.load(folder).scores()


def test_the_pristine_hash_is_what_the_contract_says(folder):
    contract = Calibration.load(folder).network("drive").contract
    assert hashlib.sha256((folder / contract.weights).read_bytes()).hexdigest() == contract.sha256
