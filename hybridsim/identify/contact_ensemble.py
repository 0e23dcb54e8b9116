"""An ensemble of what logs leave open: the best of many points for other logs of the same kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration.variation import KINDS
from hybridsim.identify.contact import FoundContact
from hybridsim.parameters import Parameter
from hybridsim.progress import Progress

POINTS, MEMBERS = 48, 16
"""Points that are replayed, and bootstrap resamples of the logs that choose among them; chosen, because more
of either changes no resting place by what draws scatter anyway."""
FEWEST_GROUPS = 5
"""Of logs that stay together; chosen, because resamples of fewer are mostly the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Members, and what each was chosen without.

    Attributes:
        members: per searched parameter its values, one a member [its unit].
        unseen: whether a log had no say in a member.
    """

    members: dict[str, tuple[float, ...]]
    unseen: Bool[np.ndarray, "log member"]

    def without(self) -> list[list[int]]:
        """Per log the members that it had no say in; all where it had one in each."""
        every = list(range(self.unseen.shape[1]))
        return [np.flatnonzero(row).tolist() or every for row in self.unseen]


def ensemble(
    found: FoundContact,
    fitted: Sequence[Parameter],
    together: Sequence[str],
    seed: int,
    progress: Progress | None = None,
) -> Ensemble:
    """Values of every searched parameter, one a member, drawn from what the logs leave open.

    Points lie around the one that was found, so wide that their replays are worse by about what chance does.
    Every member is the point under which the logs of one bootstrap resample replay best, so that it keeps
    how parameters trade with each other. Whole groups of logs are drawn, because logs of one group share
    more than the law.

    Args:
        found: where the search ended.
        fitted: the parameters with the intervals that say how wide.
        together: name of each log's group; logs are drawn one by one where groups are few.
        seed: of points and resamples.
        progress: called as progress(done, total).
    """
    random = np.random.default_rng(seed)
    selection, problem = found.problem.selection, found.problem
    points = _around(found, fitted, random)
    scales = [float(cost.mean()) for cost in problem.costs(found.values)]
    costs = []
    for point in points:
        costs.append(problem.by_log(selection.values(point), scales))
        if progress is not None:
            progress(len(costs), len(points))
    weights = _resampled(together, random)
    best = (weights @ np.array(costs).T).argmin(axis=1)
    worlds = [selection.values(points[k]) for k in best]
    searched = {name for own in selection.members.values() for name in own if name.startswith(KINDS)}
    members = {
        p.name: tuple(min(max(world[p.name], p.low), p.high) for world in worlds)
        for p in sorted(selection.offered, key=lambda p: p.name)
        if p.name in searched
    }
    return Ensemble(members=members, unseen=(weights == 0).T)


def _resampled(together: Sequence[str], random: np.random.Generator) -> Int[np.ndarray, "member log"]:
    """How often every log counts in each bootstrap resample of the groups."""
    _, group = np.unique(together, return_inverse=True)
    if group.max() + 1 < FEWEST_GROUPS:
        group = np.arange(len(together))
    count = int(group.max()) + 1
    return random.multinomial(count, np.full(count, 1.0 / count), size=MEMBERS)[:, group]


def _around(
    found: FoundContact, fitted: Sequence[Parameter], random: np.random.Generator
) -> Float[np.ndarray, "point entry"]:
    """The point that was found and others around it, within the bounds; what all worlds share stays."""
    space = found.problem.selection.space
    reach = np.zeros(len(space))
    for k, parameter in enumerate(fitted):
        if parameter.name.startswith(KINDS) and parameter.interval_95 is not None:
            low, high = (_coordinate(found, parameter, end) for end in parameter.interval_95)
            reach[k] = (high - low) / 2
    steps = random.normal(size=(POINTS - 1, len(space))) * reach / np.sqrt(max(len(space), 1))
    return np.clip(np.concatenate([found.point[None], found.point + steps]), 0.0, 1.0)


def _coordinate(found: FoundContact, parameter: Parameter, value: float) -> float:
    """Where a parameter's value lies in the unit cube."""
    space = found.problem.selection.space
    own = {**space.from_vector(found.point), parameter.name: value}
    return float(space.to_vector(own)[space.names.index(parameter.name)])
