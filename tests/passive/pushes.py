"""Made-up pushes of flat bodies on a table by a rod, under planted parameters (synthetic)."""

from pathlib import Path

import numpy as np

from hybridsim.passive.laid import Paths, Pieces, Starts
from hybridsim.passive.parameters import offered_passive
from hybridsim.passive.pieces import Batch
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.passive.tool_track import ToolTrack, paths_of
from hybridsim.robot import Robot, load_robot

EDGE, THICK, MASS, RADIUS = 0.1, 0.03, 0.6, 0.005
RATE_HZ, STEPS = 100.0, 10
TIMESTEP = 1.0 / (RATE_HZ * STEPS)
TURN = MASS * EDGE**2 / 6  # of a square plate about its middle [kg*m^2]
BOX = f'<box size="{EDGE} {EDGE} {THICK}"/>'
URDF = """
<robot name="plate"><link name="plate">
 <inertial><mass value="{mass}"/><inertia
  ixx="{tip}" ixy="0" ixz="0" iyy="{tip}" iyz="0" izz="{turn}"/></inertial>
 <collision><geometry>{shape}</geometry></collision>
</link></robot>"""
ROBOT = """
schema = 1
name = "plate"
description = "a plate that a rod pushes over a table (synthetic)"
[urdf]
path = "plate.urdf"
base = "floating"
source = "this test"
[rigid_body]
timestep = {{ value = 0.001, unit = "s", source = "chosen for this test" }}
reflected_inertia = "none"
source = "no drive"
[contact]
stiffness = {{ value = 20000, unit = "N/m", source = "chosen for this test" }}
damping = {{ value = 100, unit = "N*s/m", source = "chosen for this test" }}
friction = {{ value = 0.5, unit = "1", source = "chosen for this test" }}
{footing}
{tool}
"""
ROD = f"""
[tool]
shape = "cylinder"
radius = {{ value = {RADIUS}, unit = "m", source = "this test" }}
length = {{ value = 0.1, unit = "m", source = "this test" }}
height = {{ value = 0.06, unit = "m", source = "this test" }}
friction = {{ value = 0.5, unit = "1", source = "chosen for this test" }}
"""
BALL = """
[tool]
shape = "sphere"
radius = { value = 0.01, unit = "m", source = "this test" }
"""


def plate(folder: Path, shape: str = BOX, tool: str = ROD, footing: str = "") -> Robot:
    """The robot in a folder of its own."""
    folder.mkdir(exist_ok=True)
    tip = MASS * (EDGE**2 + THICK**2) / 12
    (folder / "plate.urdf").write_text(URDF.format(mass=MASS, tip=tip, turn=TURN, shape=shape))
    (folder / "robot.toml").write_text(ROBOT.format(tool=tool, footing=footing))
    return load_robot(folder)


def prior(robot: Robot, **changed: float) -> dict[str, float]:
    """All parameters at their prior but for those given as tool__friction=0.2."""
    values = {p.name: p.value for p in offered_passive(robot)}
    given = {name.replace("__", "."): value for name, value in changed.items()}
    assert set(given) <= set(values), set(given) - set(values)
    return values | given


def lying(count: int, **values: float) -> Starts:
    """At rest on the table, as deep in it as its weight presses."""
    deep = MASS * 9.81 / (4 * values.get("stiffness", 2e4))
    return Starts(
        position=np.tile([0.0, 0.0, THICK / 2 - deep], (count, 1)),
        orientation=np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)),
        linear_velocity=np.zeros((count, 3)),
        angular_velocity=np.zeros((count, 3)),
        joint=np.zeros((count, 0)),
        joint_velocity=np.zeros((count, 0)),
    )


def straight(begin: list[float], way: list[float], seconds: float, height: float = 0.06) -> ToolTrack:
    """From a place on along a line: so far a second."""
    time = np.arange(int(seconds * RATE_HZ) + 1) / RATE_HZ
    place = np.array([*begin, height]) + time[:, None] * np.array([*way, 0.0])
    return ToolTrack(time_s=time, position=place, orientation=np.tile([0.0, 0.0, 0.0, 1.0], (len(time), 1)))


def pieces_of(tools: list[ToolTrack], seconds: float) -> Pieces:
    """One piece a tool at the pushes' rate."""
    count, samples = len(tools), int(seconds * RATE_HZ) + 1
    return Pieces(
        world=np.arange(count),
        first=np.arange(count) * samples,
        count=np.full(count, samples),
        time=np.tile(np.arange(samples) / RATE_HZ, count),
        measured=np.zeros(count, bool),
        tool=paths_of(tools, [0.0] * count),
    )


def pushed(
    robot: Robot,
    values: list[dict[str, float]],
    tools: list[ToolTrack],
    seconds: float,
    starts: Starts | None = None,
) -> tuple[Batch, Paths]:
    """Where the plate goes, one push a set of values; from rest where nothing else is said."""
    pieces, starts = pieces_of(tools, seconds), starts or lying(len(tools))
    paths = roll(setups_of(robot, values), pieces, starts, TIMESTEP)
    batch = Batch(
        pieces=pieces,
        starts=starts,
        position=paths.position,
        orientation=paths.orientation,
        joint=paths.joint,
    )
    return batch, paths
