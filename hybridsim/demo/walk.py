"""ANYmal C walks by a script from firm onto slippery and soft ground; a page shows what each foot saw.

SYNTHETIC: neither its drives nor these surfaces were identified on a real robot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from jaxtyping import Float

from hybridsim.demo.gait import Gait, script_of
from hybridsim.demo.walker import FALLEN, Commands, run, tilt
from hybridsim.progress import NamedProgress, named
from hybridsim.report.walk_page import write_walk
from hybridsim.robot import load_robot
from hybridsim.simulator.feet import FootTrace
from hybridsim.simulator.surfaces import Surface, kind_of
from hybridsim.walking.legs import Legs

PAGE = "walk.html"
COURSE = (
    kind_of("firm", (-1.5, 0.7, -1.0, 1.0)),
    kind_of("slippery", (0.7, 1.4, -1.0, 1.0)),
    kind_of("soft", (1.4, 3.5, -1.0, 1.0)),
)
"""Level ground in three strips; chosen, because front feet make some steps on each."""
STRIDES = 8
AHEAD, ASIDE = 0.38, 0.30
"""Of a foot from the base's middle, standing [m]; chosen, because legs then stand about upright."""
PERIOD = 0.01
"""Between rows of the script; commands in between are interpolated [s]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """What came of a walk.

    Attributes:
        trace: what each foot saw.
        base: path of the base [m].
        tilt: of the base from upright [rad].
        planned: how far it should have gone [m].
        fell: whether it did; the walk then ends there.
        page: where it is drawn.
        seconds: it took.
    """

    trace: FootTrace
    base: Float[np.ndarray, "time 3"]
    tilt: Float[np.ndarray, " time"]
    planned: float
    fell: bool
    page: Path
    seconds: float

    @property
    def distance(self) -> float:
        """Gone along x [m]."""
        return float(self.base[-1, 0] - self.base[0, 0])

    def __str__(self) -> str:
        end = "it fell" if self.fell else "no fall"
        slid = ", ".join(
            f"{foot} {distance:.2f} m"
            for foot, distance in zip(self.trace.feet, self.trace.distance[-1, 0], strict=True)
        )
        return (
            "SYNTHETIC: neither drives nor surfaces are identified.\n"
            f"ANYmal C walked {self.distance:.2f} m of {self.planned:.2f} m planned in"
            f" {self.trace.time_s[-1]:.1f} s simulated ({self.seconds:.0f} s of computing): {end}.\n"
            f"Feet slid: {slid}.\n"
            f"Page: {self.page}"
        )


def walk(
    out: Path = Path("demo"),
    *,
    surfaces: Sequence[Surface] = COURSE,
    strides: int = STRIDES,
    gait: Gait | None = None,
    progress: NamedProgress | None = None,
) -> Walk:
    """Let ANYmal C walk along x from the origin, and write `walk.html`.

    Args:
        out: folder of the page.
        surfaces: of the ground, all of height 0.
        strides: of every foot.
        gait: how it walks.
        progress: called as progress(done, total, what).
    """
    start, robot = perf_counter(), load_robot("anymal_c")
    if progress is not None:
        progress(0, 1, "planning the steps")
    legs = Legs(robot)
    script = script_of(gait or Gait(), legs.feet, standing(legs), strides, PERIOD)
    commands = Commands.of(legs, script).every(PERIOD, robot.rigid_body.timestep.value)
    trace, base, turns = run(robot, surfaces, commands, named(progress, "walking"))
    done = Walk(
        trace=trace,
        base=base,
        tilt=tilt(turns),
        planned=float(commands.base[-1, 0] - commands.base[0, 0]),
        fell=bool(tilt(turns).max() > FALLEN),
        page=out / PAGE,
        seconds=perf_counter() - start,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_walk(done.page, trace=trace, base=base, surfaces=surfaces, facts=facts(done))
    return done


def standing(legs: Legs) -> Float[np.ndarray, "foot 3"]:
    """Places of the feet around the origin, each on its own side [m]."""
    sides = np.sign(legs.places(np.zeros(len(legs.robot.joints))))
    return sides * [AHEAD, ASIDE, 0.0]


def facts(walk: Walk) -> list[tuple[str, str]]:
    """What stands on top of the page: (what, value)."""
    return [
        ("walked", f"{walk.distance:.2f} m of {walk.planned:.2f} m planned"),
        ("largest tilt of the base", f"{np.degrees(walk.tilt.max()):.1f}°{', FELL' if walk.fell else ''}"),
        ("simulated", f"{walk.trace.time_s[-1]:.1f} s"),
        ("largest load of a foot", f"{walk.trace.load.max():.0f} N"),
    ]
