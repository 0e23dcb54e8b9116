"""A small calibration with one network, and ways to damage it on disk."""

import hashlib
import json

import pytest

from hybridsim.calibration import Calibration, Findings, Gate, Lineage, LoggedEvidence, SimulationSettings
from hybridsim.calibration.record import content_id
from hybridsim.errors import CalibrationError
from hybridsim.parameters import Parameter
from tests.networks.planted import random_networks

STUDY = 'schema = 1\nrobot = "so101"\n# Größe, "quoted" \\ and\ttab\n'


def lineage(**changes):
    fields = {
        "logs": (
            LoggedEvidence(log_id="a" * 16, sha256="a" * 64, name="wave", split="train"),
            LoggedEvidence(log_id="b" * 16, sha256="b" * 64, name="bow", split="validation"),
        ),
        "code_version": "0.1.0",
        "seed": 3,
        "study": STUDY,
        "study_sha256": hashlib.sha256(STUDY.encode()).hexdigest(),
    }
    return Lineage(**(fields | changes))


def made(**changes):
    """A calibration of two drives; any field may be another."""
    fields = {
        "robot": "so101",
        "serial": "left-arm",
        "synthetic": True,
        "simulation": SimulationSettings(physics_timestep_s=0.005, plane=True),
        "parameters": [
            Parameter(
                name=f"drive.{joint}.delay",
                value=0.1 / 3,
                unit="s",
                low=0,
                high=1,
                interval_95=(0.02, 0.05),
                source="bench",
            )
            for joint in ("pan", "lift")
        ],
        "lineage": lineage(),
        "gates": {
            "joint_position": Gate(
                ships=True, unit="rad", mean_difference=-1e-3, interval_95=(-2e-3, -5e-4), reason="helps"
            )
        },
        "intervals": {"joint_position": {"pan": {"multipliers": (1.0, 2.5), "sigma": (1e-3, 0.0)}}},
        "networks": [random_networks(hidden=(5,), ensemble=2)],
    }
    return Calibration.create(Findings(**(fields | changes)))


def edited(folder, edit, resealed=True):
    """Change calibration.json as somebody would who also corrects its id."""
    path = folder / "calibration.json"
    data = json.loads(path.read_text())
    data = edit(data) or data
    if resealed:
        data["id"] = content_id(data)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    return folder.rename(folder.with_name("anywhere"))


def refused(folder, *words):
    """The folder is refused on one line that holds all words."""
    with pytest.raises(CalibrationError) as caught:
        Calibration.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message
    return message
