"""What is in a robot, a log, a store or a recording, and what looks wrong with it."""

from hybridsim.ingest.inspect.look import inspect_path
from hybridsim.ingest.inspect.sheet import Grid, Sheet

__all__ = ["Grid", "Sheet", "inspect_path"]
