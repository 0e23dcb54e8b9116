"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Of one step, called as progress(done, total)."""
NamedProgress = Callable[[int, int, str], None]
"""Of several, called as progress(done, total, what)."""


def named(progress: NamedProgress | None, what: str) -> Progress | None:
    """Progress of one step out of several."""
    if progress is None:
        return None
    return lambda done, total: progress(done, total, what)
