"""Sensors that err as real ones do: bias, drift, scale, noise, delay, clipping, counts, dropouts.

Each kind is a front end (what it would read), one shared line (what happens to every scalar on its way) and,
where its samples are worked on, a back end; parameters are neutral until somebody gives them.
"""

from hybridsim.sensors.fronts import Sources
from hybridsim.sensors.layout import Mounted, channels_in, in_order
from hybridsim.sensors.parameters import TABLES, Described, neutral, offered, sensor_values, sensors_of
from hybridsim.sensors.suite import Sensors

__all__ = [
    "TABLES",
    "Described",
    "Mounted",
    "Sensors",
    "Sources",
    "channels_in",
    "in_order",
    "neutral",
    "offered",
    "sensor_values",
    "sensors_of",
]
