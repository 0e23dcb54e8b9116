"""Contacts: the law at a touching point, and the impulses that obey it at all points together."""

from hybridsim.contacts.law import LAW, Coefficient

__all__ = ["LAW", "Coefficient"]
