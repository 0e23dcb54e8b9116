"""What acts on the joints beside the rigid bodies: rotors, friction, ripple, offsets, each one column.

    effort_j = gain_j * (Y_j theta) + sum_k coefficient_k column_k,   k the terms that act on joint j

Coefficients are in the signal's unit; a term that only ever takes energy out has a coefficient of 0 or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from hybridsim.effort.arm import Arm
from hybridsim.effort.settings import Settings

Rows = Float[np.ndarray, "row joint"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One coefficient.

    Attributes:
        name: of the parameter in a calibration; `{signal}` stands for the signal's name.
        unit: of the coefficient per unit of torque, such as N*m*s/rad.
        joints: places of the joints that it acts on.
        passive: whether it may not be negative.
        mechanical: whether it is a torque that the signal's gain turns into the signal; else it is in the
            signal's own unit.
        meaning: in words.
    """

    name: str
    unit: str
    joints: tuple[int, ...]
    passive: bool
    meaning: str
    mechanical: bool = True


def terms_of(arm: Arm, settings: Settings) -> list[Term]:
    """The terms of an arm under some settings, joint by joint, coupled motors last."""
    found: list[Term] = []
    for j, joint in enumerate(arm.joints):
        drive, own = f"drive.{joint}", f"{{signal}}.{joint}"
        found += [
            _passive(f"{drive}.armature", "kg*m^2", j, "rotor inertia, reflected to the joint"),
            _passive(f"{drive}.output_coulomb", "N*m", j, "dry friction"),
            _passive(f"{drive}.output_viscous", "N*m*s/rad", j, "viscous friction"),
            Term(
                name=f"{own}.offset",
                unit="signal",
                joints=(j,),
                passive=False,
                mechanical=False,
                meaning="what the sensor reads at rest and without load",
            ),
        ]
        if settings.presliding_angle > 0:
            found.append(_passive(f"{own}.presliding_friction", "N*m", j, "dry friction that lags reversals"))
        if settings.saturating_speed > 0:
            found.append(_passive(f"{own}.saturating_friction", "N*m", j, "friction that speed builds up"))
        if settings.stribeck_speed > 0:
            found.append(_passive(f"{own}.rest_friction", "N*m", j, "extra friction at rest (Stribeck)"))
        if settings.load_friction:
            found.append(_passive(f"{own}.load_loss", "1", j, "dry friction per rigid-body load"))
        if settings.ripple_order and arm.gear_ratio[j] > 1:
            found += [
                Term(
                    name=f"{own}.ripple_{wave}",
                    unit="N*m",
                    joints=(j,),
                    passive=False,
                    meaning="torque ripple",
                )
                for wave in ("cosine", "sine")
            ]
    return found + _coupled(arm)


def _passive(name: str, unit: str, joint: int, meaning: str) -> Term:
    return Term(name=name, unit=unit, joints=(joint,), passive=True, meaning=meaning)


def _coupled(arm: Arm) -> list[Term]:
    """Inertia and friction of motors that turn with two joints, on both of them."""
    found = []
    for first, second in arm.coupled:
        own, pair = f"drive.{arm.joints[second]}", (first, second)
        words = f"of the motor that turns with {arm.joints[first]} and {arm.joints[second]}"
        for word, unit, what in (
            ("coupled_armature", "kg*m^2", "rotor inertia"),
            ("coupled_coulomb", "N*m", "dry friction"),
            ("coupled_viscous", "N*m*s/rad", "viscous friction"),
        ):
            found.append(
                Term(name=f"{own}.{word}", unit=unit, joints=pair, passive=True, meaning=f"{what} {words}")
            )
    return found


def columns(
    arm: Arm,
    settings: Settings,
    position: Rows,
    velocity: Rows,
    acceleration: Rows,
    load: Rows,
    period: float,
) -> Float[np.ndarray, "row term"]:
    """What each term's coefficient multiplies, in the order of `terms_of`.

    Args:
        arm: the arm.
        settings: laws and their speeds.
        position: in the URDF's joints [rad].
        velocity: [rad/s].
        acceleration: [rad/s²].
        load: effort that the rigid bodies ask for [N·m].
        period: between rows [s].
    """
    found: list[np.ndarray] = []
    for j in range(len(arm.joints)):
        speed = velocity[:, j]
        dry = _dry(speed, settings)
        found += [acceleration[:, j], dry, speed, np.ones_like(speed)]
        if settings.presliding_angle > 0:
            found.append(presliding(speed, settings.presliding_angle, period))
        if settings.saturating_speed > 0:
            found.append(np.tanh(speed / settings.saturating_speed))
        if settings.stribeck_speed > 0:
            found.append(dry * np.exp(-np.square(speed / settings.stribeck_speed)))
        if settings.load_friction:
            found.append(np.abs(load[:, j]) * dry)
        if settings.ripple_order and arm.gear_ratio[j] > 1:
            turn = settings.ripple_order * arm.gear_ratio[j] * position[:, j]
            found += [np.cos(turn), np.sin(turn)]
    for first, second in arm.coupled:
        speed = velocity[:, first] + velocity[:, second]
        found += [acceleration[:, first] + acceleration[:, second], _dry(speed, settings), speed]
    return np.stack(found, axis=1)


def presliding(speed: Float[np.ndarray, " row"], angle: float, period: float) -> Float[np.ndarray, " row"]:
    """Sign of the motion that follows a reversal only over some angle: Dahl's friction of size 1.

        dz/dq = (1 - sign(v) z) / angle, solved exactly from one reversal to the next

    Args:
        speed: of the joint [rad/s].
        angle: over which 63 % of a reversal is done [rad].
        period: between rows [s].

    Source: Dahl 1968, "A solid friction model".
    """
    way = np.where(speed < 0, -1.0, 1.0)
    path = np.concatenate([[0.0], np.cumsum(0.5 * period * np.abs(speed[1:] + speed[:-1]))])
    edges = [0, *(np.flatnonzero(np.diff(way)) + 1).tolist(), len(speed)]
    state, found = float(way[0]), np.empty(len(speed))
    for start, end in pairwise(edges):
        gone = np.exp(-(path[start:end] - path[max(start - 1, 0)]) / angle)
        found[start:end] = way[start] + (state - way[start]) * gone
        state = float(found[end - 1])
    return found


def _dry(speed: np.ndarray, settings: Settings) -> np.ndarray:
    """Sign of the speed, smooth where the joint hardly moves."""
    return np.tanh(speed / settings.sliding_speed)
