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

# Modules that workers take first (--dist loadfile), in this order. Two workers that need one kernel at the
# same time both compile it: the first module holds one worker for a minute with the kernels of bodies that
# roll, meanwhile the next ones compile the simulator's. Then those that take long, so that none comes last.
FIRST = (
    "contacts/test_energy.py",
    "cli/test_bad_input.py",
    "learn/test_residual.py",
    "simulator/test_sensing.py",
    "simulator/test_holding.py",
    "train/test_train.py",
    "train/test_cluster.py",
    "proof/test_chain.py",
    "verify/test_search.py",
    "train/test_train_imitate.py",
    "demo/test_walk.py",
    "actuators/test_pendulum.py",
    "contacts/test_residual.py",
    "ingest/bags/test_decode.py",
    "passive/test_spread.py",
    "test_calibrate_push.py",
    "test_calibrate_contact.py",
    "ingest/bags/test_jobs.py",
    "test_calibrate.py",
    "identify/test_contact_residual.py",
    "test_calibrate_sensor.py",
    "sensing/test_model.py",
    "ingest/test_real.py",
    "identify/test_fit.py",
    "cli/test_calibrate.py",
    "ingest/bags/test_recovery.py",
    "test_jobs.py",
    "envs/test_envs.py",
    "standin/test_scripts.py",
    "standin/test_record.py",
    "test_calibrate_drive.py",
    "exchange/test_isaaclab.py",
    "fleet/test_s3.py",
    "fleet/test_loop.py",
    "context/test_belief.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules above before the others."""
    rank = {ROOT / "tests" / name: n for n, name in enumerate(FIRST)}
    assert all(path.is_file() for path in rank), "FIRST names a module that is not there"
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


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
