"""From what a person types to one calibration."""

import shutil

import pytest

from hybridsim import resources
from hybridsim.calibration import Calibration, locate
from hybridsim.calibration.locate import available
from hybridsim.errors import CalibrationError
from tests.calibration.made import made


@pytest.fixture
def published(tmp_path, monkeypatch):
    """An installation that publishes two calibrations of so101, seen from elsewhere."""
    root = tmp_path / "installed"
    ids = [made(serial=serial).save(root / "calibration" / "so101").name for serial in ("a", "b")]
    (root / "calibration" / "README.md").write_text("what belongs here")
    monkeypatch.setattr(resources, "ROOTS", (root,))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return root / "calibration" / "so101", ids


def test_by_folder_and_by_file(folder, monkeypatch):
    assert locate(folder) == folder
    assert locate(str(folder / "calibration.json")) == folder
    monkeypatch.chdir(folder)
    assert Calibration.load(".").id == folder.name
    assert Calibration.load("calibration.json").id == folder.name


def test_the_only_one_of_a_folder(folder):
    (folder.parent / ".partial-x").mkdir()
    (folder.parent / ".partial-x" / "calibration.json").write_text("")
    assert locate(folder.parent) == folder


@pytest.mark.parametrize("prefix", ["", "calibration/"])
@pytest.mark.parametrize("suffix", ["", "/calibration.json"])
def test_published_ones_from_anywhere(prefix, suffix, published):
    root, ids = published
    for name in ids:
        assert locate(f"{prefix}so101/{name}{suffix}") == root / name
    assert available() == sorted(f"so101/{name}" for name in ids)


def test_current_says_which(published):
    root, ids = published
    (root / "current").write_text(ids[1] + "\n")
    assert Calibration.load("so101").id == ids[1]
    assert Calibration.load(root).id == ids[1]
    assert Calibration.load(f"so101/{ids[0]}").id == ids[0]


def test_a_folder_of_the_same_name_that_holds_none_is_in_nobodys_way(published, tmp_path):
    root, ids = published
    (tmp_path / "elsewhere" / "so101").mkdir()
    shutil.rmtree(root / ids[1])
    assert locate("so101") == root / ids[0]


def test_several_and_none_named(published):
    _, ids = published
    with pytest.raises(
        CalibrationError, match=f"holds 2 .* no file 'current'; name one of: {', '.join(sorted(ids))}"
    ):
        locate("so101")


@pytest.mark.parametrize("text", ["", "latest", "../../etc", "0123456789ab", "x" * 1000])
def test_current_that_names_nothing(text, published):
    root, _ = published
    (root / "current").write_text(text)
    with pytest.raises(
        CalibrationError, match="current: (holds '.*'; expected one line|names '0123.*available: )"
    ):
        locate("so101")


@pytest.mark.parametrize("path", ["so102", "so101/0123456789ab", "", "../calibration/so101", "/nowhere"])
def test_nothing_there(path, published):
    _, ids = published
    with pytest.raises(CalibrationError, match=f"no calibration there; .*one of: so101/{min(ids)}"):
        locate(path)


def test_a_file_of_another_kind(folder):
    with pytest.raises(
        CalibrationError, match="card.md: is no calibration; expected a folder or its calibration.j"
    ):
        locate(folder / "card.md")
