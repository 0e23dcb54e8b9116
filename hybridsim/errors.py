"""The errors that a user of hybridsim can cause, and nothing else.

A message reads `<where>: <what was given>; expected <...>; available: <...>`. Mistakes of ours are `assert`s.
"""

from __future__ import annotations

from collections.abc import Iterable


class HybridSimError(Exception):
    """What was given cannot be used; the message says what was expected and what there is."""

    def __str__(self) -> str:
        """The message on one line, as the command line prints it."""
        return " ".join(super().__str__().split())


class RobotError(HybridSimError):
    """A robot description or its URDF is wrong, missing or unsafe."""


class LogError(HybridSimError):
    """A log or a log store is wrong, missing or of another robot."""


class SpecError(HybridSimError):
    """An ingest specification does not fit itself or its source."""


class StudyError(HybridSimError):
    """A study asks for what does not exist, or contradicts itself."""


class CalibrationError(HybridSimError):
    """A calibration artefact is damaged, too new or does not fit."""


class PolicyError(HybridSimError):
    """A policy is damaged, or of another robot, task or layout."""


class MotionError(HybridSimError):
    """A reference motion is damaged, or does not fit the robot that is to imitate it."""


class BatteryError(HybridSimError):
    """A battery of scenarios contradicts itself, or asks for what its robot or task cannot have."""


class SimulationError(HybridSimError):
    """A simulation was asked for the impossible or left the finite numbers."""


class ResourceError(HybridSimError):
    """A named robot, data set or calibration is not there, or its download failed."""


class JobError(HybridSimError):
    """One of many jobs failed; the message names its item."""


class WorkerDied(JobError):
    """A process that worked on a job is gone: killed, out of memory, or crashed."""


def listed(names: Iterable[object], most: int = 20) -> str:
    """Names for an error message: sorted, comma-separated, at most `most` of them, or 'none'."""
    words = sorted(str(name) for name in names)
    if len(words) > most:
        words = [*words[:most], f"and {len(words) - most} more"]
    return ", ".join(words) or "none"


class FleetError(HybridSimError):
    """A fleet's registry is out of reach or too new, or is asked for what it does not have."""
