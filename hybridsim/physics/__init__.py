"""Rigid bodies: URDFs read safely, PyBullet worlds with its traps disarmed, and a fast dynamics kernel."""
