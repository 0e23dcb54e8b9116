"""The artefact that a study produces: parameters, networks, intervals and where all of it came from."""

from hybridsim.calibration.artefact import Calibration
from hybridsim.calibration.locate import locate
from hybridsim.calibration.parts import Gate, Intervals, Lineage, LoggedEvidence, SimulationSettings
from hybridsim.calibration.record import CalibrationRecord

__all__ = [
    "Calibration",
    "CalibrationRecord",
    "Gate",
    "Intervals",
    "Lineage",
    "LoggedEvidence",
    "SimulationSettings",
    "locate",
]
