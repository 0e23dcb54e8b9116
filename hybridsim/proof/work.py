"""The jobs of a proof: train a policy, play it, ask simulators about it; each remembered once it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridsim.envs.tasks import task_of
from hybridsim.envs.worlds import Origin, load
from hybridsim.files import write_text
from hybridsim.policy import Pilot, Policy
from hybridsim.proof.simulated import simulated
from hybridsim.standin.run import run
from hybridsim.train import train
from hybridsim.train.checkpoint import STATE, load_state
from hybridsim.train.run import BEST, KEPT
from hybridsim.train.settings import Settings

PLAYED = "played.json"
SIMULATORS = ("nominal", "identified", "hybrid")


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training in a folder of its own; goes on where it was killed."""

    way: str
    settings: Settings
    out: Path

    def __str__(self) -> str:
        return f"training {self.way} {self.settings.seed}"


def trained(job: Training) -> float:
    """Do it; the seconds it took, 0 where it was done."""
    there = (job.out / STATE).is_file()
    if there and load_state(job.out).rollouts * job.settings.rollout_steps >= job.settings.steps:
        return 0.0
    return train(job.settings, job.out, resume=there).seconds


def checkpoints(training: Training) -> list[Path]:
    """The policies that it kept, in order."""
    return sorted((training.out / KEPT).iterdir(), key=lambda path: int(path.name))


def best_of(training: Training) -> int:
    """Which of them its own evaluation liked best."""
    steps = Policy.load(training.out / BEST).contract.lineage.steps
    return [int(path.name) for path in checkpoints(training)].index(steps)


@dataclass(frozen=True, kw_only=True)
class Playing:
    """A policy that plays on the stand-in and in every simulator."""

    policy: Path
    calibration: Path
    seed: int
    episodes: int

    def __str__(self) -> str:
        return f"playing {self.policy.parent.parent.name} {self.policy.name}"

    @property
    def facts(self) -> dict[str, Any]:
        """What a remembered result has to have been made with."""
        return {
            "sha256": Policy.load(self.policy).contract.sha256,
            "calibration": self.calibration.name,
            "seed": self.seed,
            "episodes": self.episodes,
        }


def played(job: Playing) -> dict[str, Any]:
    """Returns, speed errors and falls on the stand-in, and the returns that simulators tell."""
    memory = job.policy / PLAYED
    facts = job.facts
    if memory.is_file():
        found = json.loads(memory.read_text(encoding="utf-8"))
        if {name: found.get(name) for name in facts} == facts:
            return found
    policy = Policy.load(job.policy)
    found = {**facts, "standin": on_standin(policy, job), "simulated": in_simulators(policy, job)}
    write_text(memory, json.dumps(found, indent=1) + "\n")
    return found


def on_standin(policy: Policy, job: Playing) -> dict[str, list[float]]:
    """One number an episode."""
    episodes = run(Pilot(policy), job.seed, job.episodes).episodes
    return {
        "return": [one.returned for one in episodes],
        "speed_error": [one.speed_error for one in episodes],
        "falls": [one.fell for one in episodes],
    }


def in_simulators(
    policy: Policy, job: Playing, variants: Sequence[str] = SIMULATORS
) -> dict[str, list[float]]:
    """Returns by variant, one an episode."""
    robot = task_of(policy.contract.task).robot
    found = {}
    for variant in variants:
        source = load(Origin(calibration=job.calibration, variant=variant), robot)
        found[variant] = simulated(policy, source, job.seed, job.episodes).tolist()
    return found
