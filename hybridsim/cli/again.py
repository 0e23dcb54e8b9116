"""Over and over until somebody asks to end, as services do."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from hybridsim.errors import HybridSimError

Asked = Callable[[], bool]
NAP = 0.25  # seconds after which somebody who asks is heard


@contextmanager
def heard() -> Iterator[Asked]:
    """Whether SIGTERM or Ctrl-C has come, for work that ends between steps; the second one ends it at once.

    Raises:
        KeyboardInterrupt: at the block's end, where it was Ctrl-C.
    """
    came: list[int] = []

    def note(number: int, _frame: object) -> None:
        came.append(number)
        signal.signal(number, before[number])

    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, note)
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGINT in came:
        raise KeyboardInterrupt


def again(work: Callable[[Asked], None], every_s: float) -> None:
    """Work, rest and work again, until somebody asks to end; an error but the first time's is told on stderr.

    Args:
        work: one round; ends early where what it is given says so.
        every_s: rest between rounds [s].

    Raises:
        HybridSimError: the first round's, where something was mistyped.
        OSError: the same.
        KeyboardInterrupt: ended by Ctrl-C.
    """
    with heard() as asked:
        work(asked)
        while not _rested(every_s, asked):
            try:
                work(asked)
            except (HybridSimError, OSError) as error:
                if asked():
                    return
                said = " ".join(str(error).split())
                typer.echo(f"hybridsim: {said}; tried again in {every_s:g} s", err=True)


def _rested(seconds: float, asked: Asked) -> bool:
    """Whether somebody asked to end before the time was over."""
    until = time.monotonic() + seconds
    while not asked() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, NAP))
    return asked()
