"""What a calibration says of the networks that were judged."""

from __future__ import annotations

from hybridsim.calibration import Gate
from hybridsim.learn.residual import Learned
from hybridsim.robot import Robot


def gates(robot: Robot, learned: Learned | None, unit: str = "rad") -> dict[str, Gate]:
    """The verdict on every drive's network, `signal.component`, in the unit of what it adds."""
    names = [f"{drive.measured}.{drive.joint}" for drive in robot.drives]
    if learned is None:
        return {name: Gate(ships=False, reason="the study learns no residual") for name in names}
    verdicts = [learned.verdict.groups[drive.joint] for drive in robot.drives]
    return {
        name: Gate(
            ships=v.ships,
            unit=unit,
            mean_difference=v.mean_difference,
            interval_95=v.interval_95,
            reason=f"{v.reason}; ships at {share:.0%} of its output" if v.ships else v.reason,
        )
        for name, v, share in zip(names, verdicts, learned.share.tolist(), strict=True)
    }
