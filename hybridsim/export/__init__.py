"""Logs out again, in formats that other tools read: ROS 2 messages in MCAP, and LeRobot datasets."""

from hybridsim.export.bags import to_mcap
from hybridsim.export.lerobot import to_lerobot
from hybridsim.export.outcome import Exported, ExportReport, Refused

__all__ = ["ExportReport", "Exported", "Refused", "to_lerobot", "to_mcap"]
