"""Max pool of spikes: one at each time step at which there is one in the window.

Inputs   x, trains uint8 (1, H, W, C)
Attrs    window (h, w), stride (h, w), padding ((top, bottom), (left, right)) smaller than the window
Integer  bitwise or. In float graphs `max_pool2d` stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._pool_window import pool_sizes, pool_window, pooled

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class SpikePool2d(Op):
    """y = or of the window."""

    name = "spike_pool2d"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].dtype == "uint8", node, f"x must be trains of spikes, got {inputs[0].dtype}")
        return pooled(node, inputs)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect(inputs[0].steps > 0, node, f"{inputs[0].name!r} holds no trains of spikes")
        expect_same_quant(node, inputs[0], output)

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        return inputs[0].steps

    def float(self, node: Node, *x: Tensor) -> Tensor:
        raise self.unsupported(node, "has no float form: it is a max_pool2d there")

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        taps = [seen for _, _, seen in pool_window(node, inputs[0]).taps(x[0], 0)]
        found: Array = np.bitwise_or.reduce(taps, axis=0)
        return found

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return Kernel("lp_spike_pool_u8", pool_sizes(node, inputs[0], output), (node.inputs[0], node.output))
