"""Two writers of one fleet, killed at random moments: nothing is lost, torn or done twice."""

import subprocess
import sys
import time

import numpy as np

from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.log import LogStore, read_log
from tests.fleet.test_commands import log

KILLS = 2
"""Of each writer here; `tests.benchmarks.fleet_kills` makes 200."""


def killed_at_random(folder, store, kills, seed):
    """What is promoted after all of it, and that it fits together."""
    random = np.random.default_rng(seed)
    before: list = []
    for k in range(kills):
        words = [sys.executable, "-m", "tests.fleet.killed", str(folder), str(store)]
        writers = [subprocess.Popen([*words, f"k{k}w{w}-"], stdout=subprocess.PIPE) for w in range(2)]
        for writer in writers:
            writer.stdout.readline()
        time.sleep(random.uniform(0.0, 0.4))
        for writer in writers:
            writer.kill()
            writer.communicate()
        before = checked(folder, before)
    return before


def checked(folder, before):
    """Steps of the history, which go on from those that were there before."""
    fleet = Fleet.open(folder)
    steps = fleet.registry.history("u1")
    assert steps[: len(before)] == before
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    names = [step.calibration for step in steps]
    assert len(set(names)) == len(names), "promoted twice"
    for entry in fleet.registry.logs():
        assert read_log(fleet.artefacts.folder("logs", entry.log_id)).log_id == entry.log_id
    fleet.close()
    return steps


def test_writers_that_are_killed_leave_a_registry_that_fits_together(tmp_path):
    store = LogStore(tmp_path / "logs")
    for level in range(3):
        store.add(log(level=float(level)))
    folder = tmp_path / "fleet"
    fleet = Fleet.init(folder, Place(schema=1, robot="xl330_pendulum"))
    fleet.registry.enrol(["u1"])
    fleet.close()
    assert len(killed_at_random(folder, store.root, KILLS, 0)) > KILLS
