"""Many individuals of one robot over time: what each did, what is known of it, and since when."""

from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.fleet.registry.registry import Registry

__all__ = ["Fleet", "Place", "Registry"]
