"""Some episodes of one scenario: what a worker is sent, does, and sends back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.envs.block import Block, Span, spans
from hybridsim.envs.judge import judge
from hybridsim.envs.render import RATE, Camera, write_video
from hybridsim.envs.task import Task
from hybridsim.envs.tasks import task_of
from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.envs.worlds import Origin, Source, load
from hybridsim.policy import Policy
from hybridsim.verify.battery import Scenario
from hybridsim.verify.criteria import slug
from hybridsim.verify.fit import adopt, parameters_of
from hybridsim.verify.imposed import Drawn, Imposed, drawn
from hybridsim.verify.payload import loaded


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is verified, in words that a worker can load.

    Attributes:
        policy: folder.
        calibration: folder or name; None for nominal values.
        variant: of the simulator.
        options: of the task.
    """

    policy: str
    calibration: str | None
    variant: str
    options: tuple[tuple[str, Any], ...]


class Loaded(NamedTuple):
    """The same, loaded."""

    policy: Policy
    source: Source

    def task(self, options: Mapping[str, Any]) -> Task:
        """Another task object; each block has its own."""
        known = task_of(self.policy.contract.task)
        return adopt(known.make(self.source.robot, options), self.policy)


@lru_cache(maxsize=4)
def load_subject(subject: Subject) -> Loaded:
    """Once in each process.

    Raises:
        PolicyError: the policy is damaged.
        CalibrationError: the calibration is.
        SimulationError: the calibration is of another robot.
    """
    policy = Policy.load(subject.policy)
    origin = Origin(calibration=subject.calibration, variant=subject.variant)
    return Loaded(policy, load(origin, task_of(policy.contract.task).robot))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Episodes that are run together.

    Attributes:
        subject: what is verified.
        scenario: with a search's choice among its disturbances.
        seed: of the verification, or of a part of it.
        first: number of the first episode.
        count: of episodes.
        own: parameters by name that a search for the worst draw chose [their units].
        film: number of an episode that is to be filmed; None for none.
        path: of the film.
    """

    subject: Subject
    scenario: Scenario
    seed: int
    first: int
    count: int
    own: Mapping[str, float] = field(default_factory=dict)
    film: int | None = None
    path: Path | None = None

    @property
    def name(self) -> str:
        """For errors."""
        return f"scenario '{self.scenario.name}', episodes {self.first} to {self.first + self.count - 1}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How episodes went.

    Attributes:
        columns: by measure: `falls`, `return`, `seconds`, and the task's with their units.
        drawn: what each went through.
    """

    columns: Mapping[str, Float[np.ndarray, " episode"]]
    drawn: tuple[Mapping[str, float], ...]


def run_batch(batch: Batch) -> Outcome:
    """Run the episodes, and film one where asked; the same batch always gives the same bits.

    Raises:
        SimulationError: a state, observation or reward is not finite.
    """
    subject, options = load_subject(batch.subject), dict(batch.subject.options)
    rows = rows_of(batch, subject, options)
    envs = HybridVectorEnv(blocks_of(batch, subject, options, rows))
    film = None if batch.film is None else Film(envs, batch.film - batch.first)
    try:
        verdict = judge(subject.policy, envs, batch.seed, None if film is None else film.look)
    finally:
        envs.close()
    if film is not None and batch.path is not None and any(np.ptp(image) for image in film.images):
        write_video(batch.path, film.images)  # of robots that have shapes to be seen
    measures = {slug(name): values for name, values in verdict.measures.items()}
    columns = {"falls": verdict.fell, "return": verdict.returns, "seconds": verdict.seconds, **measures}
    return Outcome(columns=columns, drawn=tuple(row.disturbances for row in rows))


def rows_of(batch: Batch, subject: Loaded, options: Mapping[str, Any]) -> list[Drawn]:
    """What each episode goes through."""
    numbers = range(batch.first, batch.first + batch.count)
    names, seconds = parameters_of(subject.source), float(options["episode_s"])
    found = [drawn(batch.scenario, names, seconds, batch.seed, n) for n in numbers]
    return [replace(row, values={**batch.own, **row.values}) for row in found]


def blocks_of(batch: Batch, subject: Loaded, options: Mapping[str, Any], rows: list[Drawn]) -> list[Block]:
    """As many as an ensemble has members; one a world where fixed robots carry payloads of their own."""
    source, found = subject.source, []
    alone = source.robot.urdf.base == "fixed" and "payload_kg" in batch.scenario.disturbances
    members = max((one.contract.ensemble for one in source.networks.values()), default=1)
    count = batch.count if alone else min(members, batch.count)
    for n, span in enumerate(spans(batch.count, count)):
        task = subject.task(options)
        mine = rows[span.first : span.first + span.count]
        used, constants = source, task.constants
        if alone:
            mass = mine[0].disturbances["payload_kg"]
            used, constants = loaded(source, task.constants, batch.scenario, mass)
        worlds = used.worlds(task.settings, constants, n)
        place = Span(first=batch.first + span.first, count=span.count)
        imposed = Imposed(used, task, batch.scenario, mine)
        found.append(Block(task, worlds, place, batch.seed, used.draws, imposed))
    return found


class Film:
    """Pictures of one world up to its episode's end."""

    def __init__(self, envs: HybridVectorEnv, world: int) -> None:
        """Of this world, by its place among all."""
        ends = np.cumsum([block.span.count for block in envs.blocks])
        block = int(np.searchsorted(ends, world, side="right"))
        self._block, self._row = envs.blocks[block], world - int(ends[block] - envs.blocks[block].span.count)
        self._world, self._step = world, 0
        period = self._block.task.contract.control_period_s
        self._every = max(1, round(1.0 / (RATE * period)))
        self._camera: Camera | None = None
        self.images: list[np.ndarray] = []

    def look(self, running: Bool[np.ndarray, " world"]) -> None:
        """Take a picture where it is time for one."""
        if self._camera is None:
            self._camera = Camera(self._block.sim, self._row)
        if running[self._world] and self._step % self._every == 0:
            self.images.append(self._camera.image())
        self._step += 1
