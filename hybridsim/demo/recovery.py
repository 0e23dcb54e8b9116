"""Planted beside found: whether the chain has recovered what the synthetic arm hides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridsim.calibration import Calibration
from hybridsim.demo.planted import Planted
from hybridsim.parameters import Parameter
from hybridsim.score import interval_text

VARIANTS = ("command", "nominal", "identified", "hybrid")


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """One planted number and what the calibration says about it."""

    planted: Planted
    found: Parameter

    @property
    def recovered(self) -> bool:
        """Whether the found value lies within the tolerance."""
        return abs(self.found.value - self.planted.value) <= self.planted.tolerance

    @property
    def covered(self) -> bool:
        """Whether the 95 % interval holds the truth."""
        interval = self.found.interval_95
        return interval is not None and interval[0] <= self.planted.value <= interval[1]

    def cells(self) -> tuple[str, ...]:
        """The table's row, as in HEADINGS."""
        interval = self.found.interval_95
        spread = "unknown" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}"
        return (
            self.planted.name,
            f"{self.planted.value:.4g}",
            f"{self.found.value:.4g}",
            spread + ("" if self.found.identifiable else ", not identifiable"),
            f"{self.planted.tolerance:.3g}",
            self.planted.unit,
            "yes" if self.recovered else "NO",
        )


NOTE = "SYNTHETIC: a simulated arm. These numbers say whether the chain works, and nothing about hardware."
HEADINGS = ("parameter", "planted", "found", "95 % interval", "tolerance", "unit", "recovered")


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What a demo leaves; prints as the demo's last words.

    Attributes:
        recoveries: one a planted parameter.
        scores: of every variant on synthetic motions that nothing was fitted on.
        calibration: its folder.
        report: the page.
        seconds: that it took.
    """

    recoveries: Sequence[Recovery]
    scores: Mapping[str, Any]
    calibration: Path
    report: Path
    seconds: float

    @property
    def recovered(self) -> bool:
        """Whether every planted number was found within its tolerance."""
        return all(one.recovered for one in self.recoveries)

    def __str__(self) -> str:
        """Table, scores and paths."""
        covered = sum(one.covered for one in self.recoveries)
        missed = [one.planted.name for one in self.recoveries if not one.recovered]
        verdict = "all recovered" if not missed else f"NOT recovered: {', '.join(missed)}"
        return "\n".join(
            [
                NOTE,
                "",
                *table([HEADINGS, *(one.cells() for one in self.recoveries)]),
                f"{verdict}; {covered} of {len(self.recoveries)} intervals hold the planted value",
                "",
                "mean absolute error on synthetic motions held out:",
                *table(score_rows(self.scores)),
                "",
                f"calibration: {self.calibration}",
                f"report: {self.report}",
                f"took {self.seconds:.0f} s",
            ]
        )


def score_rows(scores: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each of VARIANTS, its joint angle's error with the interval."""
    found = ((name, scores["variants"][name]["signals"]["joint_position"]) for name in VARIANTS)
    return [(name, interval_text(s["mae_mean"], s["mae_mean_interval_95"], s["unit"])) for name, s in found]


def recoveries_of(calibration: Calibration, planted: Sequence[Planted]) -> list[Recovery]:
    """Every planted number beside the calibration's."""
    return [Recovery(planted=one, found=calibration.parameters[one.name]) for one in planted]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
