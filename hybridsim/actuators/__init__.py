"""Drives: from a command to an effort or a motion, analytic first."""

from hybridsim.actuators.batch import Drives
from hybridsim.actuators.loop import loop_of
from hybridsim.actuators.parameters import DRIVE_PARAMETERS, drive_defaults, drive_matrix, offered

__all__ = ["DRIVE_PARAMETERS", "Drives", "drive_defaults", "drive_matrix", "loop_of", "offered"]
