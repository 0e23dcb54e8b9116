"""What a model of efforts is built with: one value for each key of the study's table `[effort]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from hybridsim.study import EFFORT_SIGNALS, EffortRule

UNITS = {
    "acceleration_hz": "1/s",
    "bandwidth_hz": "1/s",
    "sliding_speed": "rad/s",
    "presliding_angle": "rad",
    "saturating_speed": "rad/s",
    "stribeck_speed": "rad/s",
    "delay": "s",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """See `EffortRule` for each; `delay` is how much later than the motion efforts are stamped [s]."""

    velocity: Literal["measured", "differentiated"]
    acceleration_hz: float
    bandwidth_hz: float
    bandwidth_order: int
    sliding_speed: float
    saturating_speed: float
    presliding_angle: float
    stribeck_speed: float
    load_friction: int
    ripple_order: int
    prior_sigma: float
    delay: float = 0.0

    @classmethod
    def first(cls, rule: EffortRule) -> Settings:
        """The middle of every list, laws switched off where that is offered."""
        chosen = {}
        for field in fields(cls):
            if field.name == "delay":
                continue
            values = getattr(rule, field.name)
            chosen[field.name] = values[0] if 0 in values else values[len(values) // 2]
        if len(rule.bandwidth_hz) > 1 and chosen["bandwidth_hz"] == 0:
            chosen["bandwidth_hz"] = rule.bandwidth_hz[len(rule.bandwidth_hz) // 2]
        return cls(**{**chosen, "velocity": rule.velocity[0]})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of the numbers that a calibration keeps."""
        return ("measured_velocity", *(field.name for field in fields(cls) if field.name != "velocity"))

    def numbers(self) -> dict[str, float]:
        """All of it as numbers, as a calibration keeps them."""
        found = {f.name: float(getattr(self, f.name)) for f in fields(self) if f.name != "velocity"}
        return {"measured_velocity": float(self.velocity == "measured"), **found}

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> Settings:
        """The other way round."""
        given = dict(numbers)
        measured = given.pop("measured_velocity")
        steep, load, ripple = (
            int(given.pop(name)) for name in ("bandwidth_order", "load_friction", "ripple_order")
        )
        return cls(
            velocity="measured" if measured else "differentiated",
            bandwidth_order=steep,
            load_friction=load,
            ripple_order=ripple,
            **given,
        )


def effort_signal(names: Mapping[str, object]) -> str | None:
    """The signal that a calibration's parameters predict; None where they predict none."""
    return next((signal for signal in EFFORT_SIGNALS if f"{signal}.bandwidth_hz" in names), None)
