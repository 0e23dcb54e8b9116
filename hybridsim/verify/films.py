"""Videos of the episodes that went worst."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybridsim.verify.battery import Scenario
from hybridsim.verify.episodes import Batch, Subject
from hybridsim.verify.falsify import QUOTING, Broken, fresh_batches
from hybridsim.verify.gate import Tested
from hybridsim.verify.hunt import Hunt


def to_film(tested: Sequence[Tested], entries: Sequence[Mapping[str, Any]]) -> list[Tested]:
    """Scenarios that did not pass; where all did, the one whose worst episode is the worst of all."""
    bad = [one for one, entry in zip(tested, entries, strict=True) if entry["state"] != "passed"]
    if bad or not tested:
        return bad
    fell = [one for one in tested if one.columns["falls"].any()]
    some = fell or list(tested)
    word = "seconds" if fell else "return"
    return [min(some, key=lambda one: float(one.columns[word][one.worst]))]


def film_of(one: Tested, subject: Subject, seed: int, folder: Path, number: int) -> Batch:
    """The batch of a scenario's worst episode, with a camera; it is run whole, so that it goes as it went."""
    at = one.worst
    first = at - at % one.plan.batch
    batch = one.plan.batches(subject, seed, first, 1)[0]
    return replace(batch, film=at, path=folder / name_of(number, one.plan.scenario))


def film_of_break(scenario: Scenario, found: Broken, hunt: Hunt, folder: Path, number: int) -> Batch:
    """The first of the quoted episodes that failed under what a search found."""
    batches = fresh_batches(found.scenario(scenario), found.search, hunt, QUOTING)
    at = found.first_failed
    return replace(batches[at // found.search.episodes], film=at, path=folder / name_of(number, scenario))


def name_of(number: int, scenario: Scenario) -> str:
    """A file's name that no scenario's name can lead astray."""
    word = re.sub(r"[^a-z0-9]+", "-", scenario.name.lower()).strip("-")[:40]
    return f"{number:02d}-{word}.mp4" if word else f"{number:02d}.mp4"
