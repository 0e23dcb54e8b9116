"""A calibration in memory and one on disk."""

import pytest

from tests.calibration.made import made


@pytest.fixture
def calibration():
    return made()


@pytest.fixture
def folder(calibration, tmp_path):
    return calibration.save(tmp_path / "so101", scores={"calibration": calibration.id}, card="# so101\n")
