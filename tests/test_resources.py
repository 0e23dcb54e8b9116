"""Names are found in the checkout, the user's own path wins, and a wrong name lists the right ones."""

import pytest

from hybridsim import resources
from hybridsim.errors import ResourceError


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A made-up checkout beside a made-up wheel."""
    for root, robots in (("source", ["arm"]), ("wheel", ["arm", "leg"])):
        for robot in robots:
            (tmp_path / root / "robots" / robot).mkdir(parents=True)
            (tmp_path / root / "robots" / robot / "robot.toml").write_text(root)
        (tmp_path / root / "robots" / "README.md").write_text("")
    monkeypatch.setattr(resources, "ROOTS", (tmp_path / "source", tmp_path / "wheel"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_checkout_comes_before_the_wheel(checkout):
    assert resources.find("robots", "arm") == checkout / "source" / "robots" / "arm"


def test_the_wheel_is_used_where_there_is_no_checkout(checkout):
    (checkout / "source" / "robots" / "README.md").unlink()
    assert resources.find("robots", "leg") == checkout / "wheel" / "robots" / "leg"
    assert resources.available("robots") == ["arm", "leg"]


def test_a_path_of_the_users_wins(checkout):
    (checkout / "arm").mkdir()
    assert (checkout / "arm").samefile(resources.find("robots", "arm"))


def test_an_unknown_name_lists_what_there_is(checkout):
    with pytest.raises(
        ResourceError, match="robots: no 'arn'; expected a path that exists or a name; available: arm"
    ):
        resources.find("robots", "arn")


@pytest.mark.parametrize("name", ["", "../secret", "arm/../../secret"])
def test_a_name_cannot_leave_its_folder(checkout, name):
    (checkout / "source" / "secret").mkdir()
    with pytest.raises(ResourceError, match="available: arm"):
        resources.find("robots", name)


def test_a_damaged_installation_says_so(checkout):
    with pytest.raises(ResourceError, match="no folder 'calibration'.*reinstall"):
        resources.find("calibration", "so101")


@pytest.mark.parametrize("kind", ["robots", "data", "calibration"])
def test_this_checkout_has_every_folder(repository, kind):
    assert resources.folder(kind) == repository / kind


def test_hybridsim_data_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("HYBRIDSIM_DATA", str(tmp_path))
    assert resources.data_roots()[0] == tmp_path
    monkeypatch.setenv("HYBRIDSIM_DATA", str(tmp_path / "missing"))
    assert tmp_path / "missing" not in resources.data_roots()
