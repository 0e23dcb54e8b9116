"""Policies as ONNX graphs: scaled observation in, action out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybridsim.exchange.graph import Graph
from hybridsim.exchange.onnx_networks import ExportedNetwork
from hybridsim.exchange.place import new_folder
from hybridsim.policy import Policy
from hybridsim.policy.contract import TERMS, PolicyContract

NAME = "policy"
OBSERVATION = (
    "observation [row, number]: the terms in their order, each number times its term's scale, held within"
    " -10 to 10; see 'terms'"
)
ACTION = (
    "action [row, joint]: target = stance + gait + action_scale * action, held within low and high, in joint"
    " angle [rad], for one control period. gait [1 + command, phase, joint] is linear in the command and"
    " between its rows, which divide gait_period_s evenly; it begins again after that, or stays at its"
    " last row where gait_loops is false"
)


def policy_to_onnx(policy: str | Path | Policy, out: str | Path) -> list[ExportedNetwork]:
    """Write a policy as `<out>/policy.onnx`.

    Args:
        policy: its folder, or a loaded one.
        out: folder to make; must not be there.

    Raises:
        PolicyError: there is none, or it is damaged.
    """
    found = policy if isinstance(policy, Policy) else Policy.load(policy)
    content = policy_model(found)

    def write(folder: Path) -> None:
        (folder / f"{NAME}.onnx").write_bytes(content)

    return [ExportedNetwork(NAME, new_folder(Path(out), write) / f"{NAME}.onnx")]


def policy_model(policy: Policy) -> bytes:
    """The mean action as an ONNX model, opset 17, that carries the policy's contract.

    Error: equals `Policy.action` to 1e-5, tests/exchange/test_onnx_policy.py.
    """
    contract, graph = policy.contract, Graph(NAME)
    centred = graph.add("Sub", "observation", graph.constant(policy.mean))
    x = graph.add("Div", centred, graph.constant(policy.deviation))
    last = len(policy.layers) - 1
    between = "Tanh" if contract.activation == "tanh" else "Elu"
    for n, (weight, bias) in enumerate(policy.layers):
        x = graph.add("MatMul", x, graph.constant(weight.T))
        x = graph.add("Add", x, graph.constant(bias), to="action" if n == last else None)
        x = graph.add(between, x) if n < last else x
    size, joints = contract.observation_size, len(contract.joints)
    shapes: Mapping[str, tuple[str | int, ...]] = {"observation": ("row", size)}
    return graph.model(shapes, {"action": ("row", joints)}, _metadata(policy), f"{OBSERVATION}; {ACTION}")


def _metadata(policy: Policy) -> dict[str, Any]:
    """Whatever somebody needs who has this file alone."""
    given = policy.contract.model_dump(mode="json", by_alias=True, exclude={"weights", "sha256", "terms"})
    found = {name: value for name, value in given.items() if value is not None}
    found["terms"] = [_term(policy.contract, name) for name in policy.contract.terms]
    found |= {"observation": OBSERVATION, "action": ACTION}
    if policy.gait is not None:
        found["gait"] = policy.gait.tolist()
    return found


def _term(contract: PolicyContract, name: str) -> dict[str, Any]:
    term = TERMS[name]
    size = contract.size(name)
    return {"name": name, "size": size, "scale": term.scale, "unit": term.unit, "meaning": term.meaning}
