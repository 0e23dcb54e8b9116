"""How often planted errors of an IMU lie inside their own 95 % intervals (synthetic recordings).

python -m tests.benchmarks.planted_imu [SEEDS]: three made-up logs a seed, about 3 s each on one core.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np

from hybridsim.sensing.imu import identify_imu
from hybridsim.sensing.values import imu_values
from tests.sensing.made import GRAVITY, Planted, planted, recorded

LOGS = 3
WHAT = ("gyro_map", "acc_map", "gyro_bias", "acc_bias", "lever", "gyro_delay", "acc_delay")


def truth_of(made: Planted) -> dict[str, float]:
    """Planted values by the parameters' names."""
    found = {"gyro_delay": made.gyro_delay, "acc_delay": made.acc_delay}
    for i, row in enumerate("xyz"):
        found[f"gyro_bias_{row}"], found[f"acc_bias_{row}"] = made.gyro_bias[i], made.acc_bias[i]
        found[f"lever_{row}"] = made.lever[i]
        for j, column in enumerate("xyz"):
            found[f"gyro_map_{row}{column}"] = made.gyro_map[i, j]
            found[f"acc_map_{row}{column}"] = made.acc_map[i, j]
    return found


def main(seeds: int) -> None:
    """Print the share inside, by kind of parameter."""
    inside, widths = defaultdict(list), defaultdict(list)
    for seed in range(seeds):
        made = planted(1000 + seed)
        values = imu_values(
            identify_imu([recorded(made, 10_000 + LOGS * seed + k, f"log {k}") for k in range(LOGS)], GRAVITY)
        )
        for name, truth in truth_of(made).items():
            kind = next(one for one in WHAT if name.startswith(one))
            half = values[name].half_width
            assert half is not None, name
            inside[kind].append(abs(values[name].value - truth) < half)
            widths[kind].append(half)
    for kind in WHAT:
        share = float(np.mean(inside[kind]))
        print(f"{kind}: {share:.3f} of {len(inside[kind])} inside, half width {np.median(widths[kind]):.2g}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
