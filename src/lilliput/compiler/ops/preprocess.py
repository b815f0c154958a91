"""The task's preprocessing as the first node of a network: raw sensor samples in, int8 features out.

Inputs   x (N, *input_shape), int16 or uint8, raw
Attrs    definition: the preprocessing's plain values as JSON text (`Preprocess.to_json`)
Integer  what `Preprocess.integer` says, bit for bit; the output's scale and zero point are the preprocessing's own
Float    none: calibration and training start from the features
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.op import CType, Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.features import Preprocess

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class PreprocessOp(Op):
    """y = preprocess(x)."""

    name = "preprocess"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        front = _front(node)
        wanted = (front.input_shape, front.input_dtype)
        expect((inputs[0].shape[1:], inputs[0].dtype) == wanted, node, f"takes {wanted[1]}{list(wanted[0])} items")
        return (inputs[0].shape[0], *front.output_shape), "int8"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect(output.quant == feature_quant(_front(node)), node, "the output must have the preprocessing's own scale")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        raise ValueError("preprocessing has no float form: a float graph starts from its features")

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return _front(node).integer(x[0])

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        front = _front(node)
        tables = [Field(k, cast(CType, f"{v.dtype.name}_t"), v) for k, v in front.constants().items()]
        numbers = [Field(k, "uint64_t" if v >= 1 << 31 else "int32_t", v) for k, v in front.parameters().items()]
        return Kernel(
            function=front.kernel,
            fields=(*tables, *numbers),
            operands=(node.inputs[0], node.output),
            scratch_bytes=front.scratch_bytes(),
        )


def attach_preprocess(graph: Graph, front: Preprocess) -> Graph:
    """Put `front` before an integer graph with one int8 input, so that the network takes raw samples.

    Args:
        graph: its input has the shape, scale and zero point that `front` gives.
        front: the task's preprocessing.

    Raises:
        ValueError: the graph has another number of inputs, or its input does not match.
    """
    if len(graph.inputs) != 1:
        raise ValueError(f"preprocessing goes before one input, the graph has {len(graph.inputs)}")
    features = graph.values[graph.inputs[0]]
    if features.quant != feature_quant(front) or features.elements != _elements(front.output_shape):
        raise ValueError(f"input {features.name!r} is {features.shape} with {features.quant}, not what {front} gives")
    raw = Value("samples", (1, *front.input_shape), front.input_dtype, Quant.per_tensor(1.0, 0))
    made = replace(features, shape=(1, *front.output_shape))
    first = Node("preprocess", front.kind, (raw.name,), (made.name,), {"definition": json.dumps(front.to_json())})
    values, nodes = {**graph.values, raw.name: raw, made.name: made}, [first, *graph.nodes]
    if made.shape != features.shape:
        flat = replace(features, name=f"{features.name}.reshaped")
        values[flat.name] = flat
        shaped = Node("reshape", flat.name, (made.name,), (flat.name,), {"shape": flat.shape})
        rest = [replace(n, inputs=tuple(flat.name if i == made.name else i for i in n.inputs)) for n in graph.nodes]
        nodes = [first, shaped, *rest]
    return graph.replace(nodes=nodes, values=values, inputs=(raw.name,))


def feature_quant(front: Preprocess) -> Quant:
    """The quantisation of the features, which calibration must keep."""
    return Quant.per_tensor(front.output_scale, front.output_zero_point)


@lru_cache(maxsize=16)
def _parsed(definition: str) -> Preprocess:
    return Preprocess.from_json(json.loads(definition))


def _front(node: Node) -> Preprocess:
    definition = node.attrs.get("definition")
    expect(isinstance(definition, str), node, "the attribute `definition` must be JSON text")
    return _parsed(str(definition))


def _elements(shape: Sequence[int]) -> int:
    total = 1
    for axis in shape:
        total *= axis
    return total
