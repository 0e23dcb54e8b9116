"""Registries in SQLite and in PostgreSQL, artefacts in S3."""

import os
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import create_engine, text

from hybridsim.fleet.registry.registry import Registry
from tests.fleet.buckets import Bucket, s3_server, variables
from tests.fleet.servers import binaries, postgres


@pytest.fixture(scope="session")
def server():
    if binaries() is None:
        pytest.skip("no PostgreSQL here; Debian's package is called postgresql")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # pytest's own paths are too long for a socket
        Path(folder).chmod(0o755)
        with postgres(Path(folder)) as url:
            yield url


@pytest.fixture
def remote(server):
    """Of an empty database of PostgreSQL's."""
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()
    return server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return request.getfixturevalue("remote")


@pytest.fixture
def registry(url):
    opened = Registry.open(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def s3():
    for library in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(library, reason=f"no {library} here; the extra dev brings it")
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(s3, monkeypatch, tmp_path):
    """A new one of moto's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables(s3, tmp_path / "nowhere").items():
        monkeypatch.setenv(name, value)
    return Bucket()


@pytest.fixture
def forgetful(bucket):
    """The same where s3fs forgets whom it has asked as whom, before and after."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    yield bucket
    S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def arms(tmp_path_factory):
    """Small fleets of the demo's arm, made once for every worker."""
    from tests.fleet.arms import Arms

    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder lies in the session's
        session = session.parent
    with FileLock(session / "arms.lock"):
        return Arms.made_once(session / "arms")
