"""Small recordings in the layouts of the real sets, to be broken one way at a time."""

import json

import pytest

from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec
from hybridsim.log import LogStore
from hybridsim.robot import load_robot

JOINTS = ("Rotation", "Pitch", "Elbow", "Wrist_Pitch", "Wrist_Roll", "Jaw")
ROWS = 20


class Arm:
    """One so101 recording of 20 rows, 20 ms apart: joint k commands 0.1 k + 0.001 row, and lags one row."""

    def __init__(self, root):
        self.root = root / "recordings"
        self.folder = self.root / "wave"
        self.folder.mkdir(parents=True)
        self.joints = list(JOINTS)
        self.control = ["type,timestamp,positions"] + [
            f'CONTROL,{20_000.0 * k},"{self.cell(k)}"' for k in range(ROWS)
        ]
        self.state = ["type,timestamp,positions,velocities,torques"] + [
            f'STATE_MOTOR,{20_000.0 * k},"{self.cell(k - 1)}",'
            '"[0.05, 0, 0, 0, 0, 0]","[0, 0.2, 0, 0, 0, 0.1]"'
            for k in range(ROWS)
        ]

    @staticmethod
    def cell(row):
        return json.dumps([round(0.1 * joint + 0.001 * row, 6) for joint in range(6)])

    def write(self):
        (self.folder / "joint_list.txt").write_text("\n".join(self.joints))
        (self.folder / "control.csv").write_text("\n".join(self.control) + "\n")
        (self.folder / "state_motor.csv").write_text("\n".join(self.state) + "\n")

    def ingest(self, write=True, also=(), **options):
        """Ingest what was written; the report and the logs of the store."""
        if write:
            self.write()
        store = LogStore(self.root.parent / "store")
        report = ingest([self.root, *also], load_spec("so101"), load_robot("so101"), None, store, **options)
        return report, [store.load(log_id) for log_id in store.ids()]

    def log(self, **options):
        """The log of a recording that is not refused."""
        report, logs = self.ingest(**options)
        assert report.refused == ()
        (log,) = logs
        return log

    def refusal(self, **options):
        """Why the recording was refused."""
        report, logs = self.ingest(**options)
        assert logs == [] and report.logs == ()
        (refused,) = report.refused
        assert refused.source == "recordings/wave"
        return refused.reason


class Pendulum:
    """One servo_pendulum recording of 20 rows, 5 ms apart."""

    def __init__(self, root):
        self.root = root / "recordings"
        self.root.mkdir()
        self.document = {
            "mass": 0.49, "length": 0.1, "kp": 100, "vin": 7.4, "motor": "xl330", "trajectory": "sin",
            "entries": [
                {
                    "position": 0.01 * k, "speed": 2.0, "load": 65535 - k, "input_volts": 7.3, "temp": 28,
                    "timestamp": 0.005 * k, "goal_position": 0.02 * k, "torque_enable": k < 10,
                }
                for k in range(ROWS)
            ],
        }  # fmt: skip
        self.path = self.root / "2026-01-15_one.json"

    @property
    def entries(self):
        return self.document["entries"]

    def ingest(self, text=None, robot="xl330_pendulum"):
        self.path.write_text(json.dumps(self.document) if text is None else text)
        store = LogStore(self.root.parent / "store")
        report = ingest([self.root], load_spec("servo_pendulum"), load_robot(robot), None, store)
        return report, [store.load(log_id) for log_id in store.ids()]

    def log(self, text=None):
        report, (log,) = self.ingest(text)
        assert report.refused == ()
        return log

    def refusal(self, text=None, robot="xl330_pendulum"):
        report, logs = self.ingest(text, robot)
        assert logs == []
        (refused,) = report.refused
        assert refused.source == "recordings/2026-01-15_one.json"
        return refused.reason


@pytest.fixture
def arm(tmp_path):
    return Arm(tmp_path)


@pytest.fixture
def pendulum(tmp_path):
    return Pendulum(tmp_path)
