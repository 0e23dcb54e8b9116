"""report.html: one page, everything inside, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from plotly.offline import get_plotlyjs

from hybridsim.replay import Replay
from hybridsim.report import sentences
from hybridsim.report.figures import against_figure, coverage_figure, horizon_figure, joints_figure
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.panel import Panel, panel
from hybridsim.report.sensor_panels import sensor_panels
from hybridsim.report.sensor_text import sensed
from hybridsim.report.sentences import Scores, shortened
from hybridsim.report.tables import (
    LogRow,
    RelativeRow,
    VariantRow,
    log_rows,
    parameter_row,
    relative_rows,
    variant_rows,
)
from hybridsim.report.toss_panels import toss_panels
from hybridsim.report.traces import trace_figure
from hybridsim.score import display_unit, interval_text, signal_unit, write_text

WINDOW_ENDS = "At the end of windows; over the whole log its mean over all samples."
MOST_REFUSED = 500  # chosen, because nobody reads further and a page has to stay small


@dataclass(frozen=True)
class SignalPart:
    """What the page shows of one signal."""

    name: str
    unit: str
    variants: tuple[str, ...]
    rows: list[VariantRow]
    logs: list[LogRow]
    components: tuple[str, ...]
    relative: list[RelativeRow]
    relative_interval: str


def write_report(
    path: Path,
    *,
    scores: Scores,
    replays: Sequence[Replay],
    calibration_info: CalibrationInfo | Mapping[str, Any],
    refused: Sequence[str] = (),
) -> None:
    """Write the page that a person understands at a glance, atomically.

    Args:
        path: where; the page works from a file:// address, offline.
        scores: of `hybridsim.score.score`.
        replays: what was scored, for traces and bins.
        calibration_info: parameters, lineage, names of logs; see `CalibrationInfo`.
        refused: one sentence for each thing in the logs that was refused and why.
    """
    info = CalibrationInfo.of(calibration_info)
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["shortened"] = shortened
    scripts = {"plotly_js": get_plotlyjs().replace("\r", ""), "draw_js": own("draw.js")}
    text = page.from_string(own("page.html.jinja")).render(
        scores=scores,
        info=info,
        css=own("page.css"),
        script_hashes=[script_hash(script) for script in scripts.values()],
        refused=[shortened(line, 400) for line in refused[:MOST_REFUSED]],
        refused_count=len(refused),
        **scripts,
        **words(scores, info),
        **plots(scores, replays, info),
    )
    write_text(path, text)


def words(scores: Scores, info: CalibrationInfo) -> dict[str, Any]:
    """What the page says in sentences and tables."""
    return {
        "evidence": sentences.evidence(scores, info),
        "headline": sentences.headline(scores, info),
        "verdict": sentences.verdict(scores),
        "tiles": list(tiles(scores)),
        "signals": [signal_part(scores, name, info) for name in scores["protocol"]["signals"]],
        "parameters": [parameter_row(parameter) for parameter in info.parameters],
        "limits": sentences.limits(scores, info),
        "measured_how": sentences.protocol_text(scores),
        "scored": sentences.scored_logs(scores),
    }


def plots(scores: Scores, replays: Sequence[Replay], info: CalibrationInfo) -> dict[str, Any]:
    """What the page draws."""
    whiskers = "Whiskers: 95 % interval over logs."
    return {
        "joints": None
        if sentences.passive(scores) or sensed(scores)  # one number a signal, which the table has
        else panel("joints", "Error of every joint", whiskers, joints_figure(scores)),
        "tosses": [*toss_panels(scores, replays, info), *sensor_panels(scores, replays, info)],
        "motions": list(motion_panels(scores, replays, info)),
        "banded": any(replay.low is not None for replay in replays),
        "details": list(detail_panels(scores, replays)),
    }


def own(name: str) -> str:
    """A text file that lies beside this module."""
    return (files("hybridsim.report") / name).read_text(encoding="utf-8")


def script_hash(script: str) -> str:
    """What the page's content policy calls a script that may run; no other may."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def signal_part(scores: Scores, signal: str, info: CalibrationInfo) -> SignalPart:
    """Tables of one signal."""
    variants = tuple(name for name, variant in scores["variants"].items() if signal in variant["signals"])
    order = (*(name for name in variants if name != sentences.subject(scores)), sentences.subject(scores))
    unit = display_unit(signal_unit(signal, scores["variants"][variants[0]]["signals"][signal]["unit"]))[1]
    relative = scores["variants"][variants[0]]["signals"][signal].get("relative", {})
    return SignalPart(
        signal,
        unit,
        order,
        variant_rows(scores, signal),
        log_rows(scores, signal, info, order),
        tuple(scores["protocol"]["signals"][signal]["components"]),
        relative_rows(scores, signal),
        relative.get("interval", ""),
    )


