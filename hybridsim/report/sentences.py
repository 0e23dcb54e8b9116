"""What the scores say in words; page and card say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hybridsim.report.effort_text import FOLLOWED, along, headline_along, headline_inverse, inverse
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.sensor_text import SENSED, STOOD, sensed, stood, truth_of
from hybridsim.report.sensor_text import protocol_text as sensor_protocol
from hybridsim.report.variants import ALONG, INVERSE, PASSIVE, style
from hybridsim.score import REFERENCE, interval_text, number_text, signal_unit
from hybridsim.signals import is_quaternion

Scores = Mapping[str, Any]

MOST_CHARACTERS = 60  # chosen, because longer names break tables

COVERAGE_ASKED = (0.85, 0.95)  # what a 90 % interval is allowed to hold before it is called wrong


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """At most `most` characters, on one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def subject(scores: Scores) -> str:
    """The variant that the page is about."""
    variants = scores["variants"]
    return next((name for name in ("hybrid", REFERENCE) if name in variants), next(iter(variants)))


def main_signal(scores: Scores) -> str:
    """The signal that headline and choice of motions go by."""
    signals = scores["variants"][subject(scores)]["signals"]
    return "joint_position" if "joint_position" in signals else next(iter(signals))


def best_variant(scores: Scores, signal: str) -> str:
    """The variant with the smallest mean error of a signal."""
    held = {
        name: v["signals"][signal]["mae_mean"]
        for name, v in scores["variants"].items()
        if signal in v["signals"]
    }
    return min(held, key=lambda name: held[name])


def error_text(scores: Scores, variant: str, signal: str) -> str:
    """Mean error with its interval."""
    found = scores["variants"][variant]["signals"][signal]
    return interval_text(found["mae_mean"], found["mae_mean_interval_95"], signal_unit(signal, found["unit"]))


def log_error_text(scores: Scores, variant: str, signal: str, log_id: str) -> str:
    """Mean error over one log."""
    unit = scores["variants"][variant]["signals"][signal]["unit"]
    mean = scores["variants"][variant]["logs"][log_id][signal]["mae_mean"]
    return interval_text(mean, None, signal_unit(signal, unit))


