"""Sensors on logs: what they should have read by an independent truth, and in which ways they err."""
