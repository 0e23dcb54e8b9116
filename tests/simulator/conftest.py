"""Robots of example-robot-data, where they are installed."""

import pytest

from hybridsim.errors import HybridSimError
from hybridsim.robot import load_robot


@pytest.fixture(scope="session")
def robot_data() -> None:
    """Skip where the URDFs of so101 and anymal_c are missing."""
    try:
        for name in ("so101", "anymal_c"):
            load_robot(name).urdf_path()
    except HybridSimError as error:
        pytest.skip(f"example-robot-data is not installed: {error}")
