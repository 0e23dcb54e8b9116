"""One lab a test."""

import pytest

from tests.ingest.bags.lab import Lab


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)