def tiles(scores: Scores) -> Iterator[tuple[str, str]]:
    """The four numbers on top: (what, value)."""
    name, signal = sentences.subject(scores), sentences.main_signal(scores)
    if sentences.passive(scores):
        for one in scores["variants"][name]["signals"]:
            yield f"mean error of {name}, {one}", sentences.error_text(scores, name, one)
    else:
        yield f"mean error of {name}", sentences.error_text(scores, name, signal)
    if (relative := scores["variants"][name]["signals"][signal].get("relative")) is not None:
        yield "rmse over standard deviation, mean of joints", f"{relative['mean']:.3f}"
    against = scores["variants"][name]["minus_identified"].get(signal)
    if against is not None and not sentences.is_identified(scores):
        text = interval_text(against["mae_mean"], against["interval_95"], against["unit"])
        yield f"{name} minus identified", text
    covered = sentences.coverage_mean(scores, signal)
    if covered is not None:
        yield "90 % intervals hold", f"{100 * covered:.0f} % of samples"
    yield "replay speed", f"{scores['replay']['real_time_factor']:.0f} × real time"


def motion_panels(scores: Scores, replays: Sequence[Replay], info: CalibrationInfo) -> Iterator[Panel]:
    """Worst, median and best log by the subject's error of the main signal."""
    name, signal = sentences.subject(scores), sentences.main_signal(scores)
    for rank, log_id in sentences.ranked(scores).items():
        figure = trace_figure([replay for replay in replays if replay.log_id == log_id])
        if figure is not None:
            error = sentences.log_error_text(scores, name, signal, log_id)
            title = f"{rank} motion: {shortened(info.log_name(log_id))}"
            yield panel(rank.lower(), title, f"{name} is off by {error} on this log.", figure)


def detail_panels(scores: Scores, replays: Sequence[Replay]) -> Iterator[Panel]:
    """By horizon, against speed and load for each signal; then the coverage."""
    restarts = "Restarts from measured states."
    if sentences.passive(scores):
        restarts = f"{WINDOW_ENDS} {restarts}"
    for signal in scores["protocol"]["signals"]:
        mine = [replay for replay in replays if replay.signal == signal]
        rate = sentences.speed_unit(scores, scores["protocol"]["signals"][signal]["unit"])
        found = {
            "horizon": (horizon_figure(scores, signal), "Error by horizon", restarts),
            "speed": (against_figure(mine, "speed", rate), "Error by speed", "All joints, all samples."),
            "load": (against_figure(mine, "load"), "Error by load", "All joints, all samples."),
        }
        for key, (figure, title, caption) in found.items():
            if figure is not None:
                yield panel(f"{key}-{signal}", f"{title}: {signal}", caption, figure)
    coverage = coverage_figure(scores)
    if coverage is not None:
        caption = "Green: 85 to 95 %. The dashed line is what a 90 % interval should hold."
        yield panel("coverage", "Do the 90 % intervals hold?", caption, coverage)
