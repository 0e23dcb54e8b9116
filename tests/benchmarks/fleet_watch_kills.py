"""Two `hybridsim fleet watch` on one fleet, killed with SIGKILL at random moments, again and again.

    .venv/bin/python -m tests.benchmarks.fleet_watch_kills --fleet DIR [--kills 200] [--units 2]

SYNTHETIC: the fleet of tests.benchmarks.fleet_loop. Each time units get the logs of a change in an inbox;
two watchers of it are killed at a random moment of what a whole round takes, again and again,
until one has ended by itself. Then every log that was in the inbox has to be in the registry once and
whole, every unit's history without a gap, with nothing in it twice, and what an undisturbed round
promotes has to be current.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from hybridsim.fleet.fleet import Fleet
from hybridsim.log import read_log
from tests.benchmarks.fleet_loop import CHANGES, branch, name_of

LIVES = (0.3, 1.1)
"""Of an undisturbed round, after which watchers are killed; before, they only import."""


def watcher(folder, inbox):
    """A process that watches for one round."""
    words = [sys.executable, "-c", "from hybridsim.cli.main import main; main()", "fleet", "watch"]
    return subprocess.Popen(
        [*words, *map(str, inbox), "--fleet", str(folder), "--engine", "serial"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(folder, inbox):
    """Seconds of an undisturbed round."""
    start, one = time.perf_counter(), watcher(folder, inbox)
    said = one.communicate()[1]
    assert one.returncode == 0, said
    return time.perf_counter() - start


def current(folder, units):
    """Each unit's calibration, after a look at everything that could be wrong."""
    fleet = Fleet.open(folder)
    for unit in units:
        steps = fleet.registry.history(unit)
        assert [step.number for step in steps] == list(range(1, len(steps) + 1)), "a gap"
        twice = [name for name, n in Counter(step.calibration for step in steps).items() if n > 1]
        assert not twice, f"promoted twice: {twice}"
        for entry in fleet.registry.logs(unit):
            assert read_log(fleet.artefacts.folder("logs", entry.log_id)).log_id == entry.log_id
    found = {unit: fleet.registry.history(unit)[-1].calibration for unit in units}
    counts = {unit: len(fleet.registry.logs(unit)) for unit in units}
    fleet.close()
    return found, counts


def disturbed(out, name, inbox, units, kills, seconds, random):
    """Kills until a watcher ends by itself; how many, and what is current then."""
    with branch(out, name) as fleet:
        folder = fleet.folder
    done = 0
    while done < kills:
        pair = [watcher(folder, inbox) for _ in range(2)]
        time.sleep(random.uniform(*LIVES) * seconds)
        over = [one.poll() is not None for one in pair]
        for one, was in zip(pair, over, strict=True):
            one.kill()
            said = one.communicate()[1]
            assert not was or one.returncode == 0, said
        done += 2 - sum(over)
        if any(over):
            break
    ended(folder, inbox)
    return done, current(folder, units)


def main():
    """Counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fleet", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--units", type=int, default=2)
    words = parser.parse_args()
    out, random, killed, rounds = words.fleet.resolve(), np.random.default_rng(0), 0, 0
    while killed < words.kills:
        family = list(CHANGES)[rounds % len(CHANGES)]
        units = [name_of((rounds * words.units + n) % 10) for n in range(words.units)]
        inbox = [out / family / unit for unit in units]
        with branch(out, "whole") as fleet:
            folder = fleet.folder
        seconds = ended(folder, inbox)
        expected = current(folder, units)
        done, found = disturbed(out, "killed", inbox, units, words.kills - killed, seconds, random)
        assert found == expected, f"{found} after kills, {expected} without"
        killed, rounds = killed + done, rounds + 1
        print(f"{killed} kills, {rounds} changes: nothing lost, nothing twice, the same promoted", flush=True)
    shutil.rmtree(out / "branches" / "killed", ignore_errors=True)


if __name__ == "__main__":
    main()
