"""`import hybridsim` and `hybridsim --help` stay quick because the heavy libraries are not touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hybridsim

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


def kernels_of(package):
    """Where numba is told to cache, in a fresh interpreter that imports a copy of the package."""
    script = "import os, hybridsim; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment |= {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(package / "cache")}
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_changed_sources_get_fresh_kernels(tmp_path):
    source = Path(hybridsim.__file__).parent
    (tmp_path / "hybridsim").mkdir()
    for name in ("__init__.py", "errors.py", "actuators/drive.py"):
        (tmp_path / "hybridsim" / name).parent.mkdir(exist_ok=True)
        shutil.copy(source / name, tmp_path / "hybridsim" / name)
    first = kernels_of(tmp_path)
    for name, again in (("errors.py", True), ("actuators/drive.py", False)):
        with (tmp_path / "hybridsim" / name).open("a") as file:
            file.write("# changed\n")
        assert (kernels_of(tmp_path) == first) == again


def test_every_compiled_function_lies_where_the_cache_looks():
    package = Path(hybridsim.__file__).parent
    compiled = {p.relative_to(package) for p in package.rglob("*.py") if "@njit" in p.read_text()}
    assert {folder for p in compiled for folder in hybridsim.KERNELS if p.is_relative_to(folder)} == set(
        hybridsim.KERNELS
    )
    assert [p for p in compiled if not any(p.is_relative_to(folder) for folder in hybridsim.KERNELS)] == []
