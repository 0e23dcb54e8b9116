"""From a policy and a battery to a verdict and a folder of what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hybridsim import __version__
from hybridsim.errors import BatteryError
from hybridsim.policy import Policy
from hybridsim.progress import NamedProgress
from hybridsim.verify.battery import Battery, Scenario, read_battery
from hybridsim.verify.criteria import Criterion, criteria_of, slug
from hybridsim.verify.episodes import Loaded, Subject, load_subject
from hybridsim.verify.falsify import Broken, falsify
from hybridsim.verify.fit import check_policy, check_scenario, measures_of, options_of
from hybridsim.verify.gate import Plan, Tested, run_gate
from hybridsim.verify.hunt import Hunt
from hybridsim.verify.outputs import Show, before_writing, write_out
from hybridsim.verify.work import Crew
from hybridsim.verify.worst import WorstDraw, worst_draw
from hybridsim.verify.written import broken_entry, headline, tested_entry

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a verification is asked for.

    Attributes:
        policy: folder of it.
        battery: file, or name below robots/.
        calibration: folder or published name; None for the robot's nominal values, of which nothing is drawn.
        variant: of the simulator.
        seed: of everything.
        film: whether worst cases are filmed.
    """

    policy: Path
    battery: str | Path
    calibration: str | None = None
    variant: str = "hybrid"
    seed: int = 0
    film: bool = True


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What came out.

    Attributes:
        result: as verify.json has it.
        folder: with verify.json, junit.xml, report.html and videos; None where none was asked for.
    """

    result: Mapping[str, Any]
    folder: Path | None

    @property
    def passed(self) -> bool:
        """Whether every scenario has passed."""
        return bool(self.result["passed"])

    def json(self) -> str:
        """The result as text."""
        return json.dumps(self.result, indent=1, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        lines = [f"{one['state']:<10} {one['name']}: {one['summary']}" for one in self.result["scenarios"]]
        return "\n".join([*lines, self.result["headline"]])


def verify(
    asked: Asked, out: Path | None = None, *, crew: Crew | None = None, progress: NamedProgress | None = None
) -> Verified:
    """Run a battery of scenarios.

    Args:
        asked: of whom, in which worlds.
        out: folder for what was found, whole or not at all; results of an earlier run there are replaced.
        crew: who runs episodes; None for a process a core.
        progress: called as progress(done, total, what).

    Raises:
        BatteryError: the battery is no such file, or asks for what robot, task or calibration cannot have.
        PolicyError: the policy is damaged, or for another robot, task or layout.
        SimulationError: the calibration's control period is not the task's, or a number is not finite.
        WorkerDied: a worker died twice.
    """
    battery = read_battery(asked.battery)
    subject = subject_of(asked, battery)
    loaded, started = load_subject(subject), datetime.now(UTC)
    hunt, plans = planned(asked, battery, subject, loaded, crew or Crew(), progress)
    before_writing(out)
    worst = {one.name: worst_draw(one, hunt) for one in battery.scenarios if one.worst is not None}
    some = [plan_with(plan, worst.get(plan.scenario.name)) for plan in plans]
    tested = run_gate(some, subject, asked.seed, hunt.crew, progress)
    broken = {one.name: falsify(one, hunt) for one in battery.scenarios if one.search is not None}
    entries = entries_of(battery, tested, worst, broken)
    result = {**facts(asked, battery, loaded, started), "scenarios": entries, **verdict(entries)}
    if out is not None:
        show = Show(tested=tested, broken=broken, battery=battery, hunt=hunt, film=asked.film)
        write_out(out, result, show, progress)
    return Verified(result=result, folder=out)


def subject_of(asked: Asked, battery: Battery) -> Subject:
    """What is verified, once policy and battery fit each other."""
    policy = Policy.load(asked.policy)
    check_policy(policy, battery)
    options = options_of(policy.contract, battery)
    return Subject(
        policy=str(asked.policy),
        calibration=asked.calibration,
        variant=asked.variant,
        options=tuple(options.items()),
    )


def planned(
    asked: Asked,
    battery: Battery,
    subject: Subject,
    loaded: Loaded,
    crew: Crew,
    progress: NamedProgress | None,
) -> tuple[Hunt, list[Plan]]:
    """How every scenario is tested or searched; nothing runs before all of them fit."""
    options = dict(subject.options)
    measures = [slug(name) for name in measures_of(loaded.task(options), loaded.source)]
    limits = criteria_of(battery.episode, measures, f"battery '{battery.name}': episode")
    if bad := [one.key for one in limits if one.measure in ("falls", "failures")]:
        raise BatteryError(f"battery '{battery.name}': episode: {bad[0]} is a share of episodes, not of one")
    plans = []
    for scenario in battery.scenarios:
        check_scenario(scenario, loaded.source, loaded.policy)
        kept = criteria_of(battery.criteria_of(scenario), measures, f"scenario '{scenario.name}': pass")
        if scenario.search is None:
            plans.append(plan_of(battery, scenario, kept, limits))
    hunt = Hunt(
        subject=subject,
        source=loaded.source,
        crew=crew,
        seed=asked.seed,
        limits=limits,
        confidence=battery.confidence,
        told=progress,
    )
    return hunt, plans


def plan_of(
    battery: Battery, scenario: Scenario, criteria: Sequence[Criterion], limits: Sequence[Criterion]
) -> Plan:
    """Of a scenario that is tested."""
    return Plan(
        scenario=scenario,
        criteria=criteria,
        limits=limits,
        most=scenario.episodes or battery.episodes,
        batch=battery.batch,
        confidence=battery.confidence,
    )


def plan_with(plan: Plan, worst: WorstDraw | None) -> Plan:
    """With the draw that a search found."""
    return plan if worst is None else Plan(**{**vars(plan), "own": worst.values})


def entries_of(
    battery: Battery,
    tested: Sequence[Tested],
    worst: Mapping[str, WorstDraw],
    broken: Mapping[str, Broken],
) -> list[dict[str, Any]]:
    """Of all scenarios, in the battery's order."""
    by_name = {one.plan.scenario.name: one for one in tested}
    return [
        broken_entry(one, broken[one.name])
        if one.name in broken
        else tested_entry(by_name[one.name], worst.get(one.name))
        for one in battery.scenarios
    ]


def facts(asked: Asked, battery: Battery, loaded: Loaded, started: datetime) -> dict[str, Any]:
    """What was verified, in which worlds."""
    contract, calibration = loaded.policy.contract, loaded.source.calibration
    return {
        "schema": SCHEMA,
        "policy": str(asked.policy),
        "policy_sha256": contract.sha256,
        "battery": battery.name,
        "robot": contract.robot,
        "task": contract.task,
        "calibration": None if calibration is None else calibration.id,
        "synthetic": contract.lineage.synthetic or (calibration is not None and calibration.record.synthetic),
        "variant": asked.variant if calibration is not None else "nominal",
        "confidence": battery.confidence,
        "episode_s": battery.episode_s,
        "seed": asked.seed,
        "code_version": __version__,
        "started": started.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def verdict(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of all scenarios together."""
    return {"passed": all(one["state"] == "passed" for one in entries), "headline": headline(entries)}
