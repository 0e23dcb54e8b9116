"""SYNTHETIC bags of a stand-in: scripted excitation in a crane and on the ground, as of a real robot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from hybridsim.errors import LogError, SimulationError
from hybridsim.export.rosbag import write_rosbag
from hybridsim.progress import NamedProgress, Progress, named
from hybridsim.standin.draw import stream
from hybridsim.standin.excite import HUNG, hung_script
from hybridsim.standin.ground import GROUND, ground_script
from hybridsim.standin.label import ROBOT, SYNTHETIC, serial_of
from hybridsim.standin.messages import Heard, heard
from hybridsim.standin.robot import PERIOD, SAMPLE, StandIn, witness
from hybridsim.standin.script import Script

MOTIONS = ("multisine", "sway", "chirp", "walk", "steps", "squat", "wander", "trot")
"""One recording each, and again from the start with other numbers; in the crane and on the ground in turn."""
LOGS, SECONDS = len(MOTIONS), 40.0
QUICK_SECONDS = 6.0
"""Of a recording [s] that only shows how it works."""
SHORTEST = 4.0
"""Of any recording [s]: below, motion would only fade in and out."""
FALLEN = np.radians(25.0)
"""Tilt at which somebody would stop the recording [rad]."""
KEY = "hybridsim.standin"
"""Of the custom data in a bag's metadata.yaml."""


@dataclass(frozen=True)
class Recorded:
    """One bag.

    Attributes:
        path: its folder.
        motion: what the robot did.
        created: whether it was written now, and not there already.
        fell_at: when the robot fell, which ends a recording [s]; None where it did not.
    """

    path: Path
    motion: str
    created: bool
    fell_at: float | None


def record(
    seed: int,
    out: Path,
    logs: int = LOGS,
    seconds: float = SECONDS,
    progress: NamedProgress | None = None,
) -> list[Recorded]:
    """Record bags of a stand-in; one that is there already stays, so that a killed run goes on.

    Args:
        seed: of the individual.
        out: folder for the bags, a folder each.
        logs: how many; each with another charge of the battery.
        seconds: of each.
        progress: called as progress(done, total, what).

    Raises:
        SimulationError: a negative seed, no logs, or logs that are too short.
        LogError: another bag is in the way, or the disk is full or not writable.
    """
    if logs < 1 or not seconds >= SHORTEST:
        raise SimulationError(
            f"stand-in: {logs} logs of {seconds:g} s; expected at least 1 of at least {SHORTEST:g} s"
        )
    return [
        recorded(seed, number, Path(out), seconds, named(progress, f"log {number + 1} of {logs}"))
        for number in range(logs)
    ]


def recorded(seed: int, number: int, out: Path, seconds: float, progress: Progress | None = None) -> Recorded:
    """One bag of a stand-in, recorded where it is not there already."""
    motion = MOTIONS[number % len(MOTIONS)]
    folder = out / f"{serial_of(seed)}_{number:02d}_{motion}"
    facts = {"robot": ROBOT, "serial": serial_of(seed), "recording": number, "seconds": seconds}
    if folder.is_dir() and any(folder.iterdir()):
        there = facts_of(folder)
        if {key: there.get(key) for key in facts} != facts:
            raise LogError(f"{folder}: another bag is there; expected an empty or a new folder")
        return Recorded(folder, motion, False, there.get("fell_at"))
    script = script_of(motion, seed, number, seconds)
    messages, fell_at = play(script, seed, number, progress)
    about = {"SYNTHETIC": SYNTHETIC, KEY: json.dumps({**facts, "motion": motion, "fell_at": fell_at})}
    write_rosbag(folder, messages.topics, messages.received, about)
    return Recorded(folder, motion, True, fell_at)


def script_of(motion: str, seed: int, number: int, seconds: float) -> Script:
    """What the robot is told in a recording."""
    random = stream(seed, "script", number)
    return (hung_script if motion in HUNG else ground_script)(motion, random, seconds)


def play(
    script: Script, seed: int, number: int, progress: Progress | None = None
) -> tuple[Heard, float | None]:
    """What a recorder hears while the robot follows a script, and when it fell [s]."""
    assert script.motion in (HUNG if script.hung else GROUND)
    robot, samples, fell_at = StandIn(seed, hung=script.hung), [], None
    robot.reset(number, script.posture, script.target[0])
    for k, target in enumerate(script.target):
        robot.step(target, samples.append)
        if not script.hung and witness(robot).tilt > FALLEN:
            fell_at = round((k + 1) * PERIOD, 6)
            break
        if progress is not None and k % 50 == 0:
            progress(k, len(script.target))
    command = np.repeat(script.target, round(PERIOD / SAMPLE), axis=0)[: len(samples)]
    return heard(command, samples, number, stream(seed, "recorder", number)), fell_at


def facts_of(folder: Path) -> dict[str, Any]:
    """What a bag of ours says about itself; nothing where it is none of ours."""
    try:
        text = (folder / "metadata.yaml").read_text(encoding="utf-8")
        custom = yaml.safe_load(text)["rosbag2_bagfile_information"]["custom_data"]
        return json.loads(custom[KEY])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}
