"""How far calibrations of one pendulum disagree where no log tells: drops with the motor off. Simulated.

    .venv/bin/python -m tests.benchmarks.drops CALIBRATION CALIBRATION...

Drops the bench's payload from three angles for three seconds in the identified simulator of each calibration,
such as fits of several seeds (`hybridsim calibrate STUDY --seed N`), and compares with the first one's.
"""

import sys

import numpy as np

from hybridsim import HybridSim

PAYLOAD = {"payload_mass": 0.49, "payload_length": 0.1}
"""Of the XL330's recordings [kg, m]."""
ANGLES = (1.0, 1.57, 2.6)
"""From hanging straight down [rad]."""
SECONDS = 3.0


def main(*calibrations: str) -> None:
    """Print a line a calibration."""
    if not calibrations:
        sys.exit("no calibration given; expected at least one folder of a pendulum's")
    dropped = [drop(calibration) for calibration in calibrations]
    print(f"mean absolute difference to the first [mrad], dropped from {', '.join(map(str, ANGLES))} rad")
    for calibration, angles in zip(calibrations, dropped, strict=True):
        apart = 1e3 * np.abs(angles - dropped[0]).mean(axis=0)
        print(f"{calibration:60s} {' '.join(f'{value:6.0f}' for value in apart)}")


def drop(calibration: str) -> np.ndarray:
    """[step, drop] joint angle [rad], a world a drop."""
    worlds = len(ANGLES)
    start = np.array(ANGLES)[:, None]
    with HybridSim.load(calibration, worlds=worlds, variant="identified", constants=PAYLOAD) as simulator:
        simulator.reset(start)
        simulator.set_inputs(enabled=False)
        steps = round(SECONDS / simulator.control_period)
        return np.stack([simulator.step(start)["joint_position"][:, 0] for _ in range(steps)])


if __name__ == "__main__":
    main(*sys.argv[1:])
