"""What drives lose as Isaac Lab's networks: `python -m tests.benchmarks.actuator_networks`. Synthetic.

ANYmal C's drives at their priors, with delay and lag, and with a spring; each as both kinds of network.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from hybridsim.exchange.distill import DistillOptions
from hybridsim.exchange.isaaclab import distil
from hybridsim.exchange.subject import subject_of
from tests.exchange.made import anymal

DRIVES = {
    "prior": {},
    "6 ms delay, 5 ms lag": {"delay": 0.006, "motor_lag": 0.005},
    "2 ms delay, spring of 800 N*m/rad": {"delay": 0.002, "stiffness": 800.0, "armature": 0.05},
}


def main() -> None:
    """One line a drive and kind; an argument is the number of steps."""
    options = DistillOptions()
    options = replace(options, steps=int(sys.argv[1])) if len(sys.argv) > 1 else options
    for name, parameters in DRIVES.items():
        subject = subject_of(anymal(**parameters))
        for kind in ("mlp", "lstm"):
            (one,) = distil(subject, kind, 0, options)
            h = one.held_out
            share = 100 / h.effort_rms_Nm
            print(
                f"{name}, {kind}: effort {share * h.replayed_error_rms_Nm:.1f} % (spring and damper"
                f" {share * h.replayed_spring_damper_error_rms_Nm:.1f} %), angle"
                f" {1e3 * h.closed_loop_error_rms_rad:.2f} of {1e3 * h.angle_rms_rad:.0f} mrad"
                f" ({1e3 * h.closed_loop_spring_damper_error_rms_rad:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
