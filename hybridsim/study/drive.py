"""The table `[drive]` of study.toml: drives that push, fitted along the measured motion."""

from __future__ import annotations

from hybridsim.study.sections import NotNegative, Table

PUSHED_SIGNALS = ("joint_effort",)


class DriveRule(Table):
    """How drives are replayed along logs: commands in, joints where the log has them, efforts out.

    Attributes:
        motion_hz: corner of the zero-phase low-pass on the measured motion [1/s]; 0 takes it as it is. A
            spring's effort is its stiffness times what the encoder errs by, so noise has to be kept out.
        stand: whether the base of a legged robot is weighed in the moments in which it stands still.
    """

    motion_hz: NotNegative = 0.0
    stand: bool = False
