"""From a clip's joints to a robot's, by their names: a TOML file says how.

    schema = 1
    robot = "anymal_c"                  # whose joints these are
    skeleton = "laikago"                # whose clips it takes; leave out for any
    [clip]
    start_s = 0.625                     # what of the clip counts; the whole one where left out
    loop = true                         # in place of what the clip says
    [base]                              # robots whose base floats
    length_scale = 1.27                 # places times this
    time_scale = 1.127                  # durations times this; else the square root of length_scale
    height = "feet"                     # the lowest foot touches the ground; or "clip"
    [joints.LF_KFE]                     # angle = offset_rad + sum of factor * the clip's angle
    from = { FL_knee = 1.0 }
    offset_rad = 0.44
    source = "why"

With equal Froude numbers v^2 / (g l), robots of other sizes move alike: speeds then grow with the root of the
length, as times do (Alexander 1989, "Optimization and gaits in the locomotion of vertebrates").
A robot's joint that the file leaves out stays at zero; without any, joints whose names agree are taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from hybridsim import resources
from hybridsim.errors import MotionError, listed
from hybridsim.motion.model import Motion
from hybridsim.robot import Robot, load_robot
from hybridsim.toml import read_model

FOLDER = "retarget"
"""Inside a robot's folder: what is shipped, `<skeleton>.toml`."""
Scale = Annotated[FiniteFloat, Field(gt=0.01, lt=100.0)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]


class Table(BaseModel):
    """A table of the file: no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Sum(Table):
    """One joint of the robot."""

    of: dict[str, FiniteFloat] = Field(alias="from", default={})
    offset_rad: FiniteFloat = 0.0
    source: str = ""


class Base(Table):
    """How the base's motion carries over."""

    length_scale: Scale = 1.0
    time_scale: Scale | None = None
    height: Literal["feet", "clip"] = "feet"
    source: str = ""


class Clip(Table):
    """What of a clip counts."""

    start_s: Seconds = 0.0
    end_s: Seconds | None = None
    loop: bool | None = None
    source: str = ""


class Retarget(Table):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    robot: str
    skeleton: str | None = None
    clip: Clip = Clip()
    base: Base = Base()
    joints: Annotated[dict[str, Sum], Field(max_length=200)] = {}

    @property
    def time_scale(self) -> float:
        """By which durations grow."""
        given = self.base.time_scale
        return float(np.sqrt(self.base.length_scale)) if given is None else given

    @property
    def sha256(self) -> str:
        """Of what it says."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()


def read_retarget(path: Path) -> Retarget:
    """The file, checked.

    Raises:
        MotionError: none, no TOML, or a key or value that cannot be; names it.
    """
    return read_model(path, Retarget, MotionError)


def shipped(skeleton: str) -> dict[str, Path]:
    """Files in robots/ for a skeleton, by robot."""
    if Path(skeleton).name != skeleton:
        return {}
    found = {name: resources.find("robots", name) / FOLDER for name in resources.available("robots")}
    files = {name: folder / f"{skeleton}.toml" for name, folder in found.items()}
    return {name: path for name, path in files.items() if path.is_file()}


def identity(motion: Motion, robot: Robot) -> Retarget:
    """A clip of the robot's own joints."""
    joints = {
        name: Sum.model_validate({"from": {name: 1.0}}) for name in robot.joint_names if name in motion.joints
    }
    if not joints:
        raise MotionError(
            f"{motion.name}: its joints are {', '.join(motion.joints)}; robots/{robot.name} has"
            f" {', '.join(robot.joint_names)}; expected a retargeting file that says which is which; shipped"
            f" for {motion.skeleton}: {listed(shipped(motion.skeleton))}"
        )
    return Retarget.model_validate(
        {"schema": 1, "robot": robot.name, "joints": joints, "base": Base(height="clip")}
    )


