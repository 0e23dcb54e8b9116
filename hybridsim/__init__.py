"""hybridsim: a robot simulator that is right about your robot.

`import hybridsim` loads no heavy library; `hybridsim.HybridSim` is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hybridsim.errors import HybridSimError

if TYPE_CHECKING:
    from hybridsim.simulator import HybridSim

__version__ = "0.1.0"
__all__ = ["HybridSim", "HybridSimError", "__version__"]


def __getattr__(name: str) -> object:
    """Import the simulator, and with it PyBullet, only when somebody asks for it."""
    if name == "HybridSim":
        from hybridsim.simulator import HybridSim

        return HybridSim
    raise AttributeError(f"module 'hybridsim' has no attribute '{name}'; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    """Public names, the lazy one included."""
    return sorted(__all__)
