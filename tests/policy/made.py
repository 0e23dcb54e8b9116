"""Policies that tests share."""

from itertools import pairwise

import numpy as np

from hybridsim.policy import Policy
from hybridsim.policy.contract import CommandRange, PolicyContract
from tests.simulator.made import stance

JOINTS = tuple(f"{leg}_{joint}" for leg in ("LF", "RF", "LH", "RH") for joint in ("HAA", "HFE", "KFE"))


def contract(**changed):
    """ANYmal's, which sees everything that there is."""
    one = (0.25,) * 12
    given = {
        "robot": "anymal_c",
        "task": "walk_flat",
        "control_period_s": 0.02,
        "joints": JOINTS,
        "terms": ("gravity", "angular_velocity", "command", "joint_position", "joint_error", "last_action"),
        "command": tuple(
            CommandRange(name=name, unit="m/s", low=-1, high=1) for name in ("forward", "aside", "turn")
        ),
        "stance": tuple(stance(JOINTS).tolist()),
        "action_scale": one,
        "low": (-2.0,) * 12,
        "high": (2.0,) * 12,
        "hidden": (8,),
    }
    return PolicyContract(**(given | changed))


def policy(scale=0.0, **changed):
    """Random layers of this size; 0 keeps the stance."""
    made, random = contract(**changed), np.random.default_rng(0)
    sizes = made.layer_sizes
    layers = tuple(
        (scale * random.normal(size=(b, a)).astype(np.float32), np.zeros(b, np.float32))
        for a, b in pairwise(sizes)
    )
    gait = None
    if made.gait_period_s is not None:
        gait = random.normal(size=made.tensor_shapes()["gait"]).astype(np.float32)
    return Policy(made, layers, np.zeros(sizes[0], np.float32), np.ones(sizes[0], np.float32), gait)
