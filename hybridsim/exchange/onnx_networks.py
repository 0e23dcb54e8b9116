"""Residual networks as ONNX graphs: raw features in, ensemble mean and spread out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridsim.calibration import Calibration
from hybridsim.errors import CalibrationError
from hybridsim.exchange.graph import Graph
from hybridsim.exchange.place import new_folder
from hybridsim.networks.contract import NetworkContract
from hybridsim.networks.inference import Networks

FEATURES = (
    "features [row, group, feature]: a row is a world or a moment; groups and features in the order of"
    " 'groups' and 'feature_names', raw, in the inputs' units. 'name[k]' is the input k sample periods ago,"
    " 0 is now; before the first sample stands the first. 'name~Ts' is a leaky memory, T dm/dt = input - m,"
    " exact for an input linear between samples; it starts at the first sample."
)
OUTPUTS = (
    "mean [row, group]: output to add to what 'target' names, in 'output_unit', within the group's bound, 0"
    " beyond the support; spread [row, group]: standard deviation over the ensemble, NaN with one member"
)


@dataclass(frozen=True)
class ExportedNetwork:
    """A network that was written to `path`."""

    name: str
    path: Path


def to_onnx(calibration: str | Path | Calibration, out: str | Path) -> list[ExportedNetwork]:
    """Write every network of a calibration as `<out>/<name>.onnx`.

    Args:
        calibration: a folder, `so101/<id>`, `so101`, or a loaded one.
        out: folder to make; must not be there.

    Raises:
        CalibrationError: it ships no networks, or cannot be read.
    """
    found = calibration if isinstance(calibration, Calibration) else Calibration.load(calibration)
    if not found.networks:
        raise CalibrationError(
            f"calibration {found.id}: ships no networks, parameters alone; expected one with networks"
        )
    record = found.record
    source = {"calibration": found.id, "robot": record.robot, "synthetic": record.synthetic}
    source |= {} if record.serial is None else {"serial": record.serial}
    models = {f"{one.contract.name}.onnx": onnx_model(one, source) for one in found.networks}

    def write(folder: Path) -> None:
        for name, content in models.items():
            (folder / name).write_bytes(content)

    target = new_folder(Path(out), write)
    return [ExportedNetwork(name.removesuffix(".onnx"), target / name) for name in models]


def onnx_model(networks: Networks, source: Mapping[str, Any] | None = None) -> bytes:
    """The networks as an ONNX model, opset 17, that says itself what it may be asked.

        y = gate * s / sqrt(1 + (s / bound)^2),  s = output_scale * raw

    with the gate that fades outside the support, as `networks.kernel` computes it.

    Args:
        networks: with their contract.
        source: where they come from, for the metadata.

    Error: equals `Networks.evaluate` to 1e-6 of the bound, tests/exchange/test_onnx_networks.py.
    """
    contract = networks.contract
    graph = Graph(contract.name)
    scaling = contract.scaling_arrays()
    by_group = graph.add("Transpose", "features", perm=[1, 0, 2])  # [group row feature]
    gate = _gate(graph, by_group, contract)
    raw = _layers(graph, by_group, networks)
    scale, bound = (graph.constant(one[:, None, None]) for one in (scaling.output_scale, scaling.bound))
    wanted = graph.add("Mul", raw, scale)  # [group member row]
    ratio = graph.add("Div", wanted, bound)
    below = graph.add("Sqrt", graph.add("Add", graph.constant(1.0), graph.add("Mul", ratio, ratio)))
    each = graph.add("Mul", graph.add("Div", wanted, below), gate)
    _moments(graph, each, contract.ensemble)
    groups, features = len(contract.groups), len(contract.feature_names)
    shape = ("row", groups)
    return graph.model(
        {"features": ("row", groups, features)},
        {"mean": shape, "spread": shape},
        _metadata(contract, source or {}),
        f"{contract.target}: {OUTPUTS}",
    )


def _gate(graph: Graph, features: str, contract: NetworkContract) -> str:
    """1 inside the support, 0 beyond the fade [group 1 row].

    product over features of 1 - 3 t^2 + 2 t^3,  t = distance outside / fade, in 0..1
    """
    s = contract.scaling_arrays()
    low, high, fade = (graph.constant(one[:, None, :]) for one in (s.low, s.high, 1 / s.fade))
    outside = graph.add("Max", graph.add("Sub", low, features), graph.add("Sub", features, high))
    t = graph.add(
        "Clip", graph.add("Mul", outside, fade), graph.constant(0.0), graph.constant(1.0)
    )  # a NaN stays one, so that the output is NaN too, as the kernel's
    two, three, one = (graph.constant(number) for number in (2.0, 3.0, 1.0))
    slope = graph.add("Sub", three, graph.add("Mul", two, t))
    share = graph.add("Sub", one, graph.add("Mul", graph.add("Mul", t, t), slope))
    gate = graph.add("ReduceProd", share, axes=[2], keepdims=0)
    return graph.add("Unsqueeze", gate, graph.constant([1], int))


def _layers(graph: Graph, features: str, networks: Networks) -> str:
    """Raw outputs of every member [group member row]."""
    s = networks.contract.scaling_arrays()
    center, scale = (graph.constant(one[:, None, :]) for one in (s.center, 1 / s.scale))
    x = graph.add("Mul", graph.add("Sub", features, center), scale)
    x = graph.add("Unsqueeze", x, graph.constant([1], int))  # the same for every member
    last = len(networks.weights) - 1
    for n, (weight, bias) in enumerate(zip(networks.weights, networks.biases, strict=True)):
        x = graph.add("MatMul", x, graph.constant(weight))
        x = graph.add("Add", x, graph.constant(bias[:, :, None, :]))
        x = graph.add("Softsign", x) if n < last else x
    return graph.add("Squeeze", x, graph.constant([3], int))


def _moments(graph: Graph, each: str, members: int) -> None:
    """Mean and sample standard deviation over members, as the outputs [row group]."""
    mean = graph.add("ReduceMean", each, axes=[1], keepdims=1)
    squares = graph.add("ReduceSumSquare", graph.add("Sub", each, mean), axes=[1], keepdims=0)
    over = graph.constant(members - 1)  # one member: 0 / 0, the NaN that is meant
    spread = graph.add("Sqrt", graph.add("Div", squares, over))
    single = graph.add("Squeeze", mean, graph.constant([1], int))
    graph.add("Transpose", single, perm=[1, 0], to="mean")
    graph.add("Transpose", spread, perm=[1, 0], to="spread")


def _metadata(contract: NetworkContract, source: Mapping[str, Any]) -> dict[str, Any]:
    """The contract as metadata_props; what is no text is JSON."""
    inputs = [one.model_dump(mode="json") for one in contract.inputs]
    return {
        "hybridsim.kind": "residual",
        "name": contract.name,
        "target": contract.target,
        "sample_period_s": contract.sample_period,
        "inputs": inputs,
        "feature_names": contract.feature_names,
        "features": FEATURES,
        "groups": contract.groups,
        "outputs": OUTPUTS,
        "output_unit": contract.output_unit,
        "bounds": {entry.group: entry.bound for entry in contract.scaling},
        "support": {
            entry.group: {one.feature: [one.low, one.high] for one in entry.features}
            for entry in contract.scaling
        },
        "ensemble": contract.ensemble,
        "weights_sha256": contract.sha256,
        "source": source,
    }
