"""One log as it was read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.sensing.frames import Placed
from hybridsim.sensing.model import Stated


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """One log as it was read: by the full model, by the plain one, and drawn; drawn codes are uncut.

    `steps` are those of the codes, 0 where there are none.
    """

    place: Placed
    stated: Stated
    plain: Stated
    drawn: Float[np.ndarray, "row 6"]
    steps: Float[np.ndarray, "6"]
