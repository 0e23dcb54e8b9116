"""Reading foreign XML: bounded in size, depth and count, no entities, numbers finite."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from hybridsim.errors import RobotError

# Chosen, because the largest URDF of example-robot-data has 0.3 MB, 12 levels and 6,000 elements.
MOST_BYTES = 16 * 2**20
MOST_LEVELS = 64
MOST_ELEMENTS = 200_000
MOST_NAME = 200
LARGEST_NUMBER = 1e18  # files write 1e16 for 'no limit'

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_xml(path: Path) -> Element:
    """The root element of an XML file that nobody vouches for.

    Raises:
        RobotError: unreadable, too big, too deep, malformed, or with a DOCTYPE, entity or external reference.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RobotError(f"{path}: cannot be read ({error.strerror}); expected a URDF file") from error
    if not path.is_file() or size > MOST_BYTES:
        raise RobotError(f"{path}: {size} bytes; expected a URDF file of at most {MOST_BYTES} bytes")
    try:
        return parse_bounded(path)
    except DefusedXmlException as error:
        name = type(error).__name__
        raise RobotError(f"{path}: {name}: DOCTYPE and entities are refused in a URDF") from error
    except (ParseError, ValueError, LookupError) as error:
        raise RobotError(f"{path}: not well-formed XML: {error}") from error
    except OSError as error:
        raise RobotError(f"{path}: cannot be read ({error.strerror})") from error


def parse_bounded(path: Path) -> Element:
    """The root element, given up as soon as the file nests or counts too high."""
    root, depth, count = None, 0, 0
    for event, element in iterparse(path, events=("start", "end"), forbid_dtd=True):
        depth += 1 if event == "start" else -1
        count += event == "start"
        root = element if root is None else root
        if depth > MOST_LEVELS:
            raise RobotError(f"{path}: elements nest deeper than {MOST_LEVELS} levels")
        if count > MOST_ELEMENTS:
            raise RobotError(f"{path}: more than {MOST_ELEMENTS} elements")
    assert root is not None, "a document without elements is a ParseError"
    return root


def text_attribute(element: Element, key: str, where: str) -> str:
    """An attribute that must be there, of sane length and without control characters."""
    value = element.get(key)
    if value is None or not value.strip():
        raise RobotError(f"{where}: <{element.tag}> without '{key}'")
    if len(value) > MOST_NAME * 5 or not value.isprintable():
        raise RobotError(f"{where}: '{key}' of <{element.tag}> is too long or holds control characters")
    return value


def number(element: Element, key: str, where: str, default: float | None = None) -> float:
    """One finite number from an attribute; without a default it must be there."""
    if element.get(key) is None and default is not None:
        return default
    return parsed_number(text_attribute(element, key, where), f"{where}: '{key}' of <{element.tag}>")


def vector(element: Element | None, key: str, where: str, default: tuple[float, ...]) -> np.ndarray:
    """As many finite numbers as the default has, from an attribute of space-separated words."""
    if element is None or element.get(key) is None:
        return np.array(default)
    words = text_attribute(element, key, where).split()
    if len(words) != len(default):
        raise RobotError(
            f"{where}: '{key}' of <{element.tag}> has {len(words)} numbers; expected {len(default)}"
        )
    return np.array([parsed_number(word, f"{where}: '{key}' of <{element.tag}>") for word in words])


def parsed_number(text: str, where: str) -> float:
    """A decimal number, finite and not absurd; Python's own extras (nan, inf, 1_0) are refused."""
    word = text.strip()
    value = float(word) if NUMBER.fullmatch(word) else math.nan
    if not abs(value) <= LARGEST_NUMBER:
        raise RobotError(f"{where}: '{word[:40]}'; expected a finite number of at most {LARGEST_NUMBER:g}")
    return value
