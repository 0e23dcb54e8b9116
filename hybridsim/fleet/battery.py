"""The scenarios that a fleet's policy has to go on mastering with a challenger."""

from __future__ import annotations

from pathlib import Path

from hybridsim.fleet.gate import Verdict
from hybridsim.jobs import Engine
from hybridsim.progress import NamedProgress
from hybridsim.verify import Asked, verify
from hybridsim.verify.work import Crew


def with_battery(
    verdict: Verdict,
    *,
    policy: Path,
    battery: str,
    challenger: Path,
    engine: Engine,
    progress: NamedProgress | None,
) -> Verdict:
    """A verdict and what a battery of scenarios adds to it.

    Args:
        verdict: of the replays.
        policy: folder of the policy that the fleet runs.
        battery: file, or name below robots/.
        challenger: folder of the calibration whose worlds it runs in.
        engine: where episodes run.
        progress: called as progress(done, total, what).
    """
    asked = Asked(policy=policy, battery=battery, calibration=str(challenger), film=False)
    found = verify(asked, crew=Crew(engine=engine), progress=progress)
    scenarios = {one["name"]: one["state"] for one in found.result["scenarios"]}
    failed = [f"scenario '{name}' {state}" for name, state in scenarios.items() if state != "passed"]
    against = [*verdict.reasons, *failed]
    if not found.passed and not failed:
        against.append(found.result["headline"])
    return Verdict(
        passed=not against, evidence={**verdict.evidence, "against": against, "scenarios": scenarios}
    )
