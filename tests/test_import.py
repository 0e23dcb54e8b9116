"""`import hybridsim` and `hybridsim --help` stay quick because the heavy libraries are not touched."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "pybullet",
    "optuna",
    "pandas",
    "plotly",
    "numba",
    "scipy",
    "pyarrow",
    "rosbags",
    "pooch",
    "numpy",
}

LOADED = "import sys; {statement}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after one statement."""
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(statement=statement)], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize("statement", ["import hybridsim", "import hybridsim.cli.main"])
def test_nothing_heavy_is_loaded(statement):
    loaded = loaded_by(statement)
    assert "hybridsim" in loaded
    assert loaded & HEAVY == set()


def test_the_probe_sees_what_is_loaded():
    assert "numpy" in loaded_by("import numpy")


def test_an_unknown_name_lists_the_public_ones():
    import hybridsim

    with pytest.raises(AttributeError, match="no attribute 'Simulator'; it has HybridSim"):
        _ = hybridsim.Simulator
