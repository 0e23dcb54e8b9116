"""How much faster than real time SO-101 logs replay free-running, on one core, and what the timestep costs.

    OMP_NUM_THREADS=1 .venv/bin/python -m tests.benchmarks.replay calibration/so101/<id>

Real logs from the shared data; motion coupling, ground on, the calibration's own timestep. Hybrid (network
on), identified (without) and identified in half the timestep alternate; wall and processor time are quoted,
which differ on a busy machine. Without an argument the priors and an untrained network are timed instead.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.ingest.open import open_logs
from hybridsim.replay.engine import Trajectory, batches, replay_logs
from hybridsim.replay.variants import CalibratedSimulator
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.inputs import LogInputs, log_inputs
from tests.benchmarks.recordings import recordings
from tests.simulator.made import arm

ROUNDS = 5


def logs_of_the_arm() -> list[LogInputs]:
    """The shared SO-101 logs, ingested into a folder that is forgotten."""
    robot = load_robot("so101")
    with tempfile.TemporaryDirectory() as cache:
        return [log_inputs(log, robot) for log in open_logs([recordings("so101")], robot, Path(cache))]


def contenders(folder: str | None) -> dict[str, Callable[[int, dict[str, float]], HybridSim]]:
    """Simulators by name."""
    if folder is None:
        return {
            "priors, untrained network": lambda worlds, _: arm(worlds=worlds),
            "priors": lambda worlds, _: arm(worlds=worlds, networks=False),
        }
    found = Calibration.load(folder)
    step = found.record.simulation.physics_timestep_s
    finer = found.record.simulation.model_copy(update={"physics_timestep_s": step / 2})
    halved = replace(found, record=found.record.model_copy(update={"simulation": finer}))
    given = {"hybrid": found, "identified": found, "identified, half the step": halved}
    return {
        name: CalibratedSimulator(calibration=one, variant=name.split(",")[0], robot="so101")
        for name, one in given.items()
    }


def mean_error(logs: Sequence[LogInputs], runs: Sequence[Trajectory]) -> float:
    """Mean absolute error over logs and drives [mrad]."""
    errors = [
        np.nanmean(np.abs(run.at("angle", log.time_s) - log.measured), axis=0)
        for log, run in zip(logs, runs, strict=True)
    ]
    return 1e3 * float(np.mean(errors))


def main() -> None:
    """Print one line a variant."""
    logs, simulators = logs_of_the_arm(), contenders(sys.argv[1] if len(sys.argv) > 1 else None)
    batch = batches(logs)[len(batches(logs)) // 2]
    for simulator in simulators.values():
        replay_logs(simulator, batch)  # compile
    errors: dict[str, float] = {}
    simulated = sum(log.time_s[-1] for log in logs)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in simulators}
    for turn in range(ROUNDS):
        for name in list(simulators)[:: 1 if turn % 2 else -1]:
            wall, busy = time.perf_counter(), time.process_time()
            runs = replay_logs(simulators[name], logs)
            rates[name].append(
                (simulated / (time.perf_counter() - wall), simulated / (time.process_time() - busy))
            )
            errors[name] = mean_error(logs, runs)
    print(f"{len(logs)} logs, {simulated:.0f} s, load average {os.getloadavg()[0]:.1f}")
    for name, values in rates.items():
        wall, busy = np.median(values, axis=0)
        best = np.max(values, axis=0)
        print(
            f"{name:26s} {wall:6.0f} x real time by the wall clock, {busy:6.0f} x by processor time"
            f" (best {best[0]:.0f} and {best[1]:.0f}), off by {errors[name]:.3f} mrad"
        )


if __name__ == "__main__":
    main()
