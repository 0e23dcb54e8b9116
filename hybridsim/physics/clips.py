"""Motion clips that the pybullet package carries."""

from __future__ import annotations

from pathlib import Path

import pybullet_data


def clips() -> dict[str, Path]:
    """Their files by name, such as `laikago_walk` and `humanoid3d_run`."""
    folder = Path(pybullet_data.getDataPath()) / "data" / "motions"
    return {path.stem: path for path in sorted(folder.rglob("*.txt"))}
