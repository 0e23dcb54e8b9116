"""How near measured bodies are to the ground and to what pushes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from hybridsim.passive.laid import Pieces
from hybridsim.passive.pieces import Batch, batch, whole
from hybridsim.passive.roll import CLEAR, clearance
from hybridsim.passive.setup import Setups, tool_of, world_of
from hybridsim.passive.track import Track
from hybridsim.physics.tree import new_tree_work
from hybridsim.physics.tree_kernel import place
from hybridsim.physics.tree_step import rotation_of
from hybridsim.simulator.pushing import nearness
from hybridsim.simulator.tool_path import moving_at

SPARE = 1
"""Last samples before a touch that are left out; chosen, because trackers smear an impact over one."""
GROUND, TOOL = 0, 1


def buried(setups: Setups, tracks: Sequence[Track], most: float) -> list[str]:
    """One sentence for every track whose first sample lies deeper in ground or tool than `most` [m]."""
    first = batch(tracks, [(k, 0, 1) for k in range(len(tracks))])
    return [
        f"log {track.name} starts {-1e3 * min(low):.0f} mm inside the"
        f" {'ground' if low[GROUND] <= low[TOOL] else 'tool'}; expected at most {1e3 * most:.0f} mm"
        for track, low in zip(tracks, distances(setups, first).tolist(), strict=True)
        if min(low) < -most
    ]


def flying(setups: Setups, tracks: Sequence[Track]) -> np.ndarray:
    """[track] samples before the measured body first comes near the ground, or what pushes it."""
    found = whole(tracks)
    low = distances(setups, found).min(axis=1) < CLEAR
    ends = found.pieces.first + found.pieces.count
    return np.array(
        [
            max(int(np.argmax(low[a:b])) - SPARE, 0) if low[a:b].any() else b - a
            for a, b in zip(found.pieces.first, ends, strict=True)
        ]
    )


def distances(setups: Setups, found: Batch) -> np.ndarray:
    """[sample 2] of the lowest point above ground, and of the robot from the tool, up to `CLEAR` [m]."""
    away = np.empty((len(found.position), 2))
    measure(setups, found.pieces, found.position, found.orientation, found.joint, away)
    return away


@njit(cache=True, nogil=True)
def measure(
    setups: Setups,
    pieces: Pieces,
    position: np.ndarray,
    orientation: np.ndarray,
    joint: np.ndarray,
    out: np.ndarray,
) -> None:
    """As `distances`, at every measured pose, in true units."""
    work, pushed = new_tree_work(setups.worlds.mass.shape[1], joint.shape[1]), len(pieces.tool.time) > 0
    centre = np.empty(3)
    for k in range(len(pieces.world)):
        w = pieces.world[k]
        tree, points, patches = world_of(setups, w)
        solids, rod = tool_of(setups, w)
        for s in range(pieces.first[k], pieces.first[k] + pieces.count[k]):
            rotation_of(orientation[s], work.rotation[0])
            for i in range(3):
                centre[i] = position[s, i] / setups.scale[w, 0]
                for j in range(3):
                    centre[i] += work.rotation[0, i, j] * tree.com[0, j]
            place(tree, centre, work.rotation[0], joint[s], work)
            out[s, GROUND], out[s, TOOL] = clearance(work, points, patches), CLEAR
            if pushed:
                time = pieces.time[s]
                moving = moving_at(pieces.tool, k, time, time, setups.scale[w, 0], 1.0, rod.offset)
                out[s, TOOL] = nearness(work, solids, rod, moving, CLEAR)
