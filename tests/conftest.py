"""What every test shares: one BLAS thread, checked shapes, and the real logs where they exist."""

import os

# Before numpy is imported anywhere: xdist runs a process a core, more threads only fight over them.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import ast
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parent.parent

# Derandomised: a failure that only shows on some runs helps nobody; clocks differ between machines.
settings.register_profile(
    "hybridsim", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("hybridsim")


def shape_checked(path: Path) -> bool:
    """Whether annotations can be checked at call time: there are shapes, and numba compiles nothing here."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return "jaxtyping" in imported and "numba" not in imported


install_import_hook(
    [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "hybridsim").rglob("*.py"))
        if path.name != "__init__.py" and shape_checked(path)
    ],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",  # an int is a float
)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs, from $HYBRIDSIM_DATA or beside the repository; skips where there is none."""
    from hybridsim.resources import data_roots

    roots = data_roots()
    if not roots:
        pytest.skip("no real logs here: set HYBRIDSIM_DATA, or put them in ../shared/data")
    return roots[0]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A study, its logs and the calibration that they give, all synthetic; made once for every worker."""
    from tests.tiny import Tiny

    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder lies in the session's
        session = session.parent
    with FileLock(session / "tiny.lock"):
        return Tiny.made_once(session / "tiny")
