"""A study: what to identify and learn, within which bounds, from which share of the logs, at what cost."""

from hybridsim.study.contact import ContactRule
from hybridsim.study.drive import DriveRule
from hybridsim.study.effort import EFFORT_SIGNALS, EffortRule
from hybridsim.study.load import load_study, parse_study
from hybridsim.study.model import Study
from hybridsim.study.sections import (
    BlackBox,
    Identify,
    Learn,
    ParameterRule,
    Quick,
    Simulation,
    SplitRule,
)
from hybridsim.study.selection import Selection
from hybridsim.study.split import Split, split_logs

__all__ = [
    "EFFORT_SIGNALS",
    "BlackBox",
    "ContactRule",
    "DriveRule",
    "EffortRule",
    "Identify",
    "Learn",
    "ParameterRule",
    "Quick",
    "Selection",
    "Simulation",
    "Split",
    "SplitRule",
    "Study",
    "load_study",
    "parse_study",
    "split_logs",
]
