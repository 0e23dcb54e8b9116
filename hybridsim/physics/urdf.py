"""Reading a URDF into a `RigidModel`. The file may be broken or hostile; the error names link or joint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from hybridsim.errors import RobotError, listed
from hybridsim.physics.elements import parse_joint, parse_link
from hybridsim.physics.model import Joint, Link, RigidModel
from hybridsim.physics.xml_source import read_xml

# Chosen, because Bullet holds 128 joints a body; a merged robot has far fewer than its file.
MOST_LINKS = 1000


def load_urdf(path: Path | str, root: Path | str | None = None) -> RigidModel:
    """Read a URDF that nobody vouches for.

    Args:
        path: of the URDF file.
        root: folder that no mesh path may leave; None: the package around the URDF, else the URDF's folder.

    Returns:
        The robot, fixed links not yet merged (see `merge_fixed`). A link without `<inertial>` weighs nothing.

    Raises:
        RobotError: one line that names the file and the link or joint at fault.
    """
    urdf = Path(path)
    robot = read_xml(urdf)
    if robot.tag != "robot":
        raise RobotError(f"{urdf}: root element <{robot.tag[:40]}>; expected <robot> (expand xacro first)")
    folder = None if root is None else Path(root)
    links = tuple(parse_link(element, urdf, folder) for element in robot.findall("link"))
    joints = tuple(parse_joint(element, urdf) for element in robot.findall("joint"))
    check_tree(urdf, links, joints)
    return RigidModel(robot.get("name") or urdf.stem, links, joints)


def check_tree(urdf: Path, links: tuple[Link, ...], joints: tuple[Joint, ...]) -> None:
    """Names unique, parents and children known, one root, every link reached from it."""
    names = [link.name for link in links]
    if not 1 <= len(names) <= MOST_LINKS:
        raise RobotError(f"{urdf}: {len(names)} links; expected 1 to {MOST_LINKS}")
    refuse_repeated(urdf, "link", names)
    refuse_repeated(urdf, "joint", (joint.name for joint in joints))
    for joint in joints:
        unknown = {joint.parent, joint.child} - set(names)
        if unknown:
            raise RobotError(
                f"{urdf}: joint '{joint.name}' names link '{min(unknown)}'; available: {listed(names)}"
            )
    refuse_repeated(urdf, "child link of several joints:", (joint.child for joint in joints))
    roots = set(names) - {joint.child for joint in joints}
    if len(roots) != 1:
        raise RobotError(f"{urdf}: {len(roots)} root links ({listed(roots)}); expected one, and no cycle")
    reached, waiting = set(), list(roots)
    while waiting:
        reached.add(name := waiting.pop())
        waiting += [joint.child for joint in joints if joint.parent == name]
    if reached != set(names):
        raise RobotError(f"{urdf}: a cycle of joints holds links {listed(set(names) - reached)}")


def refuse_repeated(urdf: Path, what: str, names: Iterable[str]) -> None:
    """Refuse a name that occurs twice."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise RobotError(f"{urdf}: {what} '{repeated[0]}' occurs twice; expected unique names")
