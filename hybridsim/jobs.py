"""Many independent jobs, one call: processes or threads of this machine, a Ray cluster, or a plain loop."""

from __future__ import annotations

import logging
import os
import reprlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar, cast, get_args

from hybridsim.errors import HybridSimError, JobError, WorkerDied, listed
from hybridsim.progress import Progress

Engine = Literal["loky", "threads", "ray", "serial"]
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_jobs(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    engine: Engine = "loky",
    workers: int | None = None,
    progress: Progress | None = None,
    keep: Callable[[Item, Result], object] | None = None,
) -> list[Result]:
    """Apply a function to every item and return the results in the items' order, whatever finishes first.

    Args:
        function: must be importable by a worker (or a closure that cloudpickle can carry); takes one item.
        items: each is copied to its worker, so pass paths or ids rather than long recordings.
        engine: `serial` runs here and is the easiest to debug; `threads` is for compiled work that lets go
            of Python's lock, which processes would have to load or compile once each; `ray` needs
            `hybridsim[cluster]`.
        workers: how many at once; None means one a core. One worker runs in this process.
        progress: called in this process as progress(done, total) after each result.
        keep: called in this process as keep(item, result) after each result, in the items' order, so that who
            is killed later loses none of those.

    Raises:
        HybridSimError: an item's own error, its name put in front; no partial results but what was kept.
        JobError: unknown engine, missing package, or a worker that died.
    """
    work = list(items)
    if engine not in get_args(Engine):
        raise JobError(f"jobs: engine '{engine}'; expected one of {listed(get_args(Engine))}")
    if workers is not None and workers < 1:
        raise JobError(f"jobs: {workers} workers; expected at least 1")
    at_once = min(workers or os.cpu_count() or 1, max(len(work), 1))
    if engine == "ray":
        stream = _ray(function, work, at_once)
    elif engine == "serial" or at_once == 1:
        stream = (_run(function, item) for item in work)
    elif engine == "threads":
        stream = _threads(function, work, at_once)
    else:
        stream = _joblib(function, work, at_once)
    results = []
    for result in stream:
        if keep is not None:
            keep(work[len(results)], result)
        results.append(result)
        if progress is not None:
            progress(len(results), len(work))
    return results


def apart(function: Callable[[Item], Result], item: Item) -> Result:
    """Run one job in a process of its own, and only that job is lost where the process dies.

    Raises:
        HybridSimError: the item's own error.
        WorkerDied: the process died.
    """
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = ProcessPoolExecutor(max_workers=1)
    try:
        with _deaf_to_interrupts():
            job = pool.submit(_run, function, item)
        return job.result()
    except TerminatedWorkerError as error:
        raise WorkerDied(f"{item_name(item)}: its process died, most often for lack of memory") from error
    finally:
        pool.shutdown(kill_workers=True)


@contextmanager
def alongside(function: Callable[[Item], object], item: Item) -> Iterator[None]:
    """Run one job in a process of its own beside the block, whose end waits for it; an exception kills it.

    For work that only spares others time, such as compiling: its errors are not raised.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(max_workers=1)
    try:
        with _deaf_to_interrupts():
            job = pool.submit(function, item)
        yield
        job.exception()
    finally:
        pool.shutdown(kill_workers=True)


def item_name(item: object) -> str:
    """What an error message calls an item: its `log_id` or `name` where it has one, else a short repr."""
    for attribute in ("log_id", "name"):
        value = getattr(item, attribute, None)
        if isinstance(value, str) and value:
            return value
    return str(item) if isinstance(item, (str, int, os.PathLike)) else reprlib.repr(item)


def _run(function: Callable[[Item], Result], item: Item) -> Result:
    """Run one job; its error says which item it was."""
    try:
        return function(item)
    except HybridSimError as error:
        name = item_name(item)
        if name in str(error):
            raise
        raise type(error)(f"{name}: {error}") from error
    except Exception as error:  # a mistake of ours: keep the traceback, add the name
        error.add_note(f"while working on {item_name(item)}")
        raise


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started in the block never hear Ctrl-C, which a terminal sends to all: the parent ends them.

    The parent hears what came meanwhile at the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # here, because the start of Python's tracker of semaphores lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _threads(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    # Not joblib's threads, which are looked at every 10 ms: a search has hundreds of short calls.
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(partial(_run, function), items)
    finally:
        pool.shutdown(cancel_futures=True)


def _joblib(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    # max_nbytes=None: joblib would hand big arrays over as read-only memory maps, which numba compiles anew.
    pool = Parallel(n_jobs=workers, return_as="generator", max_nbytes=None)
    try:
        with _deaf_to_interrupts():  # the call starts the workers
            results = cast(Iterator[Result], pool(delayed(_run)(function, item) for item in items))
        yield from results
    except TerminatedWorkerError as error:
        raise WorkerDied(
            f"jobs: a worker process died, most often for lack of memory; try fewer than {workers} workers"
        ) from error


def connected_ray() -> Any:
    """The package ray, connected to the cluster that RAY_ADDRESS names, else to one that starts here."""
    import ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    return ray


def _ray(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    try:
        ray = connected_ray()
        from ray.exceptions import OutOfMemoryError, RayTaskError, WorkerCrashedError
    except ImportError as error:
        raise JobError(
            "jobs: engine 'ray' needs the package ray, which is not installed; "
            "run pip install 'hybridsim[cluster]', or use --engine loky"
        ) from error
    remote: Any = ray.remote(_run)
    queue = iter(items)
    running = [remote.remote(function, item) for item in islice(queue, workers)]
    while running:
        try:
            result = cast(Any, ray.get(running.pop(0)))
        except (WorkerCrashedError, OutOfMemoryError) as error:
            raise WorkerDied(
                "jobs: a worker of the Ray cluster died, most often for lack of memory"
            ) from error
        except RayTaskError as error:
            for left in running:
                ray.cancel(left)
            raise error.cause from None
        running.extend(remote.remote(function, item) for item in islice(queue, 1))
        yield result
