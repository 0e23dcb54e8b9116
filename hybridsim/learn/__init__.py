"""Residual networks from free-running replays: train, judge, and say how far to trust the result."""
