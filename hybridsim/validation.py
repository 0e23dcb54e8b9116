"""One clear line from pydantic's complaints: the place, what was given, what is expected, what there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

MOST = 3  # complaints named in one message, chosen, because a reader repairs one at a time anyway


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """All complaints of a validation on one line, the first few in words.

    Args:
        error: what pydantic raised.
        model: the model that was validated, to list the keys it knows.
    """
    details = _innermost(error.errors(include_url=False, include_context=False))
    lines = [_sentence(detail, model) for detail in details[:MOST]]
    if len(details) > MOST:
        lines.append(f"and {len(details) - MOST} more")
    return "; ".join(lines)


def _innermost(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without complaints about a place that holds another: a list is too short once its entry is refused."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail, place in zip(details, places, strict=True)
        if not any(len(other) > len(place) and other[: len(place)] == place for other in places)
    ]


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    location = detail["loc"]
    place = _place(location)
    if detail["type"] == "extra_forbidden":
        parent = _model_at(model, location[:-1])
        known = ", ".join(_keys(parent)) if parent else "see the documentation"
        above = _place(location[:-1]) or "top level"
        return f"{above}: unknown key '{location[-1]}'; known keys: {known}"
    if detail["type"] == "missing":
        return f"{_place(location[:-1]) or 'top level'}: key '{location[-1]}' is missing"
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    shown = f" (given: {given!r:.60})" if not isinstance(given, dict | list | BaseModel) else ""
    return f"{place or 'top level'}: {message[:1].lower() + message[1:]}{shown}"


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that a location inside another one is validated by; None where it cannot be told."""
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or current is None:
            continue
        field = next((f for n, f in current.model_fields.items() if part in (f.alias, n)), None)
        if field is None:
            continue  # a key of a mapping, or a union's tag
        current = next(_models(field.annotation), None)
    return current


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
