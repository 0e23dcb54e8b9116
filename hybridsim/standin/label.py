"""What everything that comes from a stand-in says about itself."""

from __future__ import annotations

ROBOT = "anymal_c"
SYNTHETIC = "SYNTHETIC: from hybridsim's stand-in for an ANYmal C, simulated in MuJoCo; not from a robot"


def serial_of(seed: int) -> str:
    """The individual that a seed makes."""
    return f"standin-{seed}"
