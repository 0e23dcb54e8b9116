"""Worlds that step: drives, rigid body and learned residuals behind one call."""

from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.simulator.sim import HybridSim

__all__ = ["HybridSim", "LogInputs", "log_inputs"]
