"""Made-up tosses of the cube under planted parameters (synthetic)."""

import functools

import numpy as np

from hybridsim.frames import conjugate, rotation_vector
from hybridsim.passive.laid import Paths, Pieces, Starts
from hybridsim.passive.parameters import offered_passive
from hybridsim.passive.pieces import Batch
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.passive.track import Track
from hybridsim.robot import Robot, load_robot

RATE_HZ, STEPS = 148.0, 6
TIMESTEP = 1.0 / (RATE_HZ * STEPS)


@functools.cache
def cube() -> Robot:
    return load_robot("cube")


def prior(**changed: float) -> dict[str, float]:
    """All parameters at their prior but for those given as contact__friction=0.2."""
    values = {p.name: p.value for p in offered_passive(cube())}
    given = {name.replace("__", "."): value for name, value in changed.items()}
    assert set(given) <= set(values), set(given) - set(values)
    return values | given


def random_starts(count: int, seed: int, height: float = 0.15) -> Starts:
    """Thrown sideways and turning, above the ground."""
    random = np.random.default_rng(seed)
    turn = random.normal(size=(count, 4))
    return Starts(
        position=np.c_[np.zeros((count, 2)), np.full(count, height)],
        orientation=turn / np.linalg.norm(turn, axis=1, keepdims=True),
        linear_velocity=random.uniform(-0.8, 0.8, (count, 3)) * [1, 1, 0.2],
        angular_velocity=random.uniform(-5.0, 5.0, (count, 3)),
        joint=np.zeros((count, 0)),
        joint_velocity=np.zeros((count, 0)),
    )


def pieces_of(count: int, seconds: float) -> Pieces:
    """So many pieces at the tosses' rate."""
    samples = int(seconds * RATE_HZ) + 1
    return Pieces(
        world=np.arange(count),
        first=np.arange(count) * samples,
        count=np.full(count, samples),
        time=np.tile(np.arange(samples) / RATE_HZ, count),
        measured=np.zeros(count, bool),
    )


def tossed(values: list[dict[str, float]], starts: Starts, seconds: float) -> tuple[Pieces, Paths]:
    """Where the cube goes, one toss a set of values."""
    pieces = pieces_of(len(values), seconds)
    return pieces, roll(setups_of(cube(), values), pieces, starts, TIMESTEP)


def tracks_of(pieces: Pieces, paths: Paths, lag: bool = True) -> list[Track]:
    """The same as logs; velocities are backward differences, as the real tosses have them."""
    found = []
    for k in range(len(pieces.world)):
        rows = slice(pieces.first[k], pieces.first[k] + pieces.count[k])
        place, turn, time = paths.position[rows], paths.orientation[rows], pieces.time[rows]
        step = np.diff(time)[:, None]
        back = conjugate(turn[:-1])
        linear, angular = np.diff(place, axis=0) / step, rotation_vector(back, turn[1:]) / step
        found.append(
            Track(
                log_id=f"toss-{k}",
                name=f"toss-{k}",
                group=str(k),
                time_s=time[1:] - time[1],
                position=place[1:],
                orientation=turn[1:],
                linear_velocity=linear,
                angular_velocity=angular,
                joint=np.zeros((len(time) - 1, 0)),
                joint_velocity=np.zeros((len(time) - 1, 0)),
                measured_velocity=lag,
            )
        )
    return found


def batch_of(pieces: Pieces, starts: Starts, paths: Paths) -> Batch:
    return Batch(
        pieces=pieces,
        starts=starts,
        position=paths.position,
        orientation=paths.orientation,
        joint=paths.joint,
    )
