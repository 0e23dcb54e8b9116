"""Registries in SQLite and in PostgreSQL."""

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hybridsim.fleet.registry.registry import Registry
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
