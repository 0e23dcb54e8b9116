"""Whether policies trained on a calibration do better on the robot: from bags to a report. SYNTHETIC."""
