"""A loose hand with two sliding jaws that point down, each with a rod across its tip (synthetic)."""

import tomllib
from pathlib import Path

import tomli_w

from hybridsim.resources import find
from hybridsim.robot import Robot, load_robot

LINK = """<link name="{name}"><inertial><origin xyz="0 0 {z}"/><mass value="{mass}"/>
<inertia ixx="1e-3" iyy="1e-3" izz="1e-3" ixy="0" ixz="0" iyz="0"/></inertial>{shape}</link>"""
ROD = """<collision><origin xyz="0 0 -0.1" rpy="1.5707963 0 0"/>
<geometry><capsule radius="0.01" length="0.08"/></geometry></collision>"""
JAW = """<joint name="{name}" type="prismatic"><parent link="palm"/><child link="{name}_jaw"/>
<origin xyz="{x} 0 0"/><axis xyz="{axis} 0 0"/>
<limit lower="-1" upper="1" effort="10" velocity="1"/></joint>"""


def hand(folder: Path) -> Robot:
    """A palm of 1 kg above jaws of 0.1 kg each, whose drives close them; only the jaws touch."""
    parts = [LINK.format(name="palm", mass=1.0, z=0.0, shape="")]
    for name, x, axis in (("left", 0.05, -1), ("right", -0.05, 1)):
        parts += [LINK.format(name=f"{name}_jaw", mass=0.1, z=-0.05, shape=ROD)]
        parts += [JAW.format(name=name, x=x, axis=axis)]
    (folder / "hand.urdf").write_text(f'<robot name="hand">{"".join(parts)}</robot>')
    (folder / "robot.toml").write_text(tomli_w.dumps(table()))
    return load_robot(folder)


def table() -> dict:
    """robot.toml of the hand, from a pendulum's."""
    found = tomllib.loads((find("robots", "xl330_pendulum") / "robot.toml").read_text())
    joint, drive, encoder = found["joint"][0], found["drive"][0], found["encoder"][0]
    found |= {"name": "hand", "urdf": {"path": "hand.urdf", "base": "floating", "source": "a test"}}
    found |= {"joint": [], "drive": [], "encoder": [], "sensor": [], "payload": []}
    for name in ("left", "right"):
        found["joint"].append(joint | {"name": name, "urdf_joint": name})
        effort = {"coupling": "effort", "command": "joint_effort_command", "measured": "joint_effort"}
        effort["stall_effort"] = {"value": 50.0, "unit": "N*m", "source": "a test"}
        found["drive"].append(drive | effort | {"joint": name})
        found["encoder"].append(encoder | {"joint": name})
    found["touch"] = {"links": ["left_jaw", "right_jaw"], "source": "a test"}
    return found
