"""Quantised ONNX files, put together piece by piece, and how far our integers may be from ONNX Runtime's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.frontends.onnx import read_onnx
from lilliput.compiler.graph import Array, Graph
from lilliput.core.errors import LilliputError
from tests.compiler.frontends.onnx.models import helper, in_steps, integer_outputs, model, runtime

IMAGE = (1, 4, 7, 6)
ROWS = 12


class Writer:
    """Collects the nodes and constants of a quantised file."""

    def __init__(self, unsigned: bool) -> None:
        self.type = np.uint8 if unsigned else np.int8
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}

    def scale(self, name: str, low: float, high: float) -> list[str]:
        """Names of a scale and a zero point for [low, high]."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = np.float32((high - low) / 255)
        least = np.iinfo(self.type).min
        self.constants |= {f"{name}_s": np.array(scale), f"{name}_z": np.array(round(least - low / scale), self.type)}
        return [f"{name}_s", f"{name}_z"]

    def around(self, name: str, low: float, high: float) -> str:
        """`name` quantised and dequantised."""
        scale = self.scale(name, low, high)
        self.nodes.append(helper.make_node("QuantizeLinear", [name, *scale], [f"{name}_q"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *scale], [f"{name}_dq"]))
        return f"{name}_dq"

    def weights(self, name: str, real: Array, axis: int | None) -> list[str]:
        """int8 weights with their scales: names of the integers, the scale and the zero point."""
        across = tuple(i for i in range(real.ndim) if i != axis)
        scale = (np.abs(real).max(axis=across, keepdims=True) / 127).astype(np.float32)
        integers = np.clip(np.rint(real / scale), -127, 127).astype(np.int8)
        flat = scale.reshape(-1) if axis is not None else scale.reshape(())
        self.constants |= {name: integers, f"{name}_s": flat, f"{name}_z": np.zeros(flat.shape, np.int8)}
        return [name, f"{name}_s", f"{name}_z"]

    def dequantised(self, name: str, real: Array, axis: int | None) -> str:
        """Weights behind a DequantizeLinear."""
        more = {} if axis is None else {"axis": axis}
        self.nodes.append(helper.make_node("DequantizeLinear", self.weights(name, real, axis), [f"{name}_dq"], **more))
        return f"{name}_dq"

    def bias(self, name: str, real: Array, scale: Array) -> str:
        """An int32 bias in steps of `scale`, behind a DequantizeLinear."""
        steps = np.broadcast_to(scale, real.shape) if np.ndim(scale) else scale
        self.constants |= {name: np.rint(real / steps).astype(np.int32), f"{name}_s": np.asarray(steps, np.float32)}
        self.nodes.append(
            helper.make_node(
                "DequantizeLinear", [name, f"{name}_s"], [f"{name}_dq"], **({"axis": 0} if np.ndim(steps) else {})
            )
        )
        return f"{name}_dq"

    def file(self, inputs: Mapping[str, Sequence[int]], output: str, opset: int = 17) -> bytes:
        return model(self.nodes, inputs, {output: None}, self.constants, opset=opset)


def differs(data: bytes, *x: Array, steps: int = 1, stages: Sequence[str] = ()) -> Graph:
    """Hold the integer graph to ONNX Runtime within `steps`, and give it."""
    graph, stage = read_onnx(data)
    assert stage == "integer"
    for mine, theirs in zip(integer_outputs(graph, *x), in_steps(graph, runtime(data, *x)), strict=True):
        assert mine.shape == theirs.shape
        assert len(np.unique(mine)) > 5
        assert np.abs(mine.astype(int) - theirs).max() <= steps
    for op in stages:
        assert op in [node.op for node in graph.nodes]
    return graph


def refusal(w: Writer, output: str, inputs: Mapping[str, Sequence[int]] | None = None) -> LilliputError:
    with pytest.raises(LilliputError) as caught:
        read_onnx(w.file(inputs or {"x": IMAGE}, output))
    return caught.value
