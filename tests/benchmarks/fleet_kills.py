"""Two writers of a fleet's registry, killed with SIGKILL at random moments, again and again.

    .venv/bin/python -m tests.benchmarks.fleet_kills [KILLS]

SYNTHETIC logs, SQLite. After each pair of kills the history has to go on from the one before, without a gap
and with nothing in it twice, and every log of the registry has to be whole; it stops with an error otherwise.
"""

import sys
import tempfile
from pathlib import Path

from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.log import LogStore
from tests.fleet.test_commands import log
from tests.fleet.test_killed import killed_at_random


def main() -> None:
    """Print what came through."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as scratch:
        store, folder = LogStore(Path(scratch) / "logs"), Path(scratch) / "fleet"
        for level in range(20):
            store.add(log(level=float(level)))
        fleet = Fleet.init(folder, Place(schema=1, robot="xl330_pendulum"))
        fleet.registry.enrol(["u1"])
        fleet.close()
        steps = killed_at_random(folder, store.root, kills // 2, 0)
    print(f"{kills // 2} moments, two writers killed at each: {len(steps)} promotions, none lost, none twice")


if __name__ == "__main__":
    main()
