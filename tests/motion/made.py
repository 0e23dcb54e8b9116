"""Motions that tests make: a swing of a pendulum, and clips of DeepMimic's form (synthetic)."""

import numpy as np

PERIOD = 2.0
"""Of the swing [s]."""


def swing_table(path, frames=41, period=PERIOD):
    """A CSV of one swing of `xl330_pendulum`, 0.6 rad to both sides."""
    time = np.linspace(0.0, period, frames)
    rows = [f"{t:.6f},{0.6 * np.sin(2 * np.pi * t / period):.9f}" for t in time]
    path.write_text("time_s,pendulum_rad\n" + "\n".join(rows) + "\n")
    return path


def going_round(path, robot="xl330_pendulum"):
    """A retargeting file that only says that the clip goes round."""
    path.write_text(f'schema = 1\nrobot = "{robot}"\n[clip]\nloop = true\n')
    return path


def humanoid_frame(duration=0.5, root=(1.0, 2.0, 3.0), chest=(1.0, 0.0, 0.0, 0.0), knee=-0.3):
    """44 numbers: every ball joint at rest but the chest."""
    rest = (1.0, 0.0, 0.0, 0.0)
    numbers = [duration, *root, *rest, *chest, *rest]  # root, chest, neck
    numbers += [*rest, knee, *rest, *rest, 0.4]  # right hip, knee, ankle, shoulder, elbow
    return [*numbers, *rest, 0.0, *rest, *rest, 0.0]


def laikago_frame(duration=0.5, root=(0.0, 0.0, 0.45), turn=(0.0, 0.5**0.5, 0.5**0.5, 0.0)):
    """20 numbers: a crouching Laikago, whose body looks along the world's y."""
    return [duration, *root, *turn, *((0.1, 0.7, -1.3) * 4)]
