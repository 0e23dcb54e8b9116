"""Tasks for learning in the hybrid simulator, as gymnasium's Env and VectorEnv.

`gymnasium.make("hybridsim/walk_flat-v0", calibration=...)` after `import hybridsim.envs`; the ids are the
names in `TASKS`. Many worlds at once: `make_vector`.
"""

import gymnasium

from hybridsim.envs.single import HybridEnv
from hybridsim.envs.tasks import TASKS
from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.envs.worlds import Origin, Size, make_vector

__all__ = ["TASKS", "HybridEnv", "HybridVectorEnv", "Origin", "Size", "make_vector", "register"]


def register() -> None:
    """Tell gymnasium the ids; importing this package does it."""
    for name in TASKS:
        if (key := f"hybridsim/{name}-v0") not in gymnasium.registry:
            gymnasium.register(key, entry_point="hybridsim.envs.single:HybridEnv", kwargs={"task": name})


register()
