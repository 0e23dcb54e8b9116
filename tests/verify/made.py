"""A policy for the pendulum that needs no training, and batteries for it."""

import numpy as np

from hybridsim.envs.tasks import task_of
from hybridsim.policy import Policy
from hybridsim.robot import load_robot


def swing_policy(folder, gain=1.0, **changed):
    """Sends the goal as the drive's target; `gain` 0 lets the pendulum hang."""
    task = task_of("swing").make(load_robot("xl330_pendulum"), {})
    contract = task.contract.model_copy(update={"hidden": (), **changed})
    weight = np.zeros((1, contract.observation_size))
    weight[0, 0] = gain / contract.action_scale[0]
    size = contract.observation_size
    return Policy(contract, ((weight, np.zeros(1)),), np.zeros(size), np.ones(size)).save(folder)


def standing_policy(folder):
    """ANYmal keeps its stance, whatever it is told."""
    task = task_of("walk_flat").make(load_robot("anymal_c"), {"prior": False})
    contract = task.contract.model_copy(update={"hidden": ()})
    size = contract.observation_size
    layer = (np.zeros((12, size)), np.zeros(12))
    return Policy(contract, (layer,), np.zeros(size), np.ones(size)).save(folder)


def battery(folder, scenarios, top="", passing="most_failures = 0.2"):
    """A file of episodes of 1 s; one fails where the pendulum is 0.7 rad off on the mean."""
    text = 'schema = 1\nname = "small"\nepisode_s = 1.0\nepisodes = 60\nbatch = 10\n' + top
    text += f"\n[episode]\nmost_angle_error_rad = 0.7\n[pass]\n{passing}\n{scenarios}"
    path = folder / "battery.toml"
    path.write_text(text)
    return path
