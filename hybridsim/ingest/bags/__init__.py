"""Bags of ROS 1 and ROS 2: their messages, whole or damaged, and the numbers in them.

Records are walked by compiled loops of our own and not by rosbags, which needs an index, keeps one in memory,
and spends most of its time on strings; types are rosbags' to read. Both give the same bits, as tests hold.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybridsim.ingest.bags.batch import Bag, Batch, Connection, Damage
    from hybridsim.ingest.bags.open import messages, open_bag, read_columns
    from hybridsim.ingest.bags.plan import Plan, Taken, Wanted

__all__ = [
    "Bag",
    "Batch",
    "Connection",
    "Damage",
    "Plan",
    "Taken",
    "Wanted",
    "messages",
    "open_bag",
    "read_columns",
]
HOMES = {"batch": ("Bag", "Batch", "Connection", "Damage"), "open": ("messages", "open_bag", "read_columns")}


def __getattr__(name: str) -> Any:
    """Import compiled loops, half a second, only where they are asked for."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'; it has {', '.join(__all__)}")
    home = next((home for home, names in HOMES.items() if name in names), "plan")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
