"""hybridsim: a robot simulator that is right about your robot.

`import hybridsim` loads no heavy library; `hybridsim.HybridSim` is imported when it is first asked for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hybridsim.errors import HybridSimError

if TYPE_CHECKING:
    from hybridsim.simulator import HybridSim

__version__ = "0.1.0"
KERNELS = (
    "actuators",
    "contacts",
    "identify",
    "ingest/bags",
    "lending.py",
    "networks",
    "passive",
    "physics",
    "sensing",
    "sensors",
    "simulator",
    "walking",
)
"""What holds compiled functions and what those are made of: folders, and a file."""
__all__ = ["HybridSim", "HybridSimError", "__version__"]


def _keep_kernels_fresh() -> None:
    """Let numba cache compiled kernels in a folder named after the sources that they may come from.

    Numba looks only at the file of the function that it caches, not at what that function calls: after a
    change elsewhere it would go on running the old code. $NUMBA_CACHE_DIR, where set, is left alone.
    """
    package = Path(__file__).parent
    patterns = [one if one.endswith(".py") else f"{one}/**/*.py" for one in KERNELS]
    sources = sorted(path for pattern in patterns for path in package.glob(pattern))
    text = b"".join(str(path).encode() + path.read_bytes() for path in sources)
    name = hashlib.sha256(text).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hybridsim" / "kernels"
    try:
        (base / name).mkdir(parents=True, exist_ok=True)
        os.utime(base / name)
        old = sorted(base.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-5]
    except OSError:
        return
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(base / name)


if "NUMBA_CACHE_DIR" not in os.environ:
    _keep_kernels_fresh()


def __getattr__(name: str) -> object:
    """Import the simulator, and with it PyBullet, only when somebody asks for it."""
    if name == "HybridSim":
        from hybridsim.simulator import HybridSim

        return HybridSim
    raise AttributeError(f"module 'hybridsim' has no attribute '{name}'; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    """Public names, the lazy one included."""
    return sorted(__all__)
