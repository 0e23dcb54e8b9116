"""Whether policy, task, calibration and scenarios fit each other; nothing is run before that."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from inspect import signature
from typing import Any

from hybridsim.contacts.parameters import has_law
from hybridsim.envs.block import Block, Span
from hybridsim.envs.draws import ANYWHERE, FLOATING
from hybridsim.envs.task import Task
from hybridsim.envs.tasks import task_of
from hybridsim.envs.worlds import Source
from hybridsim.errors import BatteryError, PolicyError, listed
from hybridsim.policy import Policy
from hybridsim.policy.contract import PolicyContract
from hybridsim.sensors import neutral
from hybridsim.simulator.body import bare_body, offered_inertials
from hybridsim.verify.battery import Battery, Scenario
from hybridsim.verify.disturbances import DISTURBANCES

LAYOUT = ("joints", "control_period_s", "terms", "command")
"""Of a contract, what policy and task have to share; how actions become targets is the policy's own."""
NEEDS: Mapping[str, str] = {
    "floating": "a base that floats",
    "ground": "a base that floats on PyBullet's ground",
    "carrier": "payload_link",
    "gyroscope": "a policy that sees angular_velocity",
    "orientation": "a policy that sees gravity",
    "velocity": "a policy that sees joint_velocity",
}


def check_policy(policy: Policy, battery: Battery) -> None:
    """Refuse a policy that the battery is not for.

    Raises:
        PolicyError: it is for another robot or task.
        SimulationError: there is no such task.
    """
    contract, name = policy.contract, battery.name
    for word, wanted in (("robot", battery.robot), ("task", battery.task)):
        given = getattr(contract, word)
        if wanted is not None and given != wanted:
            raise PolicyError(f"policy: its {word} is {given}; expected {wanted}, by battery '{name}'")
    if contract.robot != (robot := task_of(contract.task).robot):
        does = f"{robot}, which does {contract.task}"
        raise PolicyError(f"policy: its robot is {contract.robot}; expected {does}")


def options_of(contract: PolicyContract, battery: Battery) -> dict[str, Any]:
    """Of the task: the battery's, and with a gait where the policy has one."""
    known, found = task_of(contract.task), {"episode_s": battery.episode_s, **battery.options}
    if "prior" in signature(known.kind).parameters:
        found.setdefault("prior", contract.gait_period_s is not None)
    return found


def adopt(task: Task, policy: Policy) -> Task:
    """Let a task run a policy as it was trained.

    Raises:
        PolicyError: its layout is another.
    """
    for name in LAYOUT:
        given, wanted = _layout(policy.contract, name), _layout(task.contract, name)
        if given != wanted:
            raise PolicyError(f"policy: {name} {given}; expected {wanted}, as task {task.name} has it")
    task.contract, task.gait = policy.contract, policy.gait
    return task


def _layout(contract: PolicyContract, name: str) -> str:
    value = getattr(contract, name)
    if name == "command":
        return ", ".join(f"{one.name} [{one.unit}]" for one in value) or "none"
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}"


def check_scenario(scenario: Scenario, source: Source, policy: Policy) -> None:
    """Refuse what this robot or policy cannot have.

    Raises:
        BatteryError: names scenario, key, and what it needs.
    """
    where = f"scenario '{scenario.name}'"
    asked = [*scenario.disturbances, *([scenario.search.key] if scenario.search else [])]
    for key in asked:
        if (needs := DISTURBANCES[key].needs) and not _has(needs, scenario, source, policy):
            who = f"{source.robot.name} has none with {policy.contract.task}"
            raise BatteryError(f"{where}: {key} needs {NEEDS[needs]}; {who}")
    joints = source.robot.joint_names
    if not any(fnmatchcase(name, scenario.derating_joints) for name in joints):
        raise BatteryError(
            f"{where}: no joint is called '{scenario.derating_joints}'; available: {listed(joints)}"
        )
    link, links = scenario.payload_link, [one.name for one in bare_body(source.robot).links]
    if link is not None and link not in links:
        raise BatteryError(f"{where}: no link is called '{link}'; available: {listed(links)}")
    for pattern in scenario.values:
        if not any(fnmatchcase(name, pattern) for name in parameters_of(source)):
            raise BatteryError(
                f"{where}: no parameter in which worlds differ is called '{pattern}'; expected one of this"
                " robot's, such as drive.*.delay"
            )
    if scenario.worst is not None and not _open(source):
        raise BatteryError(f"{where}: worst draws need a calibration with intervals; give --calibration")


def parameters_of(source: Source) -> list[str]:
    """Names of the parameters in which worlds of this robot may differ."""
    kinds = FLOATING if source.robot.urdf.base == "floating" else ANYWHERE
    bodies = [one.name for one in offered_inertials(source.robot)]
    names = dict.fromkeys([*source.values, *bodies, *neutral(source.robot), "world.plane_friction"])
    return [name for name in names if name.startswith(kinds)]


def _has(needs: str, scenario: Scenario, source: Source, policy: Policy) -> bool:
    floats = source.robot.urdf.base == "floating"
    return {
        "floating": floats,
        "ground": floats and not has_law(source.values),
        "carrier": floats or bool(source.robot.payloads) or scenario.payload_link is not None,
        "gyroscope": "angular_velocity" in policy.contract.terms,
        "orientation": "gravity" in policy.contract.terms,
        "velocity": "joint_velocity" in policy.contract.terms,
    }[needs]


def _open(source: Source) -> bool:
    """Whether the calibration leaves anything open."""
    found = source.calibration
    return (
        source.draws is not None
        and found is not None
        and any(one.interval_95 is not None for one in found.parameters.values())
    )


def measures_of(task: Task, source: Source) -> list[str]:
    """Names of what the task measures, from one world of it.

    Raises:
        SimulationError: the calibration's control period is not the task's.
    """
    block = Block(task, source.worlds(task.settings, task.constants, 0), Span(first=0, count=1), 0)
    try:
        block.reset()
        return list(task.measures(block.sim, block.command))
    finally:
        block.close()
