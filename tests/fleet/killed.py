"""A writer that goes on until it is killed: takes logs and promotes, over and over."""

import sys
from pathlib import Path

from hybridsim.errors import FleetError
from hybridsim.fleet.fleet import Fleet


def main(folder: str, store: str, mark: str) -> None:
    """Never ends."""
    fleet = Fleet.open(Path(folder))
    registry = fleet.registry
    print("ready", flush=True)
    n = 0
    while True:
        n += 1
        fleet.take([Path(store)], enrol=True)
        name = f"{mark}{n}"
        registry.add_calibration(name)
        try:
            verdict = registry.add_verdict("u1", name, passed=True, evidence={})
            registry.promote("u1", name, verdict=verdict)
        except FleetError as error:
            assert "try again" in str(error) or "verify again" in str(error), error


if __name__ == "__main__":
    main(*sys.argv[1:])
