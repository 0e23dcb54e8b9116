"""The whole chain on a synthetic arm whose truth is known."""

from hybridsim.demo.chain import Size, demo
from hybridsim.demo.planted import ARM, Planted, Truth

__all__ = ["ARM", "Planted", "Size", "Truth", "demo"]
