"""How strong a simulated gyroscope is above 80 Hz in motion, over real ones, with and without its clock.

    python -m tests.benchmarks.imu_clock STORE [CALIBRATION]

Rates that the tracked pose of BROAD's trials gives are read by the simulator's own sensor with the parameters
of the calibration (`sensor.imu.*`), once with `gyro_conversion` and once without. Above 80 Hz the pose has
nothing to say, so what is there comes from the sensor: root mean squares over rows in motion, axes together.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from hybridsim.calibration import Calibration
from hybridsim.robot import load_robot
from hybridsim.sensing.bands import edges_within, split
from hybridsim.sensors import Mounted, Sensors, Sources, sensor_values, sensors_of
from hybridsim.sensors import fronts as front
from tests.benchmarks.imu_drawn import Trial, trials_of

STEP, HIGH_HZ, CLOCK = 1e-3, 80.0, "gyro_conversion"


def main(store: Path, reference: str) -> None:
    """Print a line a trial, and the ratios of all."""
    calibration = Calibration.load(reference)
    robot = load_robot(calibration.record.robot)
    own = sensor_values(robot, calibration.values())["imu"]
    found = []
    for n, trial in enumerate(trials_of(store, reference)[1]):
        if not trial.given.motion.any():
            continue
        read = [simulated(robot, {**own, CLOCK: rate}, trial, n) for rate in (0.0, own[CLOCK])]
        real, without, with_clock = (above(trial, one) for one in (trial.read[:, :3], *read))
        found.append((without / real, with_clock / real))
        ratios = "without {:.2f}, with {:.2f}".format(*found[-1])
        print(f"{trial.name[:34]:34s} real {1e3 * real:6.2f} mrad/s, {ratios}")
    low, middle, high = np.percentile(found, [0, 50, 100], axis=0)
    for k, name in enumerate(("without its clock", "with it")):
        print(f"simulated over real {name}: median {middle[k]:.2f}, {low[k]:.2f} to {high[k]:.2f}")


def simulated(robot, own, trial: Trial, seed: int) -> np.ndarray:
    """Readings [row 3] of the simulator's sensor while it turns as the tracked body did [rad/s]."""
    period = trial.given.log.recording.period
    rows = len(trial.ideal)
    time = np.arange(rows) * period
    body = (trial.ideal[:, :3] - trial.given.log.bias) @ np.linalg.inv(matrix(own)).T
    rate = CubicSpline(time, body)(np.arange(0.0, time[-1], STEP))
    mounted = Mounted(next(one for one in sensors_of(robot) if one.name == "imu"), 0)
    sensor = Sensors([mounted], [{"imu": {**own, "rate": 1.0 / period}}], STEP, seed)
    world = np.arange(1)
    sensor.begin(world)
    sources = Sources(
        frames=np.zeros((1, 1, front.FRAME)),
        drives=np.zeros((1, 0, front.DRIVE)),
        force=np.zeros((1, 0)),
        wrench=np.zeros((1, 0, 6)),
        temperature=np.full(1, 25.0),
        gravity=np.array([0.0, 0.0, -9.81]),
    )
    sources.frames[0, 0, [0, 4, 8]] = 1.0
    found, last = [], -1.0
    for spin in rate:
        sources.frames[0, 0, front.SPIN :] = spin
        sensor.sense(sources, world)
        if sensor.stamp[0, 0] > last:
            last = sensor.stamp[0, 0]
            found.append(sensor.reading[0, :3].copy())
    found += [found[-1]] * (rows - len(found))
    return np.array(found[:rows])


def matrix(own) -> np.ndarray:
    """Of the gyroscope: row what is read, column the body's axis."""
    return np.array([[own[f"gyro_map_{a}{b}"] for b in "xyz"] for a in "xyz"])


def above(trial: Trial, gyro: np.ndarray) -> float:
    """Root mean square above `HIGH_HZ` in motion [rad/s]."""
    period = trial.given.log.recording.period
    high = np.array([edge >= HIGH_HZ for edge in (0.0, *edges_within(period))])
    left = split(gyro, period)[high].sum(axis=0)[trial.given.motion]
    return float(np.sqrt((left**2).mean()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "imu_broad")
