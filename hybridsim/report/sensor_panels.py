"""What the page draws of a sensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hybridsim.replay import Replay
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.panel import Panel, panel
from hybridsim.report.sensor_figures import (
    allan_figure,
    motion_figure,
    ranks_figure,
    readings_figure,
    spectrum_figure,
)
from hybridsim.report.sensor_text import lines, sensed
from hybridsim.report.sentences import Scores, ranked, shortened

DRAWN = "Drawn: one realisation of the model along the same logs."


def sensor_panels(scores: Scores, replays: Sequence[Replay], info: CalibrationInfo) -> Iterator[Panel]:
    """Panels of scores["sensor"]; none without."""
    if not sensed(scores):
        return
    said, found = list(lines(scores)), scores["sensor"]["curves"]
    for rank, log_id in ranked(scores).items():
        own = [replay for replay in replays if replay.log_id == log_id]
        title = f"{rank} log: {shortened(info.log_name(log_id))}"
        yield panel(f"readings-{rank.lower()}", title, "Its liveliest three seconds.", readings_figure(own))
    ranks = "Flat is right; a hill in the middle says that intervals are too wide. " + " ".join(
        line for line in said if "intervals hold" in line
    )
    yield panel("ranks", "Where readings lie in what was stated", ranks, ranks_figure(found["ranks"]))
    moved = bool(found["error_by_motion"])
    if moved:
        by = "Means over rows in motion, in bins of as many rows each."
        yield panel("error-by-motion", "Error by motion", by, motion_figure(found["error_by_motion"]))
    allan = " ".join([DRAWN, *[line for line in said if line.startswith("Allan")]])
    yield panel("allan", "Allan deviation at rest", allan, allan_figure(found["allan"]))
    for when, words in (("rest", "at rest"), ("motion", "in motion"))[: 2 if moved else 1]:
        title, figure = f"Spectrum {words}", spectrum_figure(found["spectrum"][when], when == "motion")
        yield panel(f"spectrum-{when}", title, DRAWN, figure)
