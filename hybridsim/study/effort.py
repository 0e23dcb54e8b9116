"""The table `[effort]` of study.toml: how joint efforts are predicted from motion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from hybridsim.study.sections import Count, NotNegative, Positive, Table, Text

Candidates = Annotated[tuple[NotNegative, ...], Field(strict=False, min_length=1, max_length=40)]
Widths = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1, max_length=40)]
Orders = Annotated[
    tuple[Annotated[int, Field(ge=0, le=1000)], ...], Field(strict=False, min_length=1, max_length=40)
]
Steepness = Annotated[
    tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(strict=False, min_length=1, max_length=8)
]
Pair = Annotated[tuple[Text, Text], Field(strict=False)]
Velocity = Literal["measured", "differentiated"]

EFFORT_SIGNALS = ("joint_effort", "motor_current")


class EffortRule(Table):
    """What an arm's efforts are made of, and how much of it the logs may choose.

    A key that lists several values leaves the choice to what is not scored, training and validation logs
    together: blocks of it are left out in turn, and the value is kept that predicts them best. One value
    fixes it.

    Attributes:
        velocity: `measured` reads joint_velocity, `differentiated` the derivative of joint_position.
        acceleration_hz: bandwidth of the zero-phase derivative [1/s]; 0 leaves it open.
        bandwidth_hz: zero-phase low-pass that the recorder put on the effort [1/s]; 0 for none.
        bandwidth_order: of that filter, each way; higher is steeper.
        sliding_speed: speed at which dry friction has all but reached its full size [rad/s].
        saturating_speed: speed over which more friction builds up and stays [rad/s]; 0 for none.
        presliding_angle: angle over which part of the dry friction turns round after a reversal (Dahl)
            [rad]; 0 for none.
        stribeck_speed: speed over which extra friction at rest dies out [rad/s]; 0 for none.
        load_friction: dry friction that grows with the rigid body's load: 0 without, 1 with.
        ripple_order: torque ripple, in periods a turn of the rotor (gear_ratio of robot.toml); 0 for none.
        prior_sigma: width of the prior around the URDF's inertial parameters, in relative terms [1].
        gain: whether signal per torque is `held` (1 for joint_effort, 1 / torque_constant for motor_current)
            or `free`; `auto` frees it for currents whose drive states no torque_constant.
        coupled_motors: pairs of joints; the second one's motor turns with the sum of both joints' speeds,
            so that its inertia and friction act on both.
        delay_limit: largest shift between motion and effort that is looked for [s]; 0 takes them as stamped.
        blocks: of training and validation logs, left out in turn to choose between values.
        most_rows: that a fit reads; longer recordings are filtered and thinned, to 60 rows a second at least.
    """

    velocity: Annotated[tuple[Velocity, ...], Field(strict=False, min_length=1, max_length=2)] = (
        "measured",
        "differentiated",
    )
    acceleration_hz: Candidates = (3.0, 5.0, 8.0, 15.0, 30.0)
    bandwidth_hz: Candidates = (0.0, 1.0, 1.4, 1.8, 2.2, 2.8, 4.0, 6.0, 10.0, 20.0, 40.0)
    bandwidth_order: Steepness = (2, 4)
    sliding_speed: Widths = (0.005, 0.01, 0.02, 0.04, 0.08)
    saturating_speed: Candidates = (0.0, 0.1, 0.2, 0.5)
    presliding_angle: Candidates = (0.0, 0.001, 0.002, 0.004)
    stribeck_speed: Candidates = (0.0, 0.05, 0.2)
    load_friction: Orders = (0, 1)
    ripple_order: Orders = (0,)
    prior_sigma: Widths = (0.1, 0.3, 1.0)
    gain: Literal["auto", "held", "free"] = "auto"
    coupled_motors: Annotated[tuple[Pair, ...], Field(strict=False, max_length=50)] = ()
    delay_limit: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.05
    blocks: Annotated[int, Field(ge=2, le=50)] = 8
    most_rows: Count = 20_000

    @model_validator(mode="after")
    def _switch(self) -> EffortRule:
        if max(self.load_friction) > 1:
            raise ValueError(f"load_friction: {max(self.load_friction)}; expected 0 (without) or 1 (with)")
        return self
