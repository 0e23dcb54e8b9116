"""Scores: replays of held-out logs in, errors with intervals out."""

from hybridsim.score.binned import BinnedError, binned_error
from hybridsim.score.scores import VARIANTS, score
from hybridsim.score.variants import REFERENCE
from hybridsim.score.windows import WindowError
from hybridsim.score.wording import display_unit, interval_text, number_text, signal_unit, span_text
from hybridsim.score.write import write_scores, write_text

__all__ = [
    "REFERENCE",
    "VARIANTS",
    "BinnedError",
    "WindowError",
    "binned_error",
    "display_unit",
    "interval_text",
    "number_text",
    "score",
    "signal_unit",
    "span_text",
    "write_scores",
    "write_text",
]
