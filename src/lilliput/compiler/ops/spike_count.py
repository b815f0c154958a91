"""How often each neuron fired: the sum or the mean of spikes over all time steps.

Inputs   x, spikes
Attrs    steps: of x; mean: whether they are divided by it
Float    x (steps, ...) -> (1, ...)
Integer  x trains uint8 (1, ...), y int8 whose scale is 1, or 1 / steps for the mean, with zero point 0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Quant, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import lookup_kernel

if TYPE_CHECKING:
    from torch import Tensor

_COUNTS = np.array([code.bit_count() for code in range(256)], np.int8)


def count_quant(node: Node) -> Quant:
    """The quantisation of the output."""
    return Quant.per_tensor(1 / node.attrs["steps"] if node.attrs["mean"] else 1.0, 0)


@register_op
class SpikeCount(Op):
    """y = Σ of the spikes of x over time."""

    name = "spike_count"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, steps = inputs[0], node.attrs.get("steps")
        if x.dtype == "float32":
            expect(len(x.shape) >= 2 and x.shape[0] == steps, node, f"x must be ({steps}, ...), got {x.shape}")
            return (1, *x.shape[1:]), "float32"
        expect(x.dtype == "uint8" and x.shape[:1] == (1,), node, f"x must be trains (1, ...), got {x.dtype}{x.shape}")
        return x.shape, "int8"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect(
            type(node.attrs.get("mean")) is bool, node, f"mean must be true or false, got {node.attrs.get('mean')!r}"
        )
        if output.dtype == "float32":
            return
        expect(inputs[0].steps == node.attrs["steps"], node, f"counts {node.attrs['steps']} of {inputs[0].steps} steps")
        expect(output.quant == count_quant(node), node, f"its output must have scale {count_quant(node).scale[0]:g}")

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        return 0

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return inputs[0].shape[0] != 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        if node.attrs["steps"] == 1:
            return x[0]
        return x[0].mean(0, keepdim=True) if node.attrs["mean"] else x[0].sum(0, keepdim=True)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        found: Array = _COUNTS[x[0]]
        return found

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return lookup_kernel(node, inputs[0], _COUNTS, target, "lp_lookup_u8_s8")
