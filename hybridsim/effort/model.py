"""The forward model: motion in, joint efforts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.effort.arm import Arm, arm_of
from hybridsim.effort.inertia import about_origin
from hybridsim.effort.kinematics import kinematics, low_pass, shifted
from hybridsim.effort.motion import Motion
from hybridsim.effort.settings import Settings, effort_signal
from hybridsim.effort.terms import Term, columns, terms_of
from hybridsim.errors import CalibrationError, listed
from hybridsim.physics.chain import parameters_of
from hybridsim.physics.kernel import inverse_dynamics
from hybridsim.robot import Robot
from hybridsim.study import EffortRule

Rows = Float[np.ndarray, "row joint"]
ABOUT_CENTRE = ("mass", "com_x", "com_y", "com_z", "ixx", "ixy", "ixz", "iyy", "iyz", "izz")
STATED_UNITS = ("kg", "m", "m", "m", *("kg*m^2",) * 6)


@dataclass(frozen=True, kw_only=True, eq=False)
class EffortModel:
    """Efforts of one arm as a function of its motion.

    Attributes:
        arm: the arm, `chain` with the URDF's bodies.
        settings: laws, filters and the shift in time.
        theta: inertial parameters of all bodies.
        coefficients: of the terms, in the signal's unit.
        gain: signal per torque [unit/(N*m)].
    """

    arm: Arm
    settings: Settings
    theta: Float[np.ndarray, " parameter"]
    coefficients: Float[np.ndarray, " term"]
    gain: Float[np.ndarray, " joint"]

    def predict(self, motion: Motion) -> tuple[Rows, Rows]:
        """Efforts along a log in the signal's unit, and the part of the rigid bodies [N*m]; URDF's signs."""
        position, velocity, acceleration = (np.ascontiguousarray(x) for x in self.moved(motion))
        load = inverse_dynamics(self.arm.with_inertias(self.theta), position, velocity, acceleration)
        effort = self.gain * load
        if len(self.coefficients):
            extra = columns(self.arm, self.settings, position, velocity, acceleration, load, motion.period)
            extra = extra * self.coefficients
            terms = terms_of(self.arm, self.settings)
            for j in range(len(self.arm.joints)):
                effort[:, j] += extra[:, [j in term.joints for term in terms]].sum(axis=1)
        effort = low_pass(effort, self.settings.bandwidth_hz, motion.period, self.settings.bandwidth_order)
        return shifted(effort, self.settings.delay, motion.period), load

    def moved(self, motion: Motion) -> tuple[Rows, Rows, Rows]:
        """Position, velocity and acceleration as the model reads them."""
        return kinematics(motion, self.settings.velocity, self.settings.acceleration_hz)

    def nominal(self) -> EffortModel:
        """The URDF's bodies alone: no rotor, no friction; a gain that nothing states stays as found."""
        return EffortModel(
            arm=self.arm,
            settings=self.settings,
            theta=parameters_of(self.arm.chain),
            coefficients=np.zeros(0),
            gain=np.where(np.isfinite(self.arm.gain), self.arm.gain, self.gain),
        )


def model_of(robot: Robot, values: Mapping[str, float]) -> EffortModel:
    """The model that a calibration's parameters describe.

    Raises:
        CalibrationError: they describe none, or not all of one.
    """
    signal = effort_signal(values)
    if signal is None:
        raise CalibrationError("parameters: none predicts efforts; expected a calibration of a study of them")
    chosen = {name: values.get(f"{signal}.{name}", 0.0) for name in Settings.names()}
    motors = [name.split(".")[1] for name in values if name.endswith(".coupled_armature")]
    arm = arm_of(robot, signal, EffortRule(coupled_motors=_pairs(values, signal, motors)))
    settings = Settings.of(chosen)
    terms = terms_of(arm, settings)
    wanted = [
        *(f"{signal}.{name}" for name in Settings.names()),
        *(f"link.{link}.{word}" for link in arm.links for word in ABOUT_CENTRE),
        *(term_name(term, signal) for term in terms),
        *(f"{signal}.{joint}.gain" for joint in arm.joints),
    ]
    if missing := [name for name in wanted if name not in values]:
        raise CalibrationError(f"parameters: {listed(missing)} missing; expected all of {robot.name}'s")
    stated = np.array([[values[f"link.{link}.{w}"] for w in ABOUT_CENTRE] for link in arm.links])
    gain = np.array([values[f"{signal}.{joint}.gain"] for joint in arm.joints])
    return EffortModel(
        arm=arm,
        settings=settings,
        theta=about_origin(stated).ravel(),
        coefficients=np.array([values[term_name(t, signal)] * in_signal(t, gain) for t in terms]),
        gain=gain,
    )


def term_name(term: Term, signal: str) -> str:
    """What a calibration calls a term's parameter."""
    return term.name.format(signal=signal)


def in_signal(term: Term, gain: Float[np.ndarray, " joint"]) -> float:
    """What turns a term's parameter into its coefficient in the signal's unit."""
    return float(gain[term.joints[0]]) if term.mechanical else 1.0


def _pairs(values: Mapping[str, float], signal: str, motors: list[str]) -> tuple[tuple[str, str], ...]:
    """Joints that share a motor, as `<signal>.<motor>.coupled_with.<joint>` names them."""
    found = []
    for motor in motors:
        start = f"{signal}.{motor}.coupled_with."
        found += [(name.removeprefix(start), motor) for name in values if name.startswith(start)]
    return tuple(found)
