"""What page and card say where efforts are scored: predicted from motion, or pushed along it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Scores = Mapping[str, Any]
FOLLOWED = (
    "Drives run freely along each log: they get its commands and the measured motion of their joints, and no "
    "measured effort."
)


def inverse(scores: Scores) -> bool:
    """Whether efforts were predicted from motion, and not motion from commands."""
    return str(scores["protocol"]["replay"]).startswith("inverse")


def along(scores: Scores) -> bool:
    """Whether drives that push were followed along the measured motion."""
    return str(scores["protocol"]["replay"]).startswith("along")


def headline_inverse(scores: Scores, name: str) -> str:
    """The subject of the headline where efforts are predicted from motion."""
    return f"predicted from the measured motion alone, the {name} model of {scores['robot']} is"


def headline_along(scores: Scores, name: str) -> str:
    """The same where drives are followed."""
    return f"from commands and the measured motion, the {name} drives of {scores['robot']} are"
