"""What an imported actuator network does to a joint that is held: enough to see a wrong sign or scale."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hybridsim.exchange.torchscript import ImportedActuator

ERROR = 0.1  # rad
SPEED = 1.0  # rad/s
HELD = 0.5  # s, after which drives have answered


@dataclass(frozen=True)
class ActuatorSheet:
    """A network's contract in words, and its efforts on a held joint [N*m].

    `behind`: with the joint behind its target by `ERROR`; `moving`: at its target with speed `SPEED`.
    """

    file: str
    kind: str
    sample_period_s: float
    joints: tuple[str, ...]
    effort_limit_Nm: float
    effort_still_Nm: float
    effort_behind_Nm: float
    effort_moving_Nm: float

    def problems(self) -> list[str]:
        """What looks wrong: a drive pushes towards its target and against its speed."""
        found = []
        if self.effort_behind_Nm <= self.effort_still_Nm:
            found.append("pushes away from its target: is the error target - position?")
        if self.effort_moving_Nm > self.effort_still_Nm:
            found.append("pushes along with the speed: is the order of the inputs right?")
        return found

    def json(self) -> str:
        """As JSON text."""
        return json.dumps({**asdict(self), "problems": self.problems()})

    def __str__(self) -> str:
        lines = [
            f"{self.file}: actuator network, {self.kind}, every {self.sample_period_s:g} s, for"
            f" {', '.join(self.joints)}; at most {self.effort_limit_Nm:g} N*m",
            f"  held {HELD:g} s at its target {self.effort_still_Nm:.4g} N*m, {ERROR:g} rad behind it"
            f" {self.effort_behind_Nm:.4g} N*m, at it with {SPEED:g} rad/s {self.effort_moving_Nm:.4g} N*m",
        ]
        return "\n".join([*lines, *(f"  problem: {one}" for one in self.problems())])


def probe_actuator(path: Path, *, trust: bool) -> ActuatorSheet:
    """Load a network with the contract beside it (same name, .toml), and hold a joint.

    Raises:
        SimulationError: as `ImportedActuator.load`.
    """
    actuator = ImportedActuator.load(path, trust=trust)
    terms = actuator.contract
    steps = max(1, round(HELD / terms.sample_period_s))
    still = np.zeros((1, len(terms.joints)))

    def held(error: float, speed: float) -> float:
        actuator.reset()
        for _ in range(steps):
            found = actuator.effort(still + error, still, still + speed)
        return float(found[0, 0])

    return ActuatorSheet(
        str(path),
        terms.kind,
        terms.sample_period_s,
        terms.joints,
        terms.effort_limit_Nm,
        held(0.0, 0.0),
        held(ERROR, 0.0),
        held(0.0, SPEED),
    )
