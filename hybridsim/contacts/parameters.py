"""The law's coefficients among a calibration's parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybridsim.contacts.law import LAW, Law


def law_of(values: Mapping[str, float], group: str = "contact") -> Law:
    """The coefficients in the table's order, from `contact.<name>`, or `tool.<name>` of what pushes."""
    return np.array([values[f"{group}.{one.name}"] for one in LAW])


def has_law(values: Mapping[str, float]) -> bool:
    """Whether a calibration's parameters hold a contact law."""
    return all(f"contact.{one.name}" in values for one in LAW)
