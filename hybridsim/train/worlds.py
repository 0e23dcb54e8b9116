"""The worlds that a training's settings ask for."""

from __future__ import annotations

from hybridsim.calibration import Calibration
from hybridsim.envs.draws import Spread
from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.envs.worlds import Origin, Size, Source, make_source
from hybridsim.train.settings import Settings


def origin_of(settings: Settings, calibration: Calibration | None = None) -> Origin:
    """Where the worlds come from; `calibration` is the settings' one where it was loaded already."""
    ranges = settings.ranges.items()
    return Origin(
        calibration=calibration or settings.calibration,
        variant=settings.variant,
        drawn=settings.drawn,
        spreads={name: Spread(**one.model_dump(exclude={"together"})) for name, one in ranges},
        together=frozenset(name for name, one in ranges if one.together),
        robot=settings.robot,
    )


def worlds_of(settings: Settings, source: Source, size: Size) -> HybridVectorEnv:
    """So many of them."""
    return make_source(settings.task, source, size=size, seed=settings.seed, options=settings.options)
