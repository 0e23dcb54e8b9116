"""Progress on stderr, as the plain callback that the implementation takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str) -> Iterator[Callable[..., None]]:
    """A bar that appears with the first report and goes when the command ends.

    Yields:
        report(done, total, note=""): the note says what is being worked on.
        Where stderr is no terminal, nothing is drawn.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = None

        def report(done: float, total: float, note: object = "") -> None:
            nonlocal task
            words = f"{what}: {note}" if note else what
            if task is None:
                task = bar.add_task(words, total=total)
            bar.update(task, description=words, completed=done, total=total)  # pyright: ignore[reportArgumentType]

        yield report
