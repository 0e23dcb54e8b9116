"""What calibrating the SO-101 takes and gives: `calibrate --quick`, then in full, scored on held-out logs.

    .venv/bin/python -m tests.benchmarks.so101 [OUT]

Reads the 40 recordings from $HYBRIDSIM_DATA or ../shared/data. Scored are the study's test logs, which
neither fit nor selection has seen. Times are wall-clock on this machine, the black-box baseline left out.
"""

import sys
import tempfile
import time
from pathlib import Path

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.resources import find
from hybridsim.score import interval_text
from hybridsim.study import load_study
from tests.benchmarks.recordings import recordings


def main(out: Path) -> None:
    """Print a table a budget."""
    study = load_study(find("calibration", "so101") / "study.toml")
    study = study.model_copy(update={"blackbox": study.blackbox.model_copy(update={"enabled": False})})
    for quick in (True, False):
        start = time.perf_counter()
        folder = calibrate(study, [recordings("so101")], out=out / str(quick), quick=quick)
        seconds = time.perf_counter() - start
        print(f"\n{'--quick' if quick else 'in full'}: {seconds:.0f} s, {folder}")
        scores = Calibration.load(folder).scores() or {}
        for variant, found in scores["variants"].items():
            for signal, s in found["signals"].items():
                each = " ".join(f"{1e3 * value:5.1f}" for value in s["mae"])
                mean = interval_text(s["mae_mean"], s["mae_mean_interval_95"], s["unit"])
                print(f"  {variant:11s} {signal:16s} {mean:28s} {each}")
        print(f"  replayed at {scores['replay']['real_time_factor']:.0f} times real time")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="hybridsim-bench-")))
