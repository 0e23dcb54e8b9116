"""junit.xml, as continuous integration reads it: a suite, a case a scenario, a failure with its words.

The elements and attributes are those that Jenkins' junit-10.xsd and GitLab's parser have in common; the
failure's words stand in its attribute and in its text, because either shows only one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

UNSAFE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")
"""What XML 1.0 cannot hold."""


def junit(verified: Mapping[str, Any]) -> str:
    """The file's text, from what `verify.json` holds."""
    scenarios: Sequence[Mapping[str, Any]] = verified["scenarios"]
    failed = sum(one["state"] != "passed" for one in scenarios)
    counts = {"tests": str(len(scenarios)), "failures": str(failed), "errors": "0"}
    seconds = f"{sum(one['seconds'] for one in scenarios):.3f}"
    name = _safe(f"hybridsim verify {verified['battery']}")
    root = ElementTree.Element("testsuites", {"name": name, "time": seconds, **counts})
    suite = {"name": name, "time": seconds, "skipped": "0", "timestamp": verified["started"], **counts}
    within = ElementTree.SubElement(root, "testsuite", suite)
    facts = ElementTree.SubElement(within, "properties")
    for key in ("policy", "robot", "task", "calibration", "variant", "seed", "code_version"):
        ElementTree.SubElement(facts, "property", {"name": key, "value": _safe(str(verified[key]))})
    for one in scenarios:
        _case(within, verified, one)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, verified: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    """One scenario."""
    place = {"classname": _safe(f"{verified['task']}.{verified['battery']}"), "name": _safe(one["name"])}
    case = ElementTree.SubElement(suite, "testcase", {**place, "time": f"{one['seconds']:.3f}"})
    if one["state"] != "passed":
        words = _safe(one["summary"])
        failure = ElementTree.SubElement(case, "failure", {"message": words, "type": one["state"]})
        failure.text = words
    out = ElementTree.SubElement(case, "system-out")
    out.text = _safe(one["summary"])
    if one.get("video"):
        out.text += f"\n[[ATTACHMENT|{_safe(one['video'])}]]"


def _safe(text: str) -> str:
    return UNSAFE.sub("?", text)
