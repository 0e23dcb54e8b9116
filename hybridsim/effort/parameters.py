"""A fit's numbers as a calibration's parameters: units, bounds, intervals, and who says so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybridsim.effort.arm import Arm
from hybridsim.effort.certainty import Certainty, certainty
from hybridsim.effort.fit import Found
from hybridsim.effort.inertia import LENGTHS, TEN, about_centre, from_smooth, jacobian
from hybridsim.effort.model import ABOUT_CENTRE, STATED_UNITS, in_signal, term_name
from hybridsim.effort.settings import UNITS, Settings
from hybridsim.effort.terms import Term, terms_of
from hybridsim.parameters import Parameter
from hybridsim.study import EffortRule

WIDE = 1e6  # of a number that has no bound of its own
STEP = 1e-6


def parameters(
    arm: Arm,
    settings: Settings,
    found: Found,
    rule: EffortRule,
    tried: Mapping[str, Mapping[str, float]],
) -> list[Parameter]:
    """Every number of the model, in the order links, terms, gains, settings."""
    return [
        *_links(arm, found),
        *_terms(arm, terms_of(arm, settings), found),
        *_gains(arm, found),
        *_settings(arm, settings, rule, tried),
    ]


def _links(arm: Arm, found: Found) -> list[Parameter]:
    """Mass, centre of mass and inertia about it of every body."""
    listed: list[Parameter] = []
    for b, link in enumerate(arm.links):
        place = slice(TEN * b, TEN * (b + 1))
        smooth = found.point[place]
        values = about_centre(from_smooth(smooth))
        derivative = np.zeros((TEN, len(found.point)))
        derivative[:, place] = _about_centre_by_origin(from_smooth(smooth)) @ jacobian(smooth)
        sure = certainty(found, derivative)
        touching = bool(found.on_bound[place][LENGTHS].any())
        origin = "URDF" if arm.stated[b] else "no physical inertia in the URDF; guessed"
        for k, (word, unit) in enumerate(zip(ABOUT_CENTRE, STATED_UNITS, strict=True)):
            positive = word in ("mass", "ixx", "iyy", "izz")
            listed.append(
                _parameter(
                    f"link.{link}.{word}",
                    float(values[k]),
                    unit,
                    low=0.0 if positive else -WIDE,
                    deviation=float(sure.deviation[k]),
                    identifiable=bool(sure.identifiable[k]),
                    at_bound=touching and word.startswith("i"),
                    source=f"least squares within physical inertias, prior: {origin}",
                )
            )
    return listed


def _about_centre_by_origin(theta: np.ndarray) -> np.ndarray:
    """Derivative of `about_centre`, by differences: it is smooth and small."""
    steps = STEP * np.maximum(np.abs(theta), 1e-3)
    rows = [
        (about_centre(theta + step * unit) - about_centre(theta - step * unit)) / (2 * step)
        for step, unit in zip(steps, np.eye(TEN), strict=True)
    ]
    return np.stack(rows, axis=1)


def _terms(arm: Arm, terms: list[Term], found: Found) -> list[Parameter]:
    """Rotors, friction, ripple and offsets."""
    start = TEN * len(arm.links)
    derivative = np.zeros((len(terms), len(found.point)))
    derivative[:, start : start + len(terms)] = np.eye(len(terms))
    free = np.flatnonzero(arm.free_gain)
    per_torque = np.array([in_signal(term, found.gain) for term in terms])
    values = found.coefficients / per_torque
    derivative /= per_torque[:, None]
    for k, term in enumerate(terms):  # a torque that is read off a current moves with the gain
        if term.mechanical and arm.free_gain[term.joints[0]]:
            entry = start + len(terms) + int(np.searchsorted(free, term.joints[0]))
            derivative[k, entry] = -values[k]
    sure = certainty(found, derivative)
    return [
        _parameter(
            term_name(term, arm.signal),
            0.0 if found.on_bound[start + k] else float(values[k]),
            term.unit if term.mechanical else arm.unit,
            low=0.0 if term.passive else -WIDE,
            deviation=float(sure.deviation[k]),
            identifiable=bool(sure.identifiable[k]),
            at_bound=bool(found.on_bound[start + k]),
            source=f"least squares; {term.meaning}",
        )
        for k, term in enumerate(terms)
    ]


def _gains(arm: Arm, found: Found) -> list[Parameter]:
    """Signal per torque, and which joints share a motor."""
    free = np.flatnonzero(arm.free_gain)
    derivative = np.zeros((len(arm.joints), len(found.point)))
    for place, j in enumerate(free):
        derivative[j, len(found.point) - len(free) + place] = found.gain[j]
    sure: Certainty = certainty(found, derivative)
    unit = "1" if arm.signal == "joint_effort" else "A/(N*m)"
    stated = "held: the signal is the torque" if arm.signal == "joint_effort" else "held: 1 / torque_constant"
    listed = [
        _parameter(
            f"{arm.signal}.{joint}.gain",
            float(found.gain[j]),
            unit,
            low=-WIDE,
            deviation=float(sure.deviation[j]),
            identifiable=bool(sure.identifiable[j]),
            source=(
                "least squares; gain, masses and inertias are known only as products where the logs say no "
                "more"
                if arm.free_gain[j]
                else stated
            ),
        )
        for j, joint in enumerate(arm.joints)
    ]
    for first, second in arm.coupled:
        name = f"{arm.signal}.{arm.joints[second]}.coupled_with.{arm.joints[first]}"
        listed.append(_parameter(name, 1.0, "1", low=-WIDE, source="study: effort.coupled_motors"))
    return listed


def _settings(
    arm: Arm, settings: Settings, rule: EffortRule, tried: Mapping[str, Mapping[str, float]]
) -> list[Parameter]:
    """What was chosen by leaving out blocks of the training part, or given."""
    listed = []
    for name, value in settings.numbers().items():
        key = "velocity" if name == "measured_velocity" else name
        errors = tried.get(key, {})
        source = "given by the study"
        if len(errors) > 1:
            shown = ", ".join(f"{v}: {error:.4f}" for v, error in errors.items())
            source = f"chosen on blocks left out in turn (error over spread: {shown})"
        if name == "delay" and rule.delay_limit > 0:
            source = "found where a fit leaves least error; efforts lag motion by it"
        listed.append(
            _parameter(
                f"{arm.signal}.{name}",
                value,
                UNITS.get(name, "1"),
                low=-WIDE if name == "delay" else 0.0,
                identifiable=len(errors) > 1 or (name == "delay" and rule.delay_limit > 0),
                source=source[:1900],
            )
        )
    return listed


def _parameter(
    name: str,
    value: float,
    unit: str,
    *,
    low: float,
    source: str,
    deviation: float = 0.0,
    identifiable: bool = False,
    at_bound: bool = False,
) -> Parameter:
    """A parameter; its 95 % interval where the logs say something, cut at its bound."""
    interval = None
    if identifiable and deviation > 0 and np.isfinite(deviation):
        interval = (max(value - 1.96 * deviation, low), max(value + 1.96 * deviation, low))
    return Parameter(
        name=name,
        value=value,
        unit=unit,
        low=low,
        high=WIDE,
        source=source,
        interval_95=interval,
        at_bound=at_bound,
        identifiable=identifiable,
    )
