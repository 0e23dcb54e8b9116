"""How well an actuator network stands for the drive that taught it, on excitations that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.exchange.actuator_contract import ActuatorContract
from hybridsim.exchange.bench import Excitation, Motion, Torque, run
from hybridsim.exchange.subject import Subject
from hybridsim.exchange.torchscript import ImportedActuator

WorldJoint = Float[np.ndarray, "world joint"]


@dataclass(frozen=True)
class HeldOut:
    """Errors on excitations that training has not seen, beside those of the best spring and damper.

    `replayed`: efforts along the drive's own motion [N*m]; `closed_loop`: angles of joints that the network
    moves itself, against those that the drive moves [rad].
    """

    seconds: float
    effort_rms_Nm: float
    replayed_error_rms_Nm: float
    replayed_spring_damper_error_rms_Nm: float
    angle_rms_rad: float
    closed_loop_error_rms_rad: float
    closed_loop_spring_damper_error_rms_rad: float


class SpringDamper:
    """The best effort = K error - D velocity, within the same limit; what Isaac Lab's IdealPDActuator is."""

    def __init__(self, motion: Motion, limit: float) -> None:
        seen = np.stack([motion.error.ravel(), motion.velocity.ravel()], axis=1)
        self.gains, self.limit = np.linalg.lstsq(seen, motion.effort.ravel(), rcond=None)[0], limit

    def reset(self) -> None:
        """It remembers nothing."""

    def effort(self, target: WorldJoint, position: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """On the joints [N*m]."""
        wanted = self.gains[0] * (target - position) + self.gains[1] * velocity
        return np.clip(wanted, -self.limit, self.limit)


def judge(
    subject: Subject,
    joints: Sequence[int],
    network: tuple[Any, ActuatorContract],
    taught: Motion,
    judged: tuple[Motion, Excitation],
) -> HeldOut:
    """Replayed and closed-loop errors, by the very code that runs imported networks.

    Args:
        subject: the drives.
        joints: that the network is for.
        network: the TorchScript module, and its contract.
        taught: what it learned from, for the spring and damper.
        judged: the motion of all drives that it has not seen, and what was done to them.
    """
    module, contract = network
    truth, done = judged[0].of(joints), judged[1].of(joints)
    worlds = truth.error.shape[1]
    dry, viscous = (one[:, joints] for one in subject.friction_of(worlds))
    errors = []
    for one in (
        ImportedActuator(module, contract, worlds, f"{contract.kind} of {contract.joints[0]}"),
        SpringDamper(taught, contract.effort_limit_Nm),
    ):
        moved = run(one, done, (dry, viscous), subject.period)
        errors += [_rms(_replayed(one, truth) - truth.effort), _rms(moved.position - truth.position)]
    return HeldOut(
        seconds=truth.error.size * subject.period,
        effort_rms_Nm=_rms(truth.effort),
        replayed_error_rms_Nm=errors[0],
        replayed_spring_damper_error_rms_Nm=errors[2],
        angle_rms_rad=_rms(truth.position),
        closed_loop_error_rms_rad=errors[1],
        closed_loop_spring_damper_error_rms_rad=errors[3],
    )


def _replayed(torque: Torque, truth: Motion) -> Float[np.ndarray, "sample world joint"]:
    """Efforts along a motion that is given."""
    torque.reset()
    samples = zip(truth.error, truth.velocity, strict=True)
    return np.stack([torque.effort(error, np.zeros_like(error), speed) for error, speed in samples])


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
