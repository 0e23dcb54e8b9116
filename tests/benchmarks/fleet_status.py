"""How long `hybridsim fleet status` takes with 1,000 units and 10,000 logs, in SQLite.

    .venv/bin/python -m tests.benchmarks.fleet_status

SYNTHETIC rows. `question` is the database's part, asked through SQLAlchemy; `command` all of it from the
shell, Python's start included, where a SQLite file is asked without it; medians of eleven.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.tables import LogRow, PromotionRow
from hybridsim.fleet.registry.transaction import transaction

UNITS, LOGS, ROUNDS = 1000, 10_000, 11
DAY_NS = 86_400 * 10**9


def fill(registry):
    """A log a unit and day for ten days, one calibration for all."""
    serials = [f"arm-{n:04d}" for n in range(UNITS)]
    registry.enrol(serials)
    registry.add_calibration("0123456789ab")
    now = time.time_ns()
    rows, steps = [], []
    for n in range(LOGS):
        began = now - (n // UNITS + 1) * DAY_NS
        one = LogEntry(
            log_id=f"{n:016x}",
            serial=serials[n % UNITS],
            began_ns=began,
            ended_ns=began + 60 * 10**9,
            session="",
        )
        rows.append(LogRow(**vars(one), added_ns=now))
    for serial in serials:
        step = {"serial": serial, "number": 1, "calibration_id": "0123456789ab", "at_ns": now}
        steps.append(PromotionRow(**step, back=False, why=""))
    with transaction(registry._engine) as session:
        session.add_all(rows + steps)


def timed(what):
    """Median seconds of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        what()
        found.append(time.perf_counter() - start)
    return np.median(found)


def main() -> None:
    """Print both."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet.init(Path(folder), Place(schema=1, robot="so101"))
        fill(fleet.registry)
        question = timed(fleet.registry.status)
        fleet.close()
        program = "from hybridsim.cli.main import main; main()"
        words = [sys.executable, "-c", program, "fleet", "status", "--fleet", folder]
        command = timed(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL))
    print(f"{UNITS} units, {LOGS} logs: question {1e3 * question:.0f} ms, command {1e3 * command:.0f} ms")


if __name__ == "__main__":
    main()
