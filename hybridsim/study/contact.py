"""The table `[contact]` of study.toml: how bodies that nothing drives are replayed and fitted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hybridsim.scatter import Kind
from hybridsim.study.sections import Count, Positive, Table

PASSIVE_SIGNALS = ("base_position", "base_orientation")

Lengths = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1, max_length=8)]


class ContactRule(Table):
    """What a study of passive bodies fits beside whole logs, and how well states are measured.

    Attributes:
        refine_trials: evaluations of the contact residual's refinement on whole logs.
        scatter: of what `varies` from log to log: `normal` around the value that all share, or `cross`, one
            parameter at a time off by just that much, up or down.
        windows_s: lengths of stretches that restart from measured states [s].
        every_s: between the starts of two such stretches [s].
        position_noise_m: scatter of a measured position in flight [m].
        angle_noise_rad: scatter of a measured orientation in flight [rad].
        linear_velocity_noise_m_s: scatter of the first measured velocity [m/s].
        angular_velocity_noise_rad_s: scatter of the first measured rate [rad/s].
    """

    refine_trials: Count = 100
    scatter: Kind = "normal"
    windows_s: Lengths = (0.2, 0.4)
    every_s: Positive = 0.1
    position_noise_m: Positive = 5e-5
    angle_noise_rad: Positive = 5e-4
    linear_velocity_noise_m_s: Positive = 0.02
    angular_velocity_noise_rad_s: Positive = 0.3
