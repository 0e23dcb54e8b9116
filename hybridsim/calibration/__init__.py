"""The artefact that a study produces: parameters, networks, intervals and where all of it came from."""

from hybridsim.calibration.artefact import Calibration
from hybridsim.calibration.baselines import Baselines, BlackBoxEntry, SealedBlackBox
from hybridsim.calibration.findings import Findings
from hybridsim.calibration.locate import locate
from hybridsim.calibration.parts import Gate, Intervals, Lineage, LoggedEvidence, SimulationSettings
from hybridsim.calibration.record import CalibrationRecord
from hybridsim.calibration.tables import Table, TableContract
from hybridsim.calibration.variation import Variation

__all__ = [
    "Baselines",
    "BlackBoxEntry",
    "Calibration",
    "CalibrationRecord",
    "Findings",
    "Gate",
    "Intervals",
    "Lineage",
    "LoggedEvidence",
    "SealedBlackBox",
    "SimulationSettings",
    "Table",
    "TableContract",
    "Variation",
    "locate",
]
