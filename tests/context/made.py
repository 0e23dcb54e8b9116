"""The demo's arm as a reference, replays of it that need no simulator, and beliefs about units. Synthetic."""

import hashlib
from dataclasses import dataclass, fields

import numpy as np

from hybridsim.actuators import offered
from hybridsim.calibration import Calibration, Findings, Lineage, SimulationSettings
from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Noise
from hybridsim.context.population import Population
from hybridsim.demo.motions import motion
from hybridsim.demo.planted import ARM
from hybridsim.fleet.bench import Basis, Bench
from hybridsim.identify.problem import WORLD, Problem
from hybridsim.resources import PACKAGE
from hybridsim.robot import load_robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import parse_study

DEMO = PACKAGE / "demo"
PERIOD = 0.02


def reference(text=None, **changes) -> Calibration:
    """What identification would find of the demo's arm if it found the truth; other values may be given."""
    robot, text = load_robot(DEMO / "arm"), text or (DEMO / "study.toml").read_text()
    study = parse_study(text, robot=robot.folder)
    selection = study.resolve([*offered(robot), *offered_inertials(robot), *WORLD])
    own = {p.name: p.value for p in selection.space.parameters}
    values = selection.expand({**own, **ARM.values(), **changes})
    lineage = Lineage(
        logs=(),
        code_version="0",
        seed=0,
        study=text,
        study_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    return Calibration.create(
        Findings(
            robot=robot.name,
            serial="drawing",
            synthetic=True,
            simulation=SimulationSettings(physics_timestep_s=1e-3, plane=False),
            parameters=[p.model_copy(update={"value": values[p.name]}) for p in selection.offered],
            lineage=lineage,
        )
    )


def bench_in(folder) -> Bench:
    """Where the arm's logs are replayed; the reference lies in the folder then."""
    return Basis(DEMO / "arm", reference().save(folder)).bench()


def moves(robot, seconds, seed, serial="") -> LogInputs:
    """Commands of a log and nothing measured yet."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds / PERIOD)) * PERIOD
    limits = [robot.joint(drive.joint) for drive in robot.drives]
    low, high = [one.lower.value for one in limits], [one.upper.value for one in limits]
    command = motion(random, time, low, high)
    ones = np.ones_like(command)
    return LogInputs(
        log_id=f"{serial}{seed:016x}"[-16:],
        name=f"moves {seed}",
        time_s=time,
        command=command,
        measured=command,
        gain=ones,
        voltage=0.0 * ones,
        enabled=ones > 0,
        constants={},
    )


@dataclass(frozen=True, kw_only=True)
class Linear(Problem):
    """Replays whose error is linear in the context: what they ought to say can be written down."""

    of: object
    gains: np.ndarray

    def errors(self, drive, values):
        error = self.gains[:, drive] @ self.of.point(values) - self.measured[:, drive]
        return np.where(np.isfinite(self.measured[:, drive]), error, 0.0)


def linear(bench, context, random, noise=0.0, logs=2, seconds=4.0) -> Linear:
    """Logs of a unit of this context; `noise` is white of that size or an array, [row, drive] [rad]."""
    real = bench.problem_of(logs, seconds)
    rows, drives = real.measured.shape
    gains = random.normal(0.0, 2e-3, (rows, drives, len(bench.space)))
    for k, entry in enumerate(bench.space.entries):
        for drive, joint in enumerate(real.joints):
            if entry.joint not in ("", joint):
                gains[:, drive, k] = 0.0
    own = {field.name: getattr(real, field.name) for field in fields(Problem)}
    noisy = random.normal(0.0, noise, (rows, drives)) if np.isscalar(noise) else noise
    return Linear(**{**own, "measured": gains @ np.asarray(context) + noisy}, of=bench.space, gains=gains)


def noise_of(space, deviation=4e-3, memory=1.0, wander=0.0) -> Noise:
    """The same for both drives and all entries."""
    return Noise(
        deviation=np.full(2, deviation), memory=np.full(2, memory), wander=np.full(len(space), wander)
    )


def around(mean, deviation=1.0) -> Belief:
    """Each entry by itself."""
    mean = np.asarray(mean, float)
    return Belief(mean=mean, precision=np.diag(1.0 / np.broadcast_to(deviation, mean.shape) ** 2))


def population(space, **changes) -> Population:
    """Of units that nobody has looked at."""
    count = len(space)
    fields = {
        "robot": "arm",
        "reference": "0" * 12,
        "entries": space.names,
        "sizes": tuple(entry.size for entry in space.entries),
        "mean": (0.0,) * count,
        "covariance": tuple(map(tuple, np.eye(count).tolist())),
        "deviation": (4e-3, 4e-3),
        "memory": (1.0, 1.0),
        "wander": (0.01,) * count,
        "misfit": 2.0,
        "units": ("a", "b"),
    }
    return Population(**(fields | changes))
