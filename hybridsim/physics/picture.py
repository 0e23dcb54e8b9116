"""A picture of one world by PyBullet's CPU renderer."""

from __future__ import annotations

import numpy as np
import pybullet
from jaxtyping import UInt8

from hybridsim.physics.client import Client

FIELD_OF_VIEW, NEAR, FAR = 55.0, 0.05, 30.0
"""Of the camera [deg, m, m]."""


def picture(client: Client, width: int, height: int) -> UInt8[np.ndarray, "row column 3"]:
    """The robot from aside and a little above, as far away as it is large."""
    lows, highs = zip(
        *(pybullet.getAABB(client.body, k, physicsClientId=client.id) for k in (-1, *client.indices)),
        strict=True,
    )
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    distance = 1.6 * float(np.linalg.norm(high - low))
    view = pybullet.computeViewMatrixFromYawPitchRoll(
        (0.5 * (low + high)).tolist(), distance, 30.0, -20.0, 0.0, 2
    )
    lens = pybullet.computeProjectionMatrixFOV(FIELD_OF_VIEW, width / height, NEAR, FAR)
    _, _, colours, _, _ = pybullet.getCameraImage(
        width,
        height,
        view,
        lens,
        renderer=pybullet.ER_TINY_RENDERER,
        physicsClientId=client.id,
    )
    return np.asarray(colours, np.uint8).reshape(height, width, 4)[:, :, :3]
