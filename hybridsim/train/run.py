"""A training from its settings to a policy: rollouts, updates, checkpoints, evaluations.

Between two checkpoints nothing but the weights, the optimiser and a few numbers goes on: worlds and random
numbers begin anew from the seed and the checkpoint's number. So what was killed goes on bit for bit as if
nothing had happened.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hybridsim.envs.judge import judge
from hybridsim.envs.tasks import task_of
from hybridsim.envs.worlds import Size, Source, load
from hybridsim.errors import PolicyError
from hybridsim.files import write_text
from hybridsim.policy import Policy
from hybridsim.progress import NamedProgress
from hybridsim.train.checkpoint import STATE, State, load_state, load_tensors, save
from hybridsim.train.curriculum import FIRST_LEVEL, raised
from hybridsim.train.learned import lineage_of, policy_of
from hybridsim.train.learner import Learner, Told
from hybridsim.train.ppo import Local
from hybridsim.train.settings import Settings
from hybridsim.train.worlds import origin_of, worlds_of

BEST, LAST, KEPT = "best", "last", "kept"
"""Folders of the two policies, and of those of all checkpoints where they are kept."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training leaves.

    Attributes:
        folder: with `best/`, `last/`, TensorBoard's files and the checkpoint.
        history: an evaluation a checkpoint.
        seconds: it took, this time.
    """

    folder: Path
    history: list[dict[str, float]]
    seconds: float

    @property
    def best(self) -> Path:
        """Folder of the best policy."""
        return self.folder / BEST

    def __str__(self) -> str:
        top = max(self.history, key=lambda row: row["return"])
        words = ", ".join(f"{name} {value:.3g}" for name, value in top.items() if name != "steps")
        return f"best after {top['steps']:.0f} steps: {words}\npolicy: {self.best}\ntook {self.seconds:.0f} s"


def train(
    settings: Settings, out: Path, *, resume: bool = False, progress: NamedProgress | None = None
) -> Trained:
    """Train a policy.

    Args:
        settings: of the training; with `resume` those of the folder count.
        out: folder, made here; one that holds a training is refused without `resume`.
        resume: go on where a training in `out` stopped.
        progress: called as progress(steps done, steps, what).

    Raises:
        PolicyError: `out` holds a training, or none to go on with.
        SimulationError: an observation or a reward is not finite; the last checkpoint stays.
        WorkerDied: so have all workers of a cluster, and the last checkpoint stays.
    """
    start = time.perf_counter()
    state = _state(settings, out, resume)
    torch.set_num_threads(state.settings.threads)
    source = load(origin_of(state.settings), task_of(state.settings.task).robot)
    run = Run(state, out, source, progress)
    try:
        while run.learner.done < state.settings.steps:
            run.stretch()
    finally:
        run.close()
    return Trained(folder=out, history=state.history, seconds=time.perf_counter() - start)


def _state(settings: Settings, out: Path, resume: bool) -> State:
    """Of a new training, or of the one in the folder, which may go on with another number of workers."""
    if resume:
        state = load_state(out)
        if settings.engine != state.settings.engine:
            raise PolicyError(
                f"{out}: holds a training of engine '{state.settings.engine}'; go on with --engine"
                f" {state.settings.engine}, given was {settings.engine}"
            )
        workers = settings.workers or state.settings.workers
        state.settings = state.settings.model_copy(update={"workers": workers})
        return state
    if (out / STATE).exists():
        raise PolicyError(f"{out}: holds a training already; go on with --resume, or choose another folder")
    return State(settings=settings, level=FIRST_LEVEL if settings.curriculum else 1.0)


def engine_of(settings: Settings, source: Source, told: Told, folder: Path) -> Learner:
    """What does the rollouts and updates."""
    if settings.engine == "local":
        return Local(settings, source, told, folder)
    try:
        from hybridsim.train.cluster import Cluster
    except ModuleNotFoundError as error:
        raise PolicyError(
            f"train: engine 'ray' needs the package {str(error.name).split('.')[0]}, which is not installed;"
            " run pip install 'hybridsim[training,cluster]', or leave out --engine ray"
        ) from error
    return Cluster(settings, source, told, folder)


class Run:
    """The steps of a training."""

    def __init__(self, state: State, out: Path, source: Source, progress: NamedProgress | None) -> None:
        """Build worlds and learner, and go on where the state is."""
        self.state, self._out, self._source, self._progress = state, out, source, progress
        s = state.settings
        self._judged = worlds_of(s, source, Size(worlds=s.judged, blocks=min(s.blocks, s.judged)))
        self._require_sources()
        self.learner = engine_of(s, source, self._told, out / "tensorboard")
        if state.rollouts:
            self.learner.put_tensors(load_tensors(out, state, self.learner.tensors()))
            self.learner.resume(state.done, state.updates)

    def _require_sources(self) -> None:
        """Remember which files the task was made from, or refuse others than the training began with."""
        found, known = dict(self._judged.blocks[0].task.sources), self.state.sources
        if self.state.rollouts and known != found:
            other = [name for name in {**known, **found} if known.get(name) != found.get(name)]
            self._judged.close()
            raise PolicyError(
                f"{self._out}: began with another {other[0]} (sha256 {known.get(other[0], 'none')[:12]});"
                f" it is {found.get(other[0], 'none')[:12]} now: bring it back, or begin in another folder"
            )
        self.state.sources = found

    def stretch(self) -> None:
        """Rollouts up to the next checkpoint, an evaluation, the checkpoint."""
        state, s = self.state, self.state.settings
        seed = int(np.random.SeedSequence([s.seed, state.rollouts]).generate_state(1)[0] % 2**31)
        rollouts = min(s.rollouts_between, -(-(s.steps - state.done) // s.rollout_steps))
        self.learner.learn(rollouts * s.rollout_steps, seed=seed, level=state.level)
        state.rollouts += rollouts
        state.missed = state.rollouts * s.rollout_steps - self.learner.done
        state.updates = self.learner.updates
        self._keep()

    def _told(self, done: int) -> None:
        """After every rollout."""
        if self._progress is not None:
            last = self.state.history[-1] if self.state.history else {}
            words = ", ".join(f"{name} {last[name]:.3g}" for name in ("return", "falls") if name in last)
            self._progress(min(done, self.state.settings.steps), self.state.settings.steps, words)

    def _keep(self) -> None:
        """Judge the policy, keep it where it is the best so far, and write the checkpoint."""
        state, s = self.state, self.state.settings
        policy = self.policy()
        verdict = judge(policy, self._judged, s.seed)
        state.history.append({"steps": float(self.learner.done), **verdict.numbers()})
        policy.save(self._out / LAST)
        if s.keep:
            policy.save(self._out / KEPT / str(self.learner.done))
        if state.best is None or verdict.score > state.best:
            state.best = verdict.score
            policy.save(self._out / BEST)
            write_text(self._out / BEST / "evaluation.json", json.dumps(verdict.numbers(), indent=1) + "\n")
        if s.curriculum:
            state.level = raised(state.level, verdict, self._judged)
        save(self._out, state, self.learner.tensors())

    def policy(self) -> Policy:
        """What has been learned so far."""
        found, s = self._source.calibration, self.state.settings
        synthetic = found is not None and found.record.synthetic
        task, id_ = self._judged.blocks[0].task, found.id if found else None
        lineage = lineage_of(s, self.learner.done, synthetic, id_, task.sources)
        return policy_of(self.learner.layers(), task, lineage)

    def close(self) -> None:
        """Free the worlds."""
        self.learner.close()
        self._judged.close()
