"""Training of policies in the hybrid simulator."""

from hybridsim.train.run import Trained, train
from hybridsim.train.settings import Settings

__all__ = ["Settings", "Trained", "train"]
