"""Whether a policy may be released: scenarios, sequential tests, and a search for what breaks it."""

from hybridsim.verify.battery import Battery, read_battery
from hybridsim.verify.run import Asked, verify

__all__ = ["Asked", "Battery", "read_battery", "verify"]
