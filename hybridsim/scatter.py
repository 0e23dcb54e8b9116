"""How parameters differ from log to log of one individual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Kind = Literal["normal", "cross"]


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Steps of parameters from the values that all logs share.

    Attributes:
        sigma: per name how far a log lies off [its unit].
        kind: `normal`: every parameter has a normal step of its own with that standard deviation. `cross`:
            one parameter at a time is off, by just that much up or down: a weight that sits on one side of a
            body whose sides a tracker names anew in every session.
    """

    sigma: Mapping[str, float] = field(default_factory=dict)
    kind: Kind = "normal"

    @property
    def free(self) -> Mapping[str, float]:
        """Standard deviation of what may lie anywhere [their units]."""
        return self.sigma if self.kind == "normal" else {}

    def places(self) -> list[dict[str, float]]:
        """Steps around which a log may lie, equally likely [their units]."""
        still = dict.fromkeys(self.sigma, 0.0)
        if self.kind == "normal" or not self.sigma:
            return [still]
        return [still | {name: side * far} for name, far in self.sigma.items() for side in (1.0, -1.0)]

    def drawn(self, scale: float, random: np.random.Generator) -> dict[str, float]:
        """One log's steps [their units]; `scale` widens normal ones."""
        if self.kind == "normal":
            return {name: scale * sigma * random.standard_normal() for name, sigma in self.sigma.items()}
        places = self.places()
        return places[int(random.random() * len(places))]
