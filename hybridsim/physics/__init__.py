"""Rigid bodies: URDFs read safely, PyBullet worlds with its traps disarmed, and a fast dynamics kernel."""

import os


def _import_quietly() -> None:
    """Import pybullet without the line that it prints on stderr: a command's stderr is for its user."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        import pybullet  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


_import_quietly()
