"""A leg of four joints with its robot.toml, an ingest.toml made of a few words, and a store.

lab = Lab(tmp_path)
log = lab.log(lab.bag(joint_states(), "mcap"), states())
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from hybridsim.cli import main
from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec
from hybridsim.ingest.task import Reading
from hybridsim.log import LogStore
from hybridsim.robot import load_robot
from tests.ingest.bags.containers import write
from tests.ingest.bags.messages import JOINTS

UNITS = {"position": "rad", "velocity": "rad/s", "effort": "N*m"}


def states(*what, topic="/joint_states", joints=JOINTS, **more):
    """The `[[topic]]` of a JointState: `position`, `velocity`, `effort`; positions where none is named."""
    signals = [
        signal(f"joint_{word}", UNITS[word], {joint: f"{word}[{joint}]" for joint in joints})
        for word in what or ("position",)
    ]
    return {"name": topic, "names": "name", "signal": signals, **more}


def topic(name, *signals, **more):
    """Any other `[[topic]]`."""
    return {"name": name, "signal": list(signals), **more}


def signal(name, unit, columns, **more):
    """A `[[topic.signal]]`; columns of a string `path.{}` are its x, y and z."""
    if isinstance(columns, str):
        columns = {axis: columns.format(axis) for axis in ("x", "y", "z")}
    return {"name": name, "unit": unit, "columns": columns, **more}


class Lab:
    """Everything that an ingestion takes, under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = LogStore(root / "store")
        self.robot = root / "leg"
        self.robot.mkdir()
        (self.robot / "robot.toml").write_text(tomli_w.dumps(robot(JOINTS)))
        self.leg = load_robot(self.robot)

    def bag(self, messages: Sequence[Any], form: str = "mcap", name: str = "walk", **options: Any) -> Path:
        """A bag in `root/bags`."""
        (self.root / "bags").mkdir(exist_ok=True)
        return write(self.root / "bags" / name, messages, form, **options)

    def spec(self, *topics: Mapping[str, Any], name: str = "lab", **more: Any) -> Path:
        """An ingest.toml of these topics."""
        path = self.root / f"{name}.toml"
        table = {"schema": 1, "set": name, "robots": ["leg"], "one_log_per": "bag", "topic": list(topics)}
        path.write_text(tomli_w.dumps({**table, **more}))
        return path

    def ingest(self, sources: Path | Sequence[Path], *topics: Any, **options: Any) -> Any:
        """The report of an ingestion by the library."""
        sources = [sources] if isinstance(sources, Path) else sources
        reading = options.pop("reading", Reading())
        spec = load_spec(self.spec(*topics))
        return ingest(sources, spec, self.leg, None, self.store, reading=reading, **options)

    def log(self, sources: Path | Sequence[Path], *topics: Any, **options: Any) -> Any:
        """The log of a bag that is read."""
        report = self.ingest(sources, *topics, **options)
        assert report.refused == (), report
        (log,) = report.logs
        return self.store.load(log.log_id)

    def refusal(self, source: Path, *topics: Any, **options: Any) -> str:
        """Why a bag was refused: one line."""
        report = self.ingest(source, *topics, **options)
        assert report.logs == () and self.store.ids() == []
        (refused,) = report.refused
        assert "\n" not in refused.reason
        return refused.reason

    def run(self, *words: Any) -> int:
        """The command `hybridsim ingest WORDS` for this robot and store."""
        return main.run(["ingest", *map(str, words), *self.options()])

    def options(self) -> list[str]:
        """Robot and store, as words of a command line."""
        return ["--robot", str(self.robot), "--store", str(self.store.root)]

    def left(self) -> list[str]:
        """What lies in the store besides logs."""
        found = [path.name for path in self.store.root.iterdir()] if self.store.root.is_dir() else []
        return sorted(set(found) - set(self.store.ids()) - {".sources"})


def robot(joints, name="leg"):
    """The table of a robot.toml."""

    def said(value, unit):
        return {"value": value, "unit": unit, "source": "chosen for tests"}

    return {
        "schema": 1,
        "name": name,
        "description": "a leg of the tests",
        "urdf": {"path": f"{name}.urdf", "base": "fixed", "source": "there is none"},
        "rigid_body": {
            "timestep": said(0.001, "s"),
            "reflected_inertia": "none",
            "source": "chosen for tests",
        },
        "joint": [
            {
                "name": joint,
                "urdf_joint": f"{name}_{joint}_joint",
                "sign": 1,
                "sign_source": "chosen for tests",
                "offset": said(0.0, "rad"),
                "lower": said(-3.0, "rad"),
                "upper": said(3.0, "rad"),
                "velocity_limit": said(10.0, "rad/s"),
                "effort_limit": said(100.0, "N*m"),
            }
            for joint in joints
        ],
    }
