"""The demo's arm with its elbow locked: one drive, a few seconds of synthetic logs, small budgets."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import tomli_w

from hybridsim.actuators import offered
from hybridsim.demo import Planted, Truth
from hybridsim.demo.recorder import Recording
from hybridsim.identify.fit import fit
from hybridsim.identify.problem import WORLD, new_problem
from hybridsim.log import LogStore
from hybridsim.parameters import Parameter
from hybridsim.resources import PACKAGE
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.study import Identify, parse_study

ARM = PACKAGE / "demo" / "arm"
# value, unit, low, high, start; the truth and what a study may search.
HIDDEN = {
    "delay": (0.027, "s", 0.0, 0.08, 0.01),
    "back_emf": (0.5, "N*m*s/rad", 0.05, 2.0, 0.3),
    "armature": (0.02, "kg*m^2", 0.002, 0.1, 0.01),
    "output_coulomb": (0.07, "N*m", 0.0, 0.3, 0.02),
}
STALL = ("drive.shoulder.stall_effort", "N*m", 0.5, 10.0, 2.5)
MASS = ("link.upper_arm.mass", "kg", 0.1, 2.0, 0.5)
TRUTH = Truth(
    planted=[
        Planted(name=f"drive.shoulder.{name}", value=value, unit=unit, tolerance=0.0)
        for name, (value, unit, *_) in HIDDEN.items()
    ],
    stated={},
    cogging={"shoulder": 0.0},
)
BUDGET = Identify(trials=120, restarts=1, polish_iterations=10)


def one_drive(folder: Path) -> Robot:
    """The demo's arm without its elbow."""
    folder.mkdir(parents=True, exist_ok=True)
    data = tomllib.loads((ARM / "robot.toml").read_text())
    for table in ("joint", "drive", "encoder"):
        data[table] = data[table][:1]
    (folder / "robot.toml").write_text(tomli_w.dumps(data))
    shutil.copy(ARM / "arm.urdf", folder)
    urdf = folder / "arm.urdf"
    urdf.write_text(urdf.read_text().replace('name="elbow" type="revolute"', 'name="elbow" type="fixed"'))
    return load_robot(folder)


def recorded(robot: Robot, store: Path, duration: float = 5.0) -> list[LogInputs]:
    """Three short synthetic recordings, through the log store."""
    recording = Recording(robot=robot, truth=TRUTH, seed=3, duration=duration, timestep=1e-3)
    return [log_inputs(LogStore(store).load(log_id), robot) for log_id in recording.record(store, range(3))]


def rule(name: str, unit: str, low: float, high: float, start: float) -> dict[str, object]:
    """A study's table for one searched parameter."""
    return {"name": name, "unit": unit, "low": low, "high": high, "value": start}


def found(robot: Robot, logs: list[LogInputs], *rules: dict[str, object]) -> dict[str, Parameter]:
    """What identification makes of the logs, by name."""
    text = {
        "schema": 1,
        "robot": str(robot.folder),
        "scored_signals": ["joint_position"],
        "parameter": list(rules),
    }
    study = parse_study(tomli_w.dumps(text))
    selection = study.resolve([*offered(robot), *offered_inertials(robot), *WORLD])
    problem = new_problem(robot, selection, logs, timestep=0.002, plane=False)
    return {p.name: p for p in fit(problem, BUDGET, 0, engine="serial").parameters}
