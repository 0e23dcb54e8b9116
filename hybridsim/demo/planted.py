"""What the demo hides in its synthetic arm, and how closely the chain has to find it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One hidden number.

    Attributes:
        name: as a calibration names it.
        value: the truth [unit].
        unit: SI.
        tolerance: largest |found - value| that counts as recovered [unit].
    """

    name: str
    value: float
    unit: str
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A synthetic arm, as the stand-in simulates it and as nothing else may see it.

    Attributes:
        planted: parameters that the analytic models have too.
        stated: what is no secret because study.toml says it too, by the drive parameter's name [its unit].
        cogging: per joint the amplitude a of an effort a sin(n q), which no analytic model has [N*m].
        waves: n, per turn of the joint [1].
        bias: per joint what its encoder's readings are off by in logs [rad].
    """

    planted: Sequence[Planted]
    stated: Mapping[str, float]
    cogging: Mapping[str, float]
    waves: int = 4
    bias: Mapping[str, float] = field(default_factory=dict)

    def values(self) -> dict[str, float]:
        """The planted numbers by name [their units]."""
        return {one.name: one.value for one in self.planted}


def drive_truth(joint: str, numbers: Mapping[str, tuple[float, str, float]]) -> list[Planted]:
    """A drive's hidden numbers from (value, unit, tolerance) by the drive parameter's name."""
    return [
        Planted(name=f"drive.{joint}.{name}", value=value, unit=unit, tolerance=tolerance)
        for name, (value, unit, tolerance) in numbers.items()
    ]


# Chosen, because small servos of this size come like that. Tolerances: delays 2 ms; mass 5 %, gain 6 %,
# damping 10 %, friction 15 %, rotor inertia 20 %; gear losses 0.06; offsets 2 mrad.
ARM = Truth(
    planted=[
        *drive_truth(
            "shoulder",
            {
                "delay": (0.023, "s", 0.002),
                "position_gain": (4.2, "1/rad", 0.25),
                "back_emf": (0.52, "N*m*s/rad", 0.05),
                "armature": (0.024, "kg*m^2", 0.0048),
                "output_coulomb": (0.08, "N*m", 0.012),
                "gear_loss_drive": (0.18, "1", 0.06),
                "command_offset": (0.009, "rad", 0.002),
            },
        ),
        *drive_truth(
            "elbow",
            {
                "delay": (0.031, "s", 0.002),
                "back_emf": (0.31, "N*m*s/rad", 0.03),
                "armature": (0.012, "kg*m^2", 0.0024),
                "output_coulomb": (0.05, "N*m", 0.0075),
                "gear_loss_drive": (0.14, "1", 0.06),
                "command_offset": (-0.006, "rad", 0.002),
            },
        ),
        Planted(name="link.forearm.mass", value=0.26, unit="kg", tolerance=0.013),
    ],
    stated={"gear_loss_back": 0.2},
    cogging={"shoulder": 0.03, "elbow": 0.014},
)