def ranked(scores: Scores) -> dict[str, str]:
    """Worst, median and best log by the subject's error of the main signal; fewer where logs are few."""
    signal, logs = main_signal(scores), scores["variants"][subject(scores)]["logs"]
    ids = sorted((i for i in logs if signal in logs[i]), key=lambda i: -logs[i][signal]["mae_mean"])
    chosen = {ids[-1]: "Best", ids[len(ids) // 2]: "Median", ids[0]: "Worst"}
    return {rank: log_id for log_id, rank in reversed(chosen.items())}


def evidence(scores: Scores, info: CalibrationInfo) -> str:
    """What was scored: "10 held-out logs (12 min)"; plainly said where they are not held out or not real."""
    ids = scored_logs(scores)
    seconds = sum(scores["protocol"]["log_seconds"][log_id] for log_id in ids)
    seen = len(set(ids) & set(info.fitted_on))
    kind = "held-out" if not seen else "in-sample" if seen == len(ids) else "partly in-sample"
    kind += " synthetic" if info.synthetic else ""
    return f"{len(ids)} {kind} log{'s' * (len(ids) != 1)} ({duration(seconds)})"


def scored_logs(scores: Scores) -> list[str]:
    """Ids of the logs behind the headline."""
    return list(scores["variants"][subject(scores)]["logs"])


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads well."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def headline(scores: Scores, info: CalibrationInfo) -> str:
    """One sentence: how wrong the simulator is, and the others beside it."""
    name, signal = subject(scores), main_signal(scores)
    unit = signal_unit(signal, scores["variants"][name]["signals"][signal]["unit"])
    others = [
        f"{other} {number_text(variant['signals'][signal]['mae_mean'], unit)}"
        for other, variant in scores["variants"].items()
        if other != name
        and signal in variant["signals"]
        and (other != REFERENCE or not is_identified(scores))
    ]
    beside = f"; {', '.join(others)}" if others else ""
    if inverse(scores) or along(scores):
        said = headline_along(scores, name) if along(scores) else headline_inverse(scores, name)
        error = error_text(scores, name, signal)
        return (
            f"On {evidence(scores, info)}, {said} off by {error} on average{beside}."
            f"{relative_text(scores, name, signal)}"
        )
    how, off = "replayed from the commands alone", error_text(scores, name, signal)
    if sensed(scores):
        off = " and ".join(error_text(scores, name, one) for one in scores["variants"][name]["signals"])
        return (
            f"On {evidence(scores, info)}, the {name} model of {scores['robot']}'s sensor, against "
            f"{truth_of(scores)}, is off by {off} on average{beside}."
        )
    if passive(scores):
        how = re.split("[:;,]", scores["protocol"]["replay"])[0]
        off = " and ".join(error_text(scores, name, one) for one in scores["variants"][name]["signals"])
    return (
        f"On {evidence(scores, info)}, {how}, the {name} simulator of "
        f"{scores['robot']} is off by {off} on average{beside}."
    )


def passive(scores: Scores) -> bool:
    """Whether nothing was commanded: a body that falls, touches and slides."""
    return "passive" in scores


def is_identified(scores: Scores) -> bool:
    """Whether the subject is `identified` under another name, because no network ships."""
    against = scores["variants"][subject(scores)]["minus_identified"]
    return bool(against) and all(
        found["mae_mean"] == 0 and tuple(found["interval_95"]) == (0, 0) for found in against.values()
    )


def meaning(scores: Scores, variant: str) -> str:
    """What a variant is, in a line."""
    if is_identified(scores) and variant == subject(scores):
        return f"the same as {REFERENCE}: no network ships"
    special = PASSIVE if passive(scores) else INVERSE if inverse(scores) else {}
    special = ALONG if along(scores) else special
    if sensed(scores):
        special = STOOD if stood(scores) else SENSED
    return special.get(variant, style(variant).meaning)


def relative_text(scores: Scores, name: str, signal: str) -> str:
    """A sentence with the error over the measurement's own spread; nothing where it was not computed."""
    found = scores["variants"][name]["signals"][signal].get("relative")
    if found is None:
        return ""
    low, high = found["mean_interval_95"]
    return (
        f" Its rmse is {found['mean']:.3f} [{low:.3f}, {high:.3f}] of the measurement's standard deviation, "
        f"mean of {len(found['rmse_over_spread'])} joints."
    )


def protocol_text(scores: Scores) -> str:
    """How variants were run, for the foot of the page."""
    if inverse(scores):
        return (
            "Efforts are predicted from the measured positions and velocities; no effort is an input. "
            "Filters look both ways in time, so this is no controller's feed-forward."
        )
    if along(scores):
        return FOLLOWED
    if sensed(scores):
        return sensor_protocol(scores)
    if passive(scores):
        return f"Every replay is {scores['protocol']['replay']}."
    return (
        "Every replay is free-running: it starts from the log's first measured state, gets the logged "
        "commands and never looks at a measurement again."
    )


def energy_text(scores: Scores) -> str:
    """The energy score with draws and without."""
    found = scores["variation"]
    with_draws, without, difference = (
        interval_text(found[key]["mean"], found[key]["interval_95"], found[key]["unit"])
        for key in ("energy_score", "energy_score_without_draws", "energy_score_difference")
    )
    return f"Energy score {with_draws}; {without} without draws, difference {difference}."


def coverage_text(scores: Scores) -> str:
    """What the region of 90 % covers."""
    found = scores["variation"]["coverage_90"]
    low, high = found["interval_95"]
    logs = len(scores["variation"]["logs"])
    return (
        f"The 90 % region of resting position covers {100 * found['covers']:.0f} %"
        f" [{100 * low:.0f}, {100 * high:.0f}] of {logs} logs."
    )


def speed_unit(scores: Scores, unit: str) -> str:
    """Unit of how fast the robot moved, for a signal of this unit."""
    return "rad/s" if inverse(scores) or along(scores) else f"{unit}/s" if unit != "1" else "1/s"


def verdict(scores: Scores) -> str:
    """Whether the subject is better than `identified`, judged by the interval of the paired difference."""
    name, signal = subject(scores), main_signal(scores)
    found = scores["variants"][name]["minus_identified"].get(signal)
    if found is None:
        return ""
    if is_identified(scores):
        return f"No network ships: {name} is {REFERENCE}."
    text = interval_text(found["mae_mean"], found["interval_95"], signal_unit(signal, found["unit"]))
    low, high = found["interval_95"]
    logs = scores["protocol"]["signals"][signal]["logs"]
    share = f"smaller on {round(found['logs_improved'] * logs)} of {logs} logs"
    if logs == 1:
        return f"{name} minus {REFERENCE}: {text}, on one log, which says nothing about others."
    if high < 0:
        return f"{name} is better than {REFERENCE}: difference {text}, {share}."
    if low > 0:
        return f"{name} is WORSE than {REFERENCE}: difference {text}, {share}."
    return f"{name} is not measurably better than {REFERENCE}: difference {text} includes 0, {share}."


def coverage_mean(scores: Scores, signal: str) -> float | None:
    """Mean over components of the share of samples inside the hybrid's 90 % interval; None without one."""
    held = scores["variants"].get("hybrid", {}).get("coverage_90", {}).get(signal, {})
    values = [value for value in held.values() if value is not None]
    return sum(values) / len(values) if values else None


def limits(scores: Scores, info: CalibrationInfo) -> list[str]:
    """When not to use the calibration: what was stated, and what its own numbers show."""
    found = list(info.limits)
    name = subject(scores)
    for signal in scores["variants"][name]["signals"]:
        found += [
            *outside_range(scores, signal),
            *bad_coverage(scores, signal),
            *not_better(scores, name, signal),
        ]
    unknown = [parameter.name for parameter in info.parameters if not parameter.identifiable]
    if unknown:
        found.append(f"Do not read these as physics, the logs do not identify them: {', '.join(unknown)}.")
    return found


def outside_range(scores: Scores, signal: str) -> list[str]:
    """The motions that were scored; what lies beyond was not."""
    if is_quaternion(signal):
        return []  # four components of an orientation have ranges that say nothing
    moved = scores["protocol"]["signals"][signal]
    unit = "" if moved["unit"] == "1" else f" {moved['unit']}"
    columns = zip(moved["components"], moved["lowest"], moved["highest"], moved["fastest"], strict=True)
    rate = f" {speed_unit(scores, moved['unit'])}"
    spans = [
        f"{name} {low:.2f} to {high:.2f}{unit}" + (f" at up to {fast:.2g}{rate}" if fast else "")
        for name, low, high, fast in columns
        if low is not None
    ]
    return [f"{signal} was scored only within these motions: {'; '.join(spans)}. Errors beyond are unknown."]


def bad_coverage(scores: Scores, signal: str) -> list[str]:
    """Components whose 90 % interval holds too few or too many samples."""
    held = scores["variants"].get("hybrid", {}).get("coverage_90", {}).get(signal, {})
    low, high = COVERAGE_ASKED
    off = [
        f"{name} {100 * value:.0f} %"
        for name, value in held.items()
        if value is not None and not low <= value <= high
    ]
    return [f"{signal}: 90 % intervals are off for {', '.join(off)}."] if off else []


def not_better(scores: Scores, name: str, signal: str) -> list[str]:
    """Components on which the subject is not measurably better than `identified`."""
    found = scores["variants"][name]["minus_identified"].get(signal)
    if found is None or is_identified(scores):
        return []
    pairs = zip(found["components"], found["mae_interval_95"], strict=True)
    same = [component for component, (_, high) in pairs if high is not None and high >= 0]
    return (
        [f"{signal}: {name} is not measurably better than {REFERENCE} on {', '.join(same)}."] if same else []
    )
