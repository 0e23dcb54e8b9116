"""Policies: what they see and command, how they are kept, and how one is run on signals."""

from hybridsim.policy.artefact import Policy
from hybridsim.policy.pilot import Pilot

__all__ = ["Pilot", "Policy"]
