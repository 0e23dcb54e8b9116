"""What a residual network of the drives sees and corrects, the same in training and in the simulator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.networks.contract import NetworkInput, NetworkSpec
from hybridsim.robot import Robot

NETWORK = "drive_residual"

# name, unit, sign; each from the analytic drive's free run, never from a measurement.
INPUTS: tuple[tuple[str, str, str], ...] = (
    ("error", "rad", "command - shaft angle, positive when the command is ahead"),
    ("shaft_speed", "rad/s", "of the analytic shaft, positive along the joint"),
    ("command_rate", "rad/s", "rate of the command, positive along the joint"),
    ("load", "N*m", "effort that the rigid body asks for, positive holds it along the joint"),
    ("angle", "rad", "shaft angle of the analytic drive"),
)
# The same for drives that put an effort on the joint, as commanded.
EFFORT_INPUTS: tuple[tuple[str, str, str], ...] = (
    ("command", "N*m", "effort as commanded, positive along the joint"),
    ("shaft_speed", "rad/s", "of the joint, or of the shaft before a spring, positive along the joint"),
    ("command_rate", "N*m/s", "rate of the command, positive along the joint"),
    ("effort", "N*m", "of the analytic drive on the joint, friction not included"),
    ("angle", "rad", "of the joint, or of the shaft before a spring"),
)
# The same where such a drive follows a position.
PUSHED_INPUTS: tuple[tuple[str, str, str], ...] = (*INPUTS[:3], *EFFORT_INPUTS[3:])
Inputs = tuple[tuple[str, str, str], ...]


def inputs_of(robot: Robot) -> Inputs:
    """What the residual of a robot's drives sees: name, unit and sign."""
    if coupled_by_motion(robot):
        return INPUTS
    effort = {drive.command for drive in robot.drives} == {"joint_effort_command"}
    return EFFORT_INPUTS if effort else PUSHED_INPUTS


def inputs_given(inputs: Inputs = INPUTS) -> tuple[tuple[str, str], ...]:
    """Names and units in the order in which `stack_inputs` lays them out."""
    return tuple((name, unit) for name, unit, _ in inputs)


def coupled_by_motion(robot: Robot) -> bool:
    """Whether the drives carry the body by motion, or push it by effort.

    Raises:
        SimulationError: some do one and some the other.
    """
    couplings = {drive.coupling for drive in robot.drives}
    if len(couplings) > 1:
        raise SimulationError(f"robots/{robot.name}: drives mix couplings; expected motion or effort for all")
    return couplings == {"motion"}


def residual_spec(
    robot: Robot,
    *,
    period: float,
    history: Sequence[float],
    memory: Sequence[float],
    hidden: Sequence[int],
    members: int,
) -> NetworkSpec:
    """The residual of all drives: one network a joint, added to the shaft angle or, coupled by effort, to it.

    Args:
        robot: the design.
        period: between samples [s].
        history: moments of the past that are looked at [s].
        memory: time constants of leaky memories [s].
        hidden: widths of the hidden layers.
        members: of the ensemble.
    """
    taps = tuple(sorted({round(moment / period) for moment in history}))
    inputs = []
    motion = coupled_by_motion(robot)
    for name, unit, sign in inputs_of(robot):
        still = name in ("load", "angle")
        inputs.append(
            NetworkInput(
                name=name,
                unit=unit,
                sign=sign,
                taps=(0,) if still else taps,
                leaks=() if still else tuple(memory),
            )
        )
    return NetworkSpec(
        name=NETWORK,
        target="shaft angle of the analytic drive" if motion else "effort of the analytic drive",
        sample_period=period,
        inputs=tuple(inputs),
        output_unit="rad" if motion else "N*m",
        hidden=tuple(hidden),
        ensemble=members,
        groups=tuple(drive.joint for drive in robot.drives),
    )


def stack_inputs(
    command: Float[np.ndarray, "*row drive"],
    command_before: Float[np.ndarray, "*row drive"],
    shaft: Float[np.ndarray, "*row drive"],
    speed: Float[np.ndarray, "*row drive"],
    load: Float[np.ndarray, "*row drive"],
    period: float,
) -> Float[np.ndarray, "*row drive input"]:
    """Inputs in the order of INPUTS: command and shaft angle as the encoder counts them [rad].

    The stepping loop lays out the same, `recall.look`.
    """
    return np.stack([command - shaft, speed, (command - command_before) / period, load, shaft], axis=-1)
