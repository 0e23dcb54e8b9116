"""ONNX graphs, built node by node: what every export to ONNX shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hybridsim import __version__

# Chosen, because onnxruntime reads them since 1.13 (2022), and nothing newer is needed.
OPSET, IR_VERSION = 17, 8


class Graph:
    """Nodes of a float32 graph; values go by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, kind: type = np.float32) -> str:
        """A value that the graph holds; returns its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, operator: str, *inputs: str, to: str | None = None, **attributes: Any) -> str:
        """A node; returns the name of its output, which is `to` where that is given."""
        output = to or f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def model(
        self,
        inputs: Mapping[str, tuple[str | int, ...]],
        outputs: Mapping[str, tuple[str | int, ...]],
        metadata: Mapping[str, Any],
        doc: str,
    ) -> bytes:
        """The checked model, serialised.

        Args:
            inputs: shapes by name; a word is a length that is free.
            outputs: the same.
            metadata: goes to metadata_props; what is no text is written as JSON.
            doc: what the graph computes, in words.
        """
        given, made = ([_float(*one) for one in part.items()] for part in (inputs, outputs))
        graph = helper.make_graph(self._nodes, self.name, given, made, self._constants, doc)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="hybridsim",
            producer_version=__version__,
        )
        helper.set_model_props(model, {key: _text(value) for key, value in metadata.items()})
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()


def _float(name: str, shape: tuple[str | int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
