"""One of our int8 graphs as an ONNX model with the same weights and scales, for ONNX Runtime.

Every activation is an int8 (or uint8) tensor between QuantizeLinear and DequantizeLinear, the form that ONNX Runtime
fuses into its integer operators. Images are (N, C, H, W) there; the batch is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lilliput.compiler.graph import Array, Graph, Node, Value

Codes = Literal["int8", "uint8"]
OPSET = 17


def to_onnx(graph: Graph, codes: Codes = "int8") -> bytes:
    """The serialised ONNX model of an int8 graph.

    Args:
        graph: an integer graph of the operators below.
        codes: type of the activations; uint8 codes are the int8 ones plus 128.

    Raises:
        ValueError: an operator has no counterpart here.
    """
    return _Writer(graph, codes).model().SerializeToString()


def to_channels_first(codes: Array, kind: Codes) -> Array:
    """Our codes as ONNX Runtime takes them: images channels first, 128 higher for uint8."""
    moved = np.moveaxis(codes, -1, 1) if codes.ndim == 4 else codes
    return np.ascontiguousarray(moved if kind == "int8" else (moved.astype(np.int16) + 128).astype(np.uint8))


def from_channels_first(codes: Array) -> Array:
    """The way back."""
    moved = np.moveaxis(codes, 1, -1) if codes.ndim == 4 else codes
    return moved if codes.dtype == np.int8 else (moved.astype(np.int16) - 128).astype(np.int8)


class _Writer:
    """Collects nodes and initialisers. `real` maps the name of one of our values to its dequantised ONNX tensor."""

    def __init__(self, graph: Graph, codes: Codes) -> None:
        self.graph, self.codes = graph, codes
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.real: dict[str, str] = {}
        self.ops: dict[str, Callable[[Node, Value, Value], str]] = {
            "conv2d": self._conv, "depthwise_conv2d": self._conv, "fully_connected": self._gemm, "add": self._add,
            "avg_pool2d": self._pool, "max_pool2d": self._pool, "mean": self._mean, "softmax": self._softmax,
            "reshape": self._reshape, "pad": self._pad,
        }  # fmt: skip

    def model(self) -> onnx.ModelProto:
        graph, kind = self.graph, onnx.TensorProto.INT8 if self.codes == "int8" else onnx.TensorProto.UINT8
        for name in graph.inputs:
            self.real[name] = self._dequantise(f"{name}_q", graph.values[name])
        for node in graph.nodes:
            if node.op not in self.ops:
                raise ValueError(f"{node.op} at {node.name!r} has no counterpart here")
            x, y = graph.values[node.inputs[0]], graph.values[node.output]
            made = self._activated(node, self.ops[node.op](node, x, y))
            scale, zero = self._scale(y)
            self.node("QuantizeLinear", [made, scale, zero], {}, f"{y.name}_q")
            self.real[y.name] = self._dequantise(f"{y.name}_q", y)
        ports = [
            [helper.make_tensor_value_info(f"{n}_q", kind, ["N", *_shape(graph.values[n])]) for n in names]
            for names in (graph.inputs, graph.outputs)
        ]
        made_graph = helper.make_graph(self.nodes, graph.name or "graph", ports[0], ports[1], self.tensors)
        model = helper.make_model(made_graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def node(self, op: str, inputs: Sequence[str], attrs: dict[str, Any], output: str = "") -> str:
        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attrs))
        return name

    def constant(self, array: Array) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def _scale(self, value: Value) -> tuple[str, str]:
        zero = value.zero_point + (0 if self.codes == "int8" else 128)
        return self.constant(np.float32(value.scale)), self.constant(np.array(zero, self.codes))

    def _dequantise(self, tensor: str, value: Value) -> str:
        return self.node("DequantizeLinear", [tensor, *self._scale(value)], {})

    def _activated(self, node: Node, tensor: str) -> str:
        activation = node.attrs.get("activation", "none")
        if activation == "relu":
            return self.node("Relu", [tensor], {})
        if activation == "relu6":
            limits = [self.constant(np.float32(0)), self.constant(np.float32(6))]
            return self.node("Clip", [tensor, *limits], {})
        if activation != "none":
            raise ValueError(f"activation {activation} at {node.name!r} has no counterpart here")
        return tensor

    def _weights(self, node: Node, layout: Callable[[Array], Array]) -> list[str]:
        """Weights with their output channels first, and the bias, both dequantised."""
        x, w, *rest = self.graph.ins(node)
        assert w.data is not None
        assert w.quant is not None
        data = layout(w.data)
        scales = np.broadcast_to(np.array(w.quant.scale, np.float32), (len(data),))
        factors = self.constant(scales), self.constant(np.zeros(len(data), np.int8))
        names = [self.node("DequantizeLinear", [self.constant(data), *factors], {"axis": 0})]
        for bias in rest:
            scale = self.constant((scales.astype(np.float64) * x.scale).astype(np.float32))
            parts = [self.constant(np.asarray(bias.data)), scale, self.constant(np.zeros(len(data), np.int32))]
            names.append(self.node("DequantizeLinear", parts, {"axis": 0}))
        return names

    def _conv(self, node: Node, x: Value, y: Value) -> str:
        depthwise = node.op == "depthwise_conv2d"
        weights = self._weights(node, lambda w: w.transpose(3, 0, 1, 2) if depthwise else w.transpose(0, 3, 1, 2))
        w = self.graph.ins(node)[1]
        groups = x.shape[3] if depthwise else x.shape[3] // w.shape[3]
        attrs = {
            "kernel_shape": list(w.shape[1:3]), "strides": list(node.attrs["stride"]), "pads": _pads(node),
            "dilations": list(node.attrs["dilation"]), "group": groups,
        }  # fmt: skip
        return self.node("Conv", [self.real[x.name], *weights], attrs)

    def _gemm(self, node: Node, x: Value, y: Value) -> str:
        return self.node("Gemm", [self.real[x.name], *self._weights(node, lambda w: w)], {"transB": 1})

    def _add(self, node: Node, x: Value, y: Value) -> str:
        return self.node("Add", [self.real[name] for name in node.inputs], {})

    def _pool(self, node: Node, x: Value, y: Value) -> str:
        window, stride = list(node.attrs["window"]), list(node.attrs["stride"])
        attrs = {"kernel_shape": window, "strides": stride, "pads": _pads(node)}
        return self.node("AveragePool" if node.op == "avg_pool2d" else "MaxPool", [self.real[x.name]], attrs)

    def _mean(self, node: Node, x: Value, y: Value) -> str:
        if tuple(node.attrs["axes"]) != (1, 2) or len(x.shape) != 4:
            raise ValueError(f"mean over {node.attrs['axes']} at {node.name!r} has no counterpart here")
        pooled = self.node("GlobalAveragePool", [self.real[x.name]], {})
        return pooled if node.attrs.get("keepdims", False) else self.node("Flatten", [pooled], {})

    def _softmax(self, node: Node, x: Value, y: Value) -> str:
        return self.node("Softmax", [self.real[x.name]], {"axis": -1 if len(x.shape) == 2 else 1})

    def _reshape(self, node: Node, x: Value, y: Value) -> str:
        if len(y.shape) != 2:
            raise ValueError(f"reshape to {y.shape} at {node.name!r} has no counterpart here")
        tensor = self.real[x.name]
        if len(x.shape) == 4 and x.shape[1:3] != (1, 1):
            tensor = self.node("Transpose", [tensor], {"perm": [0, 2, 3, 1]})
        return self.node("Flatten", [tensor], {})

    def _pad(self, node: Node, x: Value, y: Value) -> str:
        (_, rows, columns, channels) = node.attrs["padding"]
        ends = np.array([[0, 0], channels, rows, columns], np.int64).T.ravel()
        return self.node("Pad", [self.real[x.name], self.constant(ends)], {})


def _pads(node: Node) -> list[int]:
    (top, bottom), (left, right) = node.attrs["padding"]
    return [top, left, bottom, right]


def _shape(value: Value) -> tuple[int, ...]:
    shape = value.shape[1:]
    return (shape[-1], *shape[:-1]) if len(shape) == 3 else shape
