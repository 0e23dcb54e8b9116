"""Reference motions: clips, tables and logs, brought to a robot by the names of joints."""

from hybridsim.motion.model import Motion
from hybridsim.motion.read import read_motion
from hybridsim.motion.reference import Reference, reference_of
from hybridsim.motion.retarget import Retarget, map_of, retargeted, robot_for

__all__ = [
    "Motion",
    "Reference",
    "Retarget",
    "map_of",
    "read_motion",
    "reference_of",
    "retargeted",
    "robot_for",
]
