"""A whole calibration in seconds: a study, and swings of a servo, raw and in a log store. Synthetic."""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hybridsim.calibrate import calibrate
from hybridsim.log import Constant, LogDraft, LogStore, Signal
from hybridsim.simulator.inputs import LogInputs
from tests.identify.bench import HELD, PREFIX, TRUTH, recorded, swings

START_NS = 1_700_000_000_000_000_000
NAMES = ("delay", "stall_effort", "armature")
UNUSED = {
    "speed": 0.0,
    "load": 0,
    "input_volts": 5.0,
    "temp": 28,
}  # of a raw row; the supply is the rated one

STUDY = f"""
schema = 1
robot = "xl330_pendulum"
description = "SYNTHETIC swings"
scored_signals = ["joint_position"]

[split]
validation_fraction = 0.4
test_fraction = 0.2

[simulation]
physics_timestep_s = 0.005

[[parameter]]
name = "{PREFIX}delay"
unit = "s"
low = 0.0
high = 0.06
value = 0.005

[[parameter]]
name = "{PREFIX}stall_effort"
unit = "N*m"
low = 0.3
high = 2.0
value = 0.5

[[parameter]]
name = "{PREFIX}armature"
unit = "kg*m^2"
low = 0.0005
high = 0.02
value = 0.002

[identify]
trials = 60
restarts = 1
polish_iterations = 10

[learn]
epochs = 8
hidden = [16]
members = 2
history_s = [0.0, 0.05]
sample_period_s = 0.02

[blackbox]
epochs = 1
hidden = 8

[quick.identify]
trials = 20
polish_iterations = 4

[quick.learn]
epochs = 1
members = 1

[quick.blackbox]
enabled = false
"""


@dataclass(frozen=True)
class Tiny:
    """A study, the store of its logs, and the calibration that they give with seed 0."""

    study: Path
    logs: Path
    folder: Path

    @classmethod
    def made(cls, root: Path) -> Tiny:
        """All of it, made under a folder."""
        study, logs = write_study(root / "study"), write_logs(root / "logs")
        return cls(study, logs, calibrate(study, [logs], out=root / "made", engine="serial"))

    @classmethod
    def made_once(cls, root: Path) -> Tiny:
        """What a folder holds, made where it holds none; a `root` that is there is whole."""
        if not root.is_dir():
            cls.made(root.with_suffix(".part"))
            root.with_suffix(".part").rename(root)
        (folder,) = (root / "made").iterdir()
        return cls(root / "study" / "study.toml", root / "logs", folder)

    def calibrate(self, out: Path, **options: Any) -> Path:
        """Another calibration from the same study and logs."""
        return calibrate(self.study, [self.logs], out=out, engine="serial", **options)

    def edited(self, folder: Path, *edits: tuple[str, str]) -> Path:
        """A copy of the study with some words changed, each of them there once or more."""
        text = self.study.read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "study.toml").write_text(text)
        return folder / "study.toml"


def content(folder: Path) -> dict[str, Any]:
    """Every file of a calibration by name; of its scores all but the two numbers that a clock gave."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    found["scores.json"] = untimed(found["scores.json"])
    return found


def untimed(scores: str | bytes) -> dict[str, Any]:
    """Scores without the two numbers that a clock gave."""
    data = json.loads(scores)
    del data["replay"]["wall_s"], data["replay"]["real_time_factor"]
    return data


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """Files of this process can grow to so many bytes and no more; start no worker processes meanwhile."""
    if (ray := sys.modules.get("ray")) is not None:
        ray.shutdown()  # its own log is a file of this process, and it says on stderr where that cannot grow
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def write_study(folder: Path, text: str = "") -> Path:
    """The study above with what the truth holds fixed, and `text` behind it."""
    held = {**HELD, **{name: value for name, value in TRUTH.items() if name not in NAMES}}
    units = {"position_gain": "1/rad", "back_emf": "N*m*s/rad", "rated_voltage": "V", "motor_coulomb": "N*m"}
    tables = "".join(
        f'\n[[parameter]]\nname = "{PREFIX}{name}"\nunit = "{units.get(name, "1")}"\n'
        f"value = {value}\nidentify = false\n"
        for name, value in held.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY + tables + text)
    return folder / "study.toml"


def write_logs(store: Path, count: int = 8, seconds: float = 2.0, seed: int = 0) -> Path:
    """Swings in a log store."""
    for log in bent(count, seconds, seed):
        LogStore(store).add(_draft(log))
    return store


def write_recordings(
    folder: Path,
    count: int = 2,
    seconds: float = 2.0,
    seed: int = 1,
    damage: Callable[[list[dict[str, Any]]], object] | None = None,
) -> Path:
    """Swings as raw files in the layout of data/servo_pendulum; `damage` may change the rows of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, log in enumerate(bent(count, seconds, seed)):
        rows = [
            {"timestamp": time, "goal_position": goal, "position": angle, "torque_enable": on, **UNUSED}
            for time, goal, angle, on in zip(
                log.time_s.tolist(),
                log.command[:, 0].tolist(),
                log.measured[:, 0].tolist(),
                log.enabled[:, 0].tolist(),
                strict=True,
            )
        ]
        if damage and n == 0:
            damage(rows)
        document = {"mass": 0.4, "length": 0.1, "kp": 1, "vin": 5.0, "motor": "xl330", "entries": rows}
        (folder / f"swing_{n}.json").write_text(json.dumps(document))
    return folder


def bent(count: int, seconds: float, seed: int) -> list[LogInputs]:
    """Swings whose encoder is bent: a wave over the angle that no parameter of the study describes."""
    logs = recorded(swings(count, seconds, seed=seed), noise=5e-4, seed=seed)
    return [replace(log, measured=log.measured + 0.02 * np.sin(4.0 * log.measured)) for log in logs]


def _draft(log: LogInputs) -> LogDraft:
    stamps = START_NS + np.round(log.time_s * 1e9).astype(np.int64)

    def signal(name: str, unit: str, values: np.ndarray) -> Signal:
        return Signal(name, unit, ("pendulum",), stamps, np.asarray(values, float))

    signals = [
        signal("joint_position_command", "rad", log.command),
        signal("joint_position", "rad", log.measured),
        signal("motor_enabled", "1", log.enabled),
    ]
    return LogDraft(
        robot="xl330_pendulum",
        serial="synthetic",
        name=log.name,
        signals={one.name: one for one in signals},
        constants={
            "payload_mass": Constant(value=log.constants["payload_mass"], unit="kg"),
            "payload_length": Constant(value=log.constants["payload_length"], unit="m"),
            "position_gain": Constant(value=1.0, unit="1"),
        },
    )
