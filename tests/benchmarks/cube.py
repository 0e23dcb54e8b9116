"""The cube's calibration on the tosses that its fit has not seen, from the first sample and from the flight.

    .venv/bin/python -m tests.benchmarks.cube [CALIBRATION]

Reads the tosses from $HYBRIDSIM_DATA or ../shared/data; replays them in PyBullet. The cube is 104.8 mm wide.
Takes the published calibration unless another folder is named.
"""

import sys
import tempfile
from pathlib import Path

from hybridsim.calibration import Calibration
from hybridsim.evaluate import score_logs
from hybridsim.ingest.open import open_logs
from hybridsim.resources import find
from hybridsim.robot import load_robot
from tests.benchmarks.recordings import recordings

UNITS = {"base_position": ("mm", 1e3), "base_orientation": ("deg", 57.2958)}


def main(folder: Path) -> None:
    """Print both protocols."""
    calibration, robot = Calibration.load(folder), load_robot("cube")
    sides = {entry.log_id: entry.split for entry in calibration.record.lineage.logs}
    with tempfile.TemporaryDirectory(prefix="hybridsim-bench-") as cache:
        logs = open_logs([recordings("cube_tosses")], robot, cache=Path(cache))
        unseen = [log for log in logs if sides.get(log.log_id) == "test"]
        for start in ("first", "flight"):
            scores = score_logs(calibration, robot, unseen, start=start).scores
            print(f"\n{calibration.id}, {len(unseen)} test tosses, {scores['protocol']['replay']}")
            show(scores)


def show(scores: dict) -> None:
    """Means with 95 % intervals, and the difference to `identified`."""
    for variant, found in scores["variants"].items():
        for signal, (unit, factor) in UNITS.items():
            line = text(found["signals"][signal], "mae_mean", "mae_mean_interval_95", factor)
            apart = found["minus_identified"].get(signal, {})
            print(f"  {variant:11s} {line} {unit}{less(apart, 'mae_mean', 'interval_95', factor)}")
            for entry in found["windowed"][signal]:
                line = text(entry, "mae_mean", "mae_mean_interval_95", factor)
                apart = less(entry, "minus_identified", "minus_identified_interval_95", factor)
                print(f"    end of {entry['horizon_s']:g} s windows {line} {unit}{apart}")


def less(entry: dict, mean: str, interval: str, factor: float) -> str:
    """The difference to `identified`, where there is one."""
    return f", minus identified {text(entry, mean, interval, factor)}" if mean in entry else ""


def text(entry: dict, mean: str, interval: str, factor: float) -> str:
    """A mean and its interval."""
    low, high = (factor * end for end in entry[interval])
    return f"{factor * entry[mean]:.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    published = [path for path in (find("calibration", "cube")).iterdir() if (path / "scores.json").exists()]
    main(named or published[0])
