"""Controllers and bags of a stand-in, made small. Synthetic."""

import numpy as np

from hybridsim.standin.stance import stance, standing_target


class Standing:
    """Stays where it is, and remembers what it was asked for."""

    def __init__(self):
        self.resets, self.asked, self.heard = 0, [], []
        self.target = standing_target(stance())

    def reset(self):
        self.resets += 1

    def __call__(self, signals, command):
        self.asked.append(command)
        self.heard.append(signals)
        return self.target


class Limp(Standing):
    """Lets every joint go."""

    def __call__(self, signals, command):
        return signals["joint_position"][0]


def same(one, other):
    """Whether two sets of signals are the same to the bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
