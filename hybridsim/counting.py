"""A zero that compiled functions count from."""

from __future__ import annotations

from typing import cast

import numpy as np

ZERO = cast(int, np.int64(0))
"""A plain 0 is a type of its own to numba: every function that a counter reaches is compiled twice."""
