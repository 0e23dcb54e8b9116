"""Scores as a file: strict JSON, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybridsim.files import write_text

__all__ = ["write_scores", "write_text"]


def write_scores(path: Path, scores: Mapping[str, Any]) -> None:
    """Write `scores.json`: strict JSON, atomically."""
    write_text(path, json.dumps(scores, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
