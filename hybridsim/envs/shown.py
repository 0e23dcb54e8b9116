"""A reference as pictures: the robot put into its states one after another; nothing is simulated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from hybridsim.envs.imitate import Imitate
from hybridsim.envs.render import RATE, Camera
from hybridsim.envs.worlds import Origin, Size, make_vector


def reference_images(
    robot: str, options: dict[str, object], seconds: float
) -> Iterator[UInt8[np.ndarray, "row column 3"]]:
    """Pictures of a motion, `render.RATE` a second.

    Args:
        robot: name or folder.
        options: of the task `imitate`.
        seconds: how long.
    """
    envs = make_vector("imitate", Origin(robot=robot), size=Size(), options=options | {"table": True})
    task, sim = envs.blocks[0].task, envs.blocks[0].sim
    assert isinstance(task, Imitate)
    camera, still = Camera(sim), np.zeros((1, 4 + len(task.contract.joints)))
    last = 1.0 - 1.0 / task.reference.rows
    for n in range(round(RATE * seconds)):
        turns = n / RATE / task.reference.period_s
        phase = turns % 1.0 if task.contract.gait_loops else min(turns, last)
        task.put(sim, np.zeros(1, np.int64), np.array([phase]), still)
        yield camera.image()
    envs.close()
