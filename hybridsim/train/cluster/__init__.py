"""Training on a Ray cluster: RLlib's PPO, whose environment runners each step a block of our worlds."""

from hybridsim.train.cluster.engine import Cluster

__all__ = ["Cluster"]