def robot_for(motion: Motion, retarget: str | Path | None = None) -> str:
    """Name of the robot that a motion is meant for.

    Args:
        motion: as it was read.
        retarget: file that names a robot; else it is the one that was recorded, the only one with all of its
            joints, or the only one that robots/ has a file for.

    Raises:
        MotionError: none or several; lists them.
    """
    if retarget is not None:
        return read_retarget(resources.find("robots", retarget)).robot
    known = resources.available("robots")
    if motion.skeleton in known:
        return motion.skeleton
    own = [name for name in known if set(motion.joints) <= set(load_robot(name).joint_names)]
    found = own or list(shipped(motion.skeleton))
    if len(found) != 1:
        raise MotionError(
            f"{motion.name}: which robot is to imitate it? fitting its joints ({', '.join(motion.joints)}):"
            f" {listed(found)}; expected --robot whose joints have these names, or a retargeting file"
        )
    return found[0]


def map_of(motion: Motion, robot: Robot, given: str | Path | None = None) -> Retarget:
    """How a motion comes to a robot: the given file, names that agree, or a shipped file.

    Raises:
        MotionError: none of these; lists the names. Or the file is for another robot or skeleton.
    """
    if given is None:
        files = shipped(motion.skeleton)
        if robot.name not in files or set(robot.joint_names) & set(motion.joints):
            return identity(motion, robot)
        given = files[robot.name]
    found = read_retarget(resources.find("robots", given))
    if found.robot != robot.name:
        raise MotionError(f"{given}: is for robot {found.robot}; expected one for {robot.name}")
    if found.skeleton not in (None, motion.skeleton):
        raise MotionError(f"{given}: takes clips of {found.skeleton}; {motion.name} is of {motion.skeleton}")
    if not found.joints:
        return found.model_copy(update={"joints": identity(motion, robot).joints})
    if unknown := set(found.joints) - set(robot.joint_names):
        raise MotionError(
            f"{given}: robots/{robot.name} has no joint {listed(unknown)}; available:"
            f" {listed(robot.joint_names)}"
        )
    for name, sum_ in found.joints.items():
        if missing := set(sum_.of) - set(motion.joints):
            raise MotionError(
                f"{given}: [joints.{name}] takes {listed(missing)}; {motion.name} has"
                f" {listed(motion.joints, 40)}"
            )
    return found


def retargeted(motion: Motion, robot: Robot, map_: Retarget) -> Motion:
    """The motion as the robot would make it: all of its joints, within their limits.

    Raises:
        MotionError: less than two frames between `start_s` and `end_s`.
    """
    part = cropped(motion, map_.clip)
    columns = part.columns
    frames = len(part.time_s)
    position = np.stack(
        [_angle(map_.joints.get(name, Sum()), columns, frames) for name in robot.joint_names], axis=1
    )
    limits = np.array([(joint.lower.value, joint.upper.value) for joint in robot.joints])
    place = part.base_position
    return replace(
        part,
        skeleton=robot.name,
        joints=robot.joint_names,
        time_s=part.time_s * map_.time_scale,
        joint_position=np.clip(position, *limits.T),
        base_position=None if place is None else place * map_.base.length_scale,
    )


def cropped(motion: Motion, clip: Clip) -> Motion:
    """What of it counts."""
    time = motion.time_s - motion.time_s[0]
    kept = (time >= clip.start_s - 1e-9) & (time <= (np.inf if clip.end_s is None else clip.end_s) + 1e-9)
    if kept.sum() < 2:
        raise MotionError(
            f"{motion.name}: lasts {motion.duration_s:g} s; {kept.sum()} of its frames lie between start_s"
            f" {clip.start_s:g} and end_s {clip.end_s}; expected two"
        )
    place, turn = motion.base_position, motion.base_orientation
    return replace(
        motion,
        time_s=time[kept] - time[kept][0],
        joint_position=motion.joint_position[kept],
        base_position=None if place is None else place[kept],
        base_orientation=None if turn is None else turn[kept],
        loop=motion.loop if clip.loop is None else clip.loop,
    )


def _angle(sum_: Sum, columns: Mapping[str, np.ndarray], frames: int) -> np.ndarray:
    """One joint's angles [rad]."""
    return sum((factor * columns[name] for name, factor in sum_.of.items()), np.full(frames, sum_.offset_rad))
