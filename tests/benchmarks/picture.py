"""The picture on README's first screen: real, rigid-body and hybrid trace of one joint in a held-out motion.

    .venv/bin/python -m tests.benchmarks.picture CALIBRATION MOTION JOINT OUT.png [FROM_S TO_S]

Needs chromium and the recordings. MOTION is a name under ../shared/data/so101 that is a test log of the
calibration; prints the caption's figures, which are of the whole motion.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from hybridsim.calibration import Calibration
from hybridsim.evaluate import score_logs
from hybridsim.ingest.open import open_logs
from hybridsim.robot import load_robot
from tests.benchmarks.recordings import recordings

SHOWN = (
    ("measured", "real", "#222222"),
    ("nominal", "rigid body", "#cc79a7"),
    ("hybrid", "hybrid", "#0072b2"),
)


def main(calibration: str, motion: str, joint: str, out: str, begin: str = "0", end: str = "1e9") -> None:
    """Draw it."""
    found = Calibration.load(calibration)
    split = {log.name: log.split for log in found.record.lineage.logs}
    unseen = sorted(name for name, side in split.items() if side == "test")
    assert motion in unseen, f"{motion} is not a test log; expected one of {unseen}"
    robot = load_robot(found.record.robot)
    logs = open_logs([recordings(robot.name) / motion], robot)
    replay = next(r for r in score_logs(found, robot, logs).replays if joint in r.components)
    column = replay.components.index(joint)
    rows = (replay.time_s >= float(begin)) & (replay.time_s <= float(end))
    figure = go.Figure()
    for name, words, colour in SHOWN:
        values = replay.measured if name == "measured" else replay.predicted[name]
        error = 1e3 * np.nanmean(np.abs(values[:, column] - replay.measured[:, column]))
        print(f"{motion}, {joint}: {words} is off by {error:.1f} mrad on average")
        label = words if name == "measured" else f"{words}, off by {error:.1f} mrad"
        line = {"color": colour, "width": 3 if name == "measured" else 2}
        figure.add_scatter(x=replay.time_s[rows], y=values[rows, column], name=label, line=line)
    figure.update_layout(
        template="plotly_white",
        width=1000,
        height=380,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis_title="time [s]",
        yaxis_title=f"{joint} [rad]",
        legend={"orientation": "h", "y": 1.1},
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "picture.html"
        figure.write_html(page, include_plotlyjs=True, config={"displayModeBar": False})
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [
            f"--user-data-dir={folder}/profile",
            "--window-size=1010,390",
            "--virtual-time-budget=5000",
        ]
        subprocess.run([*command, f"--screenshot={out}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
