"""What is taken as spikes: one wherever x is not 0.

Inputs   x (steps, ...), a frame a time step
Attrs    steps
Integer  x int8, not 0 where it is not its zero point -> trains uint8 (1, ...)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._spikes import MOST_STEPS

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Events(Op):
    """y = 1 where x is not 0, else 0."""

    name = "events"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, steps = inputs[0], node.attrs.get("steps")
        expect(len(x.shape) >= 2 and x.shape[0] == steps, node, f"x must be ({steps}, ...), got {x.shape}")
        if x.dtype == "float32":
            return x.shape, "float32"
        expect(x.dtype == "int8", node, f"x must be float32 or int8, got {x.dtype}")
        return (1, *x.shape[1:]), "uint8"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        steps = node.attrs.get("steps")
        expect(type(steps) is int and 1 <= steps <= MOST_STEPS, node, f"steps must be 1 to {MOST_STEPS}, got {steps!r}")

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        super().steps(node, inputs)
        return 0 if inputs[0].dtype == "float32" else int(node.attrs["steps"])

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return inputs[0].shape[0] != 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return (x[0] != 0).to(x[0].dtype)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        fired: Array = (x[0] != inputs[0].zero_point).astype(np.uint8)
        if node.attrs["steps"] == 1:
            return fired
        trains = [frame << np.uint8(step) for step, frame in enumerate(fired)]
        found: Array = np.bitwise_or.reduce(trains, axis=0)[None]
        return found

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        numbers = {"steps": int(node.attrs["steps"]), "n": output.elements, "x_zero": inputs[0].zero_point}
        return Kernel(
            function="lp_events_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(inputs[0].name, output.name),
        )
