"""Batches over all cores, and once more where a worker died."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hybridsim.errors import WorkerDied
from hybridsim.jobs import Engine, map_jobs
from hybridsim.verify.episodes import Batch, Outcome, run_batch


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Who runs batches; what comes out does not depend on it.

    Attributes:
        engine: see `jobs.map_jobs`.
        workers: at once; None for one a core.
        run: what they do with a batch.
    """

    engine: Engine = "loky"
    workers: int | None = None
    run: Callable[[Batch], Outcome] = run_batch

    @property
    def count(self) -> int:
        """Workers at once."""
        return 1 if self.engine == "serial" else self.workers or os.cpu_count() or 1

    def outcomes(self, batches: Sequence[Batch], told: Callable[[int], None] | None = None) -> list[Outcome]:
        """Of all batches, in order; where a worker dies all of them are run once more, on half as many.

        Args:
            batches: to run.
            told: called with the number of those that are done.

        Raises:
            WorkerDied: one died again.
        """

        def progress(done: int, total: int) -> None:
            del total
            if told is not None:
                told(done)

        try:
            return map_jobs(self.run, batches, engine=self.engine, workers=self.workers, progress=progress)
        except WorkerDied:
            fewer = max(2, self.count // 2)
            return map_jobs(self.run, batches, engine=self.engine, workers=fewer, progress=progress)
