"""What a verification says: verify.json, and sentences for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hybridsim.verify.battery import Scenario
from hybridsim.verify.criteria import SHARES, Judged
from hybridsim.verify.disturbances import DISTURBANCES
from hybridsim.verify.falsify import Broken
from hybridsim.verify.gate import Tested
from hybridsim.verify.worst import WorstDraw


def tested_entry(one: Tested, worst: WorstDraw | None) -> dict[str, Any]:
    """A scenario that was tested episode by episode."""
    at = one.worst
    return {
        "name": one.plan.scenario.name,
        "kind": "draws" if worst is None else "worst",
        "state": one.state,
        "summary": "; ".join(sentence(part) for part in one.judged) + f"; {one.episodes} episodes",
        "episodes": one.episodes,
        "seconds": float(one.columns["seconds"].sum()),
        "asked": asked(one.plan.scenario),
        "criteria": [criterion_entry(part) for part in one.judged],
        "worst_episode": {
            "number": at,
            "drawn": dict(one.drawn[at]),
            **{name: float(values[at]) for name, values in one.columns.items()},
        },
        "worst_draw": None if worst is None else worst_entry(worst),
        "search": None,
        "video": None,
    }


def broken_entry(scenario: Scenario, found: Broken) -> dict[str, Any]:
    """A scenario that was searched."""
    asked_for, unit = found.search, DISTURBANCES[found.search.key].unit
    return {
        "name": scenario.name,
        "kind": "search",
        "state": "passed" if found.stands else "failed",
        "summary": broken_sentence(found),
        "episodes": len(found.trials) * asked_for.episodes + found.episodes,
        "seconds": 0.0,
        "asked": asked(scenario),
        "criteria": [],
        "worst_episode": None,
        "worst_draw": None,
        "search": {
            "key": asked_for.key,
            "unit": unit,
            "to": asked_for.to,
            "stands": asked_for.stands,
            "broken_from": asked_for.broken,
            "found": None if found.values is None else dict(found.values),
            "joints": found.joints,
            "share": finite(found.share),
            "interval": list(found.interval) if found.values else None,
            "fresh_episodes": found.episodes,
            "trials": [{"value": asked_for.value(s), "share": share} for s, share in found.trials],
            "scenario": None if found.values is None else reproduced(scenario, found),
        },
        "video": None,
    }


def worst_entry(worst: WorstDraw) -> dict[str, Any]:
    """Where in its intervals the worst draw lies."""
    return {
        "values": dict(worst.values),
        "places": dict(worst.places),
        "return": worst.score,
        "return_of_usual_draws": worst.usual,
    }


def criterion_entry(part: Judged) -> dict[str, Any]:
    """A limit and what the episodes say."""
    return {
        "key": part.criterion.key,
        "limit": part.criterion.limit,
        "value": finite(part.value),
        "low": finite(part.low),
        "high": finite(part.high),
        "state": part.state,
    }


def finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def asked(scenario: Scenario) -> dict[str, Any]:
    """A scenario as its file has it."""
    found = scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {**found.pop("disturbances", {}), **found}


def sentence(part: Judged) -> str:
    """`falls 2.1 % [0.4, 4.8] of at most 5 %: passed`."""
    one, shares = part.criterion, part.criterion.measure in SHARES
    scale, unit = (100.0, " %") if shares else (1.0, "")
    value, low, high, limit = (f"{scale * x:.3g}" for x in (part.value, part.low, part.high, one.limit))
    name = one.measure.replace("_", " ") if not shares else one.measure
    word = "at most" if one.most else "at least"
    return f"{name} {value}{unit} [{low}, {high}] of {word} {limit}{unit}: {part.state}"


def broken_sentence(found: Broken) -> str:
    """What a search found, and what that says about the gate."""
    search, unit = found.search, DISTURBANCES[found.search.key].unit
    if found.values is None:
        text = f"nothing up to {search.key} = {search.to:g} broke it, in {len(found.trials)} trials"
        once = any(share >= search.broken for _, share in found.trials)
        return text + (", for what did so once did not on fresh episodes" if once else "")
    unit = "" if unit == "1" else f" {unit}"
    others = [f"{name} = {value:.3g}" for name, value in found.values.items() if name != search.key]
    if search.key == "derating_share":
        others.append(f"joints {found.joints}")
    low, high = (100.0 * x for x in found.interval)
    text = (
        f"{search.key} = {found.values[search.key]:.3g}{unit} breaks it"
        f"{' with ' + ', '.join(others) if others else ''}: {100.0 * found.share:.0f} % of {found.episodes}"
        f" fresh episodes fail [{low:.0f}, {high:.0f}]"
    )
    if search.stands is not None:
        text += f"; it has to stand {search.stands:g}{unit}: {'passed' if found.stands else 'failed'}"
    return text


def reproduced(scenario: Scenario, found: Broken) -> str:
    """A scenario for a battery that does what the search found."""
    assert found.values is not None
    lines = ["[[scenario]]", f"name = {quoted(scenario.name + ', found')}"]
    given = {**scenario.disturbances, **found.values}
    for name, value in given.items():
        lines.append(f"{name} = {list(value) if isinstance(value, tuple) else value!r}")
    if found.joints != "*":
        lines.append(f"derating_joints = {quoted(found.joints)}")
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def headline(scenarios: Sequence[Mapping[str, Any]]) -> str:
    """One line on all of them."""
    bad = [f"'{one['name']}' ({one['state']})" for one in scenarios if one["state"] != "passed"]
    if not bad:
        return f"passed: all {len(scenarios)} scenarios"
    return f"failed: {len(bad)} of {len(scenarios)} scenarios: {', '.join(bad)}"
