"""Joints on a bench, an inertia each, moved along exciting targets by whatever gives an effort. Synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import Drives
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.simulator.correction import Correction

WorldJoint = Float[np.ndarray, "world joint"]
SampleWorldJoint = Float[np.ndarray, "sample world joint"]


@runtime_checkable
class Torque(Protocol):
    """What gives efforts by where joints are and where they should be; remembers the past."""

    def reset(self) -> None:
        """Forget the past."""

    def effort(self, target: WorldJoint, position: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """On the joints for the next timestep [N*m]; friction not included."""
        ...


@dataclass(frozen=True)
class Excitation:
    """What is done to the joints: targets [rad], efforts from outside [N*m], inertia [kg*m^2] and damping.

    Attributes:
        target: where they are to be.
        load: effort from outside, along the joint.
        inertia: of the body, armature included.
        damping: of the bench itself [N*m*s/rad].
    """

    target: SampleWorldJoint
    load: SampleWorldJoint
    inertia: WorldJoint
    damping: WorldJoint

    def of(self, joints: Sequence[int]) -> Excitation:
        """Of some joints alone."""
        return Excitation(*(one[..., joints] for one in (self.target, self.load, self.inertia, self.damping)))


@dataclass(frozen=True)
class Probed:
    """What a drive shows at a first look.

    Attributes:
        stiffness: effort per error [N*m/rad].
        most: effort that it reaches [N*m].
        least_inertia: of a joint, so that an explicit step is stable [kg*m^2].
        slowness: time by which it answers late [s].
    """

    stiffness: WorldJoint
    most: WorldJoint
    least_inertia: WorldJoint
    slowness: WorldJoint


@dataclass(frozen=True)
class Motion:
    """What came of it: error = target - position [rad], velocity [rad/s], effort [N*m], position [rad]."""

    error: SampleWorldJoint
    velocity: SampleWorldJoint
    effort: SampleWorldJoint
    position: SampleWorldJoint

    def of(self, joints: Sequence[int]) -> Motion:
        """Of some joints alone."""
        return Motion(*(one[..., joints] for one in (self.error, self.velocity, self.effort, self.position)))


class DriveTorque:
    """A calibration's drives, residual included."""

    def __init__(self, drives: Drives, correction: Correction, inertia: WorldJoint) -> None:
        self.drives, self.correction, self._inertia = drives, correction, inertia
        self._none = np.zeros_like(inertia)

    def reset(self) -> None:
        """Shafts at rest at zero."""
        worlds = np.arange(len(self._inertia))
        self.drives.reset(worlds, self.drives.parameters[..., ENCODER_OFFSET])
        self.correction.reset(worlds)

    def effort(self, target: WorldJoint, position: WorldJoint, velocity: WorldJoint) -> WorldJoint:
        """Of the analytic drives and what the networks add, as `simulator.push` puts them together."""
        drives = self.drives
        drives.step(target, position, velocity, self._none, self._inertia)
        self.correction.update(drives, target, drives.effort)
        return drives.effort + self.correction.value


def run(torque: Torque, done: Excitation, friction: tuple[WorldJoint, WorldJoint], h: float) -> Motion:
    """Joints from rest at zero under an excitation.

        (inertia + h (damping + viscous)) v' = inertia v + h (effort + load), less dry friction

    Args:
        torque: what moves them.
        done: to them.
        friction: dry [N*m] and viscous [N*m*s/rad].
        h: timestep [s].
    """
    samples, worlds, joints = done.target.shape
    kept = np.zeros((4, samples, worlds, joints))
    angle, speed = np.zeros((2, worlds, joints))
    dry, viscous = friction
    carried = done.inertia + h * (done.damping + viscous)
    torque.reset()
    for k in range(samples):
        effort = torque.effort(done.target[k], angle, speed)
        kept[:, k] = done.target[k] - angle, speed, effort, angle
        free = (done.inertia * speed + h * (effort + done.load[k])) / carried
        speed = np.sign(free) * np.maximum(np.abs(free) - h * dry / carried, 0.0)
        angle = angle + h * speed
    return Motion(*kept)


def excitation(drive: Probed, samples: int, h: float, rng: np.random.Generator) -> Excitation:
    """Held steps and sums of sines, on inertias that swing at 1 to 10 Hz or as slowly as the drive needs.

    Chosen, because policies hold targets for 20 ms, and because legs and arms under position control swing
    about that fast; amplitudes reach from a twentieth of the error that saturates the drive to all of it.

    Args:
        drive: what is excited.
        samples: how many.
        h: between samples [s].
        rng: chance.
    """
    shape = drive.stiffness.shape
    fast = np.minimum(2 * np.pi * np.exp(rng.uniform(np.log(1.0), np.log(10.0), shape)), 0.5 / drive.slowness)
    inertia = np.maximum(drive.stiffness / fast**2, drive.least_inertia)
    damping = 2 * rng.uniform(0.05, 0.5, shape) * np.sqrt(drive.stiffness * inertia)
    reach = np.minimum(drive.most / drive.stiffness, 1.5) * np.exp(rng.uniform(np.log(0.05), 0.0, shape))
    target = reach * (_steps(samples, shape, h, rng) + _sines(samples, shape, h, rng)) / 2
    target[0] = 0.0  # at rest where the history says so: drives take the first command to have stood for ever
    load = rng.uniform(0.0, 0.3, shape) * drive.most * _sines(samples, shape, h, rng)
    return Excitation(target, load, inertia, damping)


def _sines(samples: int, shape: tuple[int, ...], h: float, rng: np.random.Generator) -> SampleWorldJoint:
    """Sums of four sines of 0.2 to 8 Hz, within -1 to 1, zero at first."""
    time = h * np.arange(samples)[:, None, None]
    total = np.zeros((samples, *shape))
    for _ in range(4):
        rate = 2 * np.pi * np.exp(rng.uniform(np.log(0.2), np.log(8.0), shape))
        phase = rng.uniform(0, 2 * np.pi, shape)
        total += 0.25 * (np.sin(rate * time + phase) - np.sin(phase) * np.exp(-time / 0.2))
    return total


def _steps(samples: int, shape: tuple[int, ...], h: float, rng: np.random.Generator) -> SampleWorldJoint:
    """Random levels within -1 to 1, each row with a time of its own that it holds them."""
    hold = np.maximum(np.exp(rng.uniform(np.log(0.005), np.log(0.2), shape)) / h, 1.0)
    which = (np.arange(samples)[:, None, None] / hold).astype(int)
    levels = rng.uniform(-1.0, 1.0, (which.max() + 1, *shape))
    return np.take_along_axis(levels, which, axis=0)
