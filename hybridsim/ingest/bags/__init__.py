"""Bags of ROS 1 and ROS 2: their messages, whole or damaged, and the numbers in them.

Records are walked by compiled loops of our own and not by rosbags, which needs an index, keeps one in memory,
and spends most of its time on strings; types are rosbags' to read. Both give the same bits, as tests hold.
"""

from hybridsim.ingest.bags.batch import Bag, Batch, Connection, Damage
from hybridsim.ingest.bags.open import messages, open_bag
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
]
