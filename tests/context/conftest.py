"""The demo's arm, its reference and short paths of it, once a worker."""

from dataclasses import dataclass
from functools import cache

import pytest

from tests.context.made import bench_in, moves


@dataclass(frozen=True)
class Arm:
    """A bench whose rigid bodies along short logs are remembered."""

    bench: object

    def __getattr__(self, name):
        return getattr(self.bench, name)

    def problem_of(self, logs, seconds):
        return _problem(self, logs, seconds)


@cache
def _problem(arm, logs, seconds):
    inputs = [moves(arm.robot, seconds, seed) for seed in range(logs)]
    return arm.replayer.problem(inputs)


@pytest.fixture(scope="session")
def arm(tmp_path_factory):
    return Arm(bench_in(tmp_path_factory.mktemp("reference")))
