"""A servo that swings a mass, its truth planted: logs from the project's own offline rollout. Synthetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hybridsim.actuators import offered
from hybridsim.identify.problem import WORLD, Problem, new_problem
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import Identify, Selection, parse_study

PREFIX = "drive.pendulum."
RATE_HZ = 100.0
STEP = 0.005
# Chosen, because a small servo is like that; gain 2 at register 1, so that the duty saturates on large moves.
HELD = {"position_gain": 2.0, "back_emf": 0.05, "rated_voltage": 5.0}
TRUTH = {
    "delay": 0.017,
    "stall_effort": 0.8,
    "armature": 0.004,
    "motor_coulomb": 0.02,
    "gear_loss_drive": 0.15,
    "gear_loss_back": 0.4,
}
BOUNDS = {
    "delay": (0.0, 0.06, 0.005, "s"),
    "stall_effort": (0.3, 2.0, 0.5, "N*m"),
    "armature": (5e-4, 0.02, 0.002, "kg*m^2"),
    "motor_coulomb": (0.0, 0.1, 0.005, "N*m"),
    "gear_loss_drive": (0.0, 0.6, 0.05, "1"),
    "gear_loss_back": (0.0, 1.5, 0.1, "1"),
    "position_gain": (0.5, 8.0, 1.5, "1/rad"),
}
BUDGET = Identify(trials=150, restarts=1, polish_iterations=15)


def pendulum() -> Robot:
    """The robot of all of these logs."""
    return load_robot("xl330_pendulum")


def selection(*names: str, extra: str = "", **held: float) -> Selection:
    """What a study selects that searches the named drive parameters and holds others."""
    tables = [
        f'[[parameter]]\nname = "{PREFIX}{name}"\nunit = "{unit}"\n'
        f"low = {low}\nhigh = {high}\nvalue = {value}\n"
        for name in names
        for low, high, value, unit in [BOUNDS[name]]
    ]
    study = parse_study(
        'schema = 1\nrobot = "xl330_pendulum"\nscored_signals = ["joint_position"]\n'
        + "\n".join(tables)
        + extra
    )
    robot = pendulum()
    found = study.resolve([*offered(robot), *offered_inertials(robot), *WORLD])
    values = {f"{PREFIX}{name}": value for name, value in {**HELD, **held}.items() if name not in names}
    changed = tuple(
        p.model_copy(update={"value": values[p.name]}) if p.name in values else p for p in found.offered
    )
    return replace(found, offered=changed)


def swings(
    count: int = 3, seconds: float = 4.0, seed: int = 0, mass: float = 0.4, off: bool = True
) -> list[LogInputs]:
    """Commands that sweep, step and let go; nothing measured yet."""
    return [_swing(n, seconds, np.random.default_rng([seed, n]), mass, off) for n in range(count)]


def _swing(number: int, seconds: float, random: np.random.Generator, mass: float, off: bool) -> LogInputs:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase, size = random.uniform(0, 2 * np.pi, 3), random.uniform(0.3, 0.7, 3)
    waves = sum(
        a * np.sin(2 * np.pi * f * time + p) for a, f, p in zip(size, (0.31, 0.73, 1.7), phase, strict=True)
    )
    steps = np.repeat(random.uniform(-0.8, 0.8, len(time) // 80 + 1), 80)[: len(time)]
    command = (waves + steps)[:, None]
    enabled = np.ones((len(time), 1), bool)
    if off:
        enabled[-len(time) // 4 :] = False
    plain = log_of(time, command[:, 0], np.zeros(len(time)), number)
    return replace(plain, enabled=enabled, constants={"payload_mass": mass, "payload_length": 0.1})


def log_of(time: np.ndarray, command: np.ndarray, measured: np.ndarray, number: int = 0) -> LogInputs:
    """A log of one drive, switched on, at register 1 and rated voltage."""
    ones = np.ones((len(time), 1))
    return LogInputs(
        log_id=f"{number:016x}",
        name=f"swing {number}",
        time_s=np.asarray(time, float),
        command=np.array(command, float)[:, None],
        measured=np.array(measured, float)[:, None],
        gain=ones,
        voltage=0.0 * ones,
        enabled=ones > 0,
        constants={"payload_mass": 0.4, "payload_length": 0.1},
    )


def problem_of(chosen: Selection, logs: Sequence[LogInputs]) -> Problem:
    """A fit on these logs."""
    return new_problem(pendulum(), chosen, logs, timestep=STEP, plane=False)


def recorded(
    logs: Sequence[LogInputs],
    truth: Mapping[str, float] = TRUTH,
    noise: float = 0.0,
    seed: int = 0,
    links: Mapping[str, float] | None = None,
) -> list[LogInputs]:
    """The same logs with what a drive of these parameters would have measured [rad]."""
    problem = problem_of(selection("delay"), logs)
    values = {p.name: p.value for p in problem.selection.offered}
    values |= {f"{PREFIX}{name}": value for name, value in truth.items()}
    if links:
        units = {name: "kg" if name.endswith("mass") else "m" for name in links}
        searched = "".join(
            f'[[parameter]]\nname = "{name}"\nunit = "{unit}"\n' for name, unit in units.items()
        )
        problem = problem_of(selection("delay", extra=searched), logs)
        values |= dict(links)
    angle, _, _ = problem.simulate(0, values)
    random = np.random.default_rng(seed)
    read = angle + noise * random.normal(size=len(angle))
    first = problem.body.first
    return [
        replace(log, measured=read[start:end, None])
        for log, start, end in zip(logs, first[:-1], first[1:], strict=True)
    ]


def by_name(parameters) -> dict:
    """Found drive parameters by their short names."""
    return {parameter.name.removeprefix(PREFIX): parameter for parameter in parameters}
