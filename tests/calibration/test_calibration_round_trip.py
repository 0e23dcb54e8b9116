"""What is saved is what is loaded, to the last byte, and its id follows from it."""

import dataclasses
import resource

import numpy as np
import pytest

from hybridsim.calibration import Calibration, Gate, SimulationSettings
from hybridsim.errors import CalibrationError
from hybridsim.parameters import Parameter
from tests.calibration.made import lineage, made
from tests.networks.planted import random_features, random_networks


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_study_gives_the_same_bytes(tmp_path):
    one, other = made().save(tmp_path / "a"), made().save(tmp_path / "b")
    assert one.name == other.name == made().id
    assert content(one) == content(other)
    assert set(content(one)) == {"calibration.json", "drive.safetensors"}


def test_loading_and_saving_changes_no_byte(folder, tmp_path):
    loaded = Calibration.load(folder)
    again = loaded.save(tmp_path / "again", scores=loaded.scores(), card="# so101\n")
    assert content(again) == content(folder)


def test_everything_comes_back(calibration, folder):
    loaded = Calibration.load(folder)
    assert loaded.record == calibration.record
    assert loaded.folder == folder
    assert loaded.values() == {"drive.lift.delay": 0.1 / 3, "drive.pan.delay": 0.1 / 3}
    assert loaded.parameters["drive.pan.delay"].name == "drive.pan.delay"
    assert loaded.scores() == {"calibration": calibration.id}
    features = random_features(calibration.networks[0], rows=4)
    before, after = (c.network("drive").evaluate(features)[0] for c in (calibration, loaded))
    assert np.array_equal(before, after)
    assert np.any(before != 0)


def test_a_calibration_without_networks(tmp_path):
    gate = Gate(ships=False, unit="rad", mean_difference=1e-3, interval_95=(-1e-3, 2e-3), reason="no gain")
    bare = made(networks=[], gates={"joint_position": gate})
    loaded = Calibration.load(bare.save(tmp_path))
    assert loaded.networks == ()
    assert loaded.record.gates["joint_position"].reason == "no gain"
    assert loaded.scores() is None
    with pytest.raises(CalibrationError, match="no network 'drive'; available: none"):
        loaded.network("drive")


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": "right-arm"},
        {"synthetic": False},
        {"simulation": SimulationSettings(physics_timestep_s=0.004, plane=True)},
        {"networks": [random_networks(seed=1, hidden=(5,), ensemble=2)]},
        {"lineage": lineage(seed=4)},
        {"parameters": [Parameter(name="a", value=0.1, unit="s", low=0, high=1)]},
        {"intervals": {}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_id_follows_from_all_of_the_content(changes, calibration):
    assert made(**changes).id != calibration.id


def test_scores_and_card_are_outside_the_id(calibration, folder):
    again = calibration.save(folder.parent, scores={"calibration": calibration.id, "schema": 1}, card="new")
    assert again == folder
    assert Calibration.load(folder).scores() == {"calibration": calibration.id, "schema": 1}
    assert (folder / "card.md").read_text() == "new"


def test_saving_again_repairs_a_damaged_one_and_keeps_the_report(calibration, folder):
    (folder / "drive.safetensors").write_bytes(b"")
    (folder / "report.html").write_text("made on demand")
    calibration.save(folder.parent)
    assert Calibration.load(folder).id == calibration.id
    assert (folder / "report.html").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.fixture
def full_disk():
    """Files of this process can grow to no more than 3,000 bytes: weights fit, the record does not."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_leaves_nothing(tmp_path, full_disk):
    calibration = made()
    with pytest.raises(CalibrationError, match=f"{calibration.id}: was not written: .*make room"):
        calibration.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_one_that_was_there(calibration, folder, full_disk):
    before = content(folder)
    with pytest.raises(CalibrationError, match="was not written"):
        calibration.save(folder.parent)
    assert content(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


def test_ctrl_c_leaves_nothing(calibration, tmp_path):
    class Interrupted(dict):
        def items(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibration.save(tmp_path, scores=Interrupted(a=1))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(calibration, tmp_path):
    (tmp_path / "root").write_text("")
    with pytest.raises(CalibrationError, match="was not written: File exists"):
        calibration.save(tmp_path / "root")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"robot": "../so101"}, "calibration: robot: .*pattern"),
        ({"serial": ""}, "serial: .*at least 1 character"),
        ({"intervals": {"joint_position": {"pan": {"sigma": (float("nan"),)}}}}, "intervals.*finite"),
        ({"gates": {}}, "networks are there though no gate lets one ship"),
        (
            {"networks": [random_networks(), random_networks(seed=1)]},
            "networks are not in the order of their name",
        ),
    ],
)
def test_what_does_not_fit_is_no_calibration(changes, message):
    with pytest.raises(CalibrationError, match=message):
        made(**changes)


def test_a_lineage_is_checked():
    with pytest.raises(ValueError, match="study_sha256 is not the hash of study"):
        lineage(study="another")
    with pytest.raises(ValueError, match="not in the order of their ids"):
        lineage(logs=lineage().logs[::-1])


def test_a_calibration_does_not_change(calibration):
    with pytest.raises(dataclasses.FrozenInstanceError):
        calibration.folder = None
    with pytest.raises(TypeError):
        calibration.parameters["drive.pan.delay"] = None
