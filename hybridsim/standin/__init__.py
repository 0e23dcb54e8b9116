"""SYNTHETIC: a stand-in for a real ANYmal C, in another engine (MuJoCo) with drives and sensors of its own.

Nobody fitted it by hand and nobody trains on it: what it is made of is drawn from a seed and stays hidden.
Logs of it calibrate a simulator, and a policy that was trained there is tried on it, as on a real robot.
"""

from hybridsim.standin.label import SYNTHETIC, serial_of

__all__ = ["SYNTHETIC", "serial_of"]
