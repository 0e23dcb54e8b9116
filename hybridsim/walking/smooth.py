"""Getting from here to there without a jerk."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def smooth_step(time: Float[np.ndarray, "*time"], duration: float) -> Float[np.ndarray, "*time"]:
    """0 to 1 with the least jerk; its peak speed is 1.875 / duration.

    Source: Flash and Hogan 1985, "The coordination of arm movements".
    """
    share = np.clip(time / max(duration, 1e-9), 0.0, 1.0)
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
