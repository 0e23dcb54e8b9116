"""From logs to a calibration: identify, replay, learn, judge, score, save."""

from hybridsim.calibrate.chain import calibrate
from hybridsim.calibrate.steps import IdentifiedSimulator, select_parameters

__all__ = ["IdentifiedSimulator", "calibrate", "select_parameters"]
