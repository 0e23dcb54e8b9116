"""Replay: a log's commands in, the simulator's predicted log out."""

from hybridsim.replay.record import Replay, WindowError

__all__ = ["Replay", "WindowError"]
