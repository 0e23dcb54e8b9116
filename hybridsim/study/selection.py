"""From a study's rules and the parameters that the models offer to what is searched, and back."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import ValidationError

from hybridsim.errors import StudyError, listed
from hybridsim.parameters import Parameter, ParameterSpace
from hybridsim.study.sections import ParameterRule
from hybridsim.validation import explain

NAMES_SHOWN = 60  # chosen, because a six-joint arm's offered names fit


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a study identifies of what the models offer.

    Attributes:
        offered: every parameter of the models, values and bounds as the study set them where it did.
        space: what is searched; a shared value is one entry, named by its rule's glob.
        members: per name of `space` the offered names that take its value.
        prior_sigma: per name of `space` that has one, width of the prior around the start [unit; on a log
            scale of the natural logarithm].
        varies: per offered name that varies from log to log, its standard deviation [its unit].
    """

    offered: tuple[Parameter, ...]
    space: ParameterSpace
    members: Mapping[str, tuple[str, ...]]
    prior_sigma: Mapping[str, float]
    varies: Mapping[str, float] = field(default_factory=dict)

    @property
    def fixed(self) -> dict[str, float]:
        """Values of the parameters that are not searched [their units]."""
        searched = {name for names in self.members.values() for name in names}
        return {p.name: p.value for p in self.offered if p.name not in searched}

    def expand(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of `space` to a value for every offered parameter, in the offered order [their units]."""
        given = {name: values[entry] for entry, names in self.members.items() for name in names}
        return {p.name: float(given.get(p.name, p.value)) for p in self.offered}

    def values(self, point: Float[np.ndarray, " entry"]) -> dict[str, float]:
        """Every offered parameter's value at a point of the unit cube [their units]."""
        return self.expand(self.space.from_vector(np.clip(point, 0.0, 1.0)))

    def held(self, name: str, value: float) -> Selection:
        """The same with one parameter of the search held at a value that was found otherwise."""
        offered = tuple(
            p.model_copy(update={"value": value}) if p.name in self.members[name] else p for p in self.offered
        )
        return replace(
            self,
            offered=offered,
            space=ParameterSpace(p for p in self.space.parameters if p.name != name),
            members={entry: names for entry, names in self.members.items() if entry != name},
            prior_sigma={entry: sigma for entry, sigma in self.prior_sigma.items() if entry != name},
        )

    def identified(self, fitted: Iterable[Parameter]) -> tuple[Parameter, ...]:
        """Every offered parameter for a calibration: fitted ones as fitted, the others at their prior.

        Args:
            fitted: one entry per name of `space`, with interval and flags.

        Returns:
            In the offered order; what was not searched has no interval and is flagged unidentifiable.
        """
        by_entry = {parameter.name: parameter for parameter in fitted}
        if missing := set(by_entry) ^ set(self.members):
            raise StudyError(f"parameters: {listed(missing)} missing or unknown among the fitted ones")
        found = {
            name: by_entry[entry].model_copy(update={"name": name})
            for entry, names in self.members.items()
            for name in names
        }
        held = {"identifiable": False, "interval_95": None, "at_bound": False}
        return tuple(found.get(p.name) or p.model_copy(update=held) for p in self.offered)


def select(rules: Sequence[ParameterRule], offered: Sequence[Parameter], where: str) -> Selection:
    """Apply a study's `[[parameter]]` tables to what the models offer.

    Args:
        rules: in the study's order; of several that match a parameter the last one counts.
        offered: unique names with unit, bounds and prior.
        where: the study's file, for messages.

    Raises:
        StudyError: a rule matches nothing (lists what there is) or only what later rules take, its unit is
            another, or the start lies outside the bounds.
    """
    by_name = {parameter.name: parameter for parameter in offered}
    taken = _taken(rules, by_name, where)
    changed, entries, members, sigma, varies = dict(by_name), [], {}, {}, {}
    for rule, names in zip(rules, taken, strict=True):
        own = [_changed(rule, by_name[name], where) for name in names]
        changed |= {parameter.name: parameter for parameter in own}
        if rule.varies is not None:
            varies |= dict.fromkeys(names, rule.varies)
        if not rule.identify:
            continue
        searched = [_shared(rule, own, where)] if rule.shared else own
        for entry in searched:
            entries.append(entry)
            members[entry.name] = tuple(names) if rule.shared else (entry.name,)
            if rule.prior_sigma is not None:
                sigma[entry.name] = rule.prior_sigma
    return Selection(
        offered=tuple(changed.values()),
        space=ParameterSpace(entries),
        members=members,
        prior_sigma=sigma,
        varies=varies,
    )


def _taken(rules: Sequence[ParameterRule], offered: Mapping[str, Parameter], where: str) -> list[list[str]]:
    """Per rule the offered names that are its own, in the offered order."""
    last: dict[str, int] = {}
    for index, rule in enumerate(rules):
        matches = [name for name in offered if fnmatchcase(name, rule.name)]
        if not matches:
            raise StudyError(
                f"{where}: parameter '{rule.name}' matches nothing; available: {listed(offered, NAMES_SHOWN)}"
            )
        last |= dict.fromkeys(matches, index)
    taken = [[name for name in offered if last.get(name) == index] for index in range(len(rules))]
    for rule, names in zip(rules, taken, strict=True):
        if not names:
            raise StudyError(
                f"{where}: parameter '{rule.name}' matches only what later tables take; "
                "remove it or move it down"
            )
    return taken


def _changed(rule: ParameterRule, prior: Parameter, where: str) -> Parameter:
    """An offered parameter under a rule: its bounds, start, scale and source where the rule gives them."""
    if rule.unit != prior.unit:
        raise StudyError(
            f"{where}: parameter '{rule.name}' has unit '{rule.unit}'; "
            f"expected '{prior.unit}' for {prior.name}"
        )
    given: dict[str, Any] = {
        key: value
        for key in ("low", "high", "value", "scale", "source")
        if (value := getattr(rule, key)) not in (None, "")
    }
    fields = {**prior.model_dump(), **given}
    if rule.value is None and (prior.value < fields["low"] or prior.value > fields["high"]):
        raise StudyError(
            f"{where}: parameter '{rule.name}' searches {fields['low']:g} to {fields['high']:g} {rule.unit}; "
            f"expected the prior of {prior.name} inside, {prior.value:g}, or a start given as 'value'"
        )
    try:
        return Parameter.model_validate(fields)
    except ValidationError as error:
        raise StudyError(f"{where}: parameter '{rule.name}': {explain(error, Parameter)}") from None


def _shared(rule: ParameterRule, own: Sequence[Parameter], where: str) -> Parameter:
    """One entry for all parameters of a rule: bounds that suit every one, start at their median."""
    low, high = max(p.low for p in own), min(p.high for p in own)
    scales = {p.scale for p in own}
    if not low < high or len(scales) > 1:
        raise StudyError(
            f"{where}: parameter '{rule.name}' is shared, but its {len(own)} matches have no bounds or "
            "scale in common; give 'low', 'high' and 'scale'"
        )
    value = min(max(statistics.median(p.value for p in own), low), high)
    return own[0].model_copy(update={"name": rule.name, "low": low, "high": high, "value": value})
