"""What the element-wise functions share: on int8 each is one table of 256 bytes, on int16 each has its own form."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target
from lilliput.compiler.ops._float import MapCall, map_kernel
from lilliput.compiler.ops._rescale import codes_of, lookup_kernel, nearest_table
from lilliput.compiler.ops._weights_s16 import demand_symmetric


class Lookup(Op):
    """y = f(x), element by element. The table is f of the dequantised input in float64, quantised to the nearest step
    (half away from zero), unless the operator's file says another rule."""

    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return inputs[0].shape, inputs[0].dtype

    @abstractmethod
    def real(self, node: Node, x: Array) -> Array:
        """f in float64."""

    def table(self, node: Node, x: Value, y: Value) -> Array:
        """int8 (256,): the output for the inputs -128 … 127."""
        return nearest_table(self.real(node, (codes_of(x) - x.zero_point) * np.float64(x.scale)), y)

    def integer_s16(self, node: Node, x: Value, y: Value, codes: Array) -> Array:
        """`integer` on int16."""
        raise self.unsupported(node, "has no int16 form")

    def kernel_s16(self, node: Node, x: Value, y: Value) -> Kernel | None:
        """`kernel` on int16, zero points 0."""
        raise self.unsupported(node, "has no int16 kernel")

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype == np.int16:
            return self.integer_s16(node, inputs[0], output, x[0])
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        made: Array = self.table(node, inputs[0], output)[x[0].astype(np.int64) + 128]
        return made

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if inputs[0].dtype == "int16":
            demand_symmetric(node, (inputs[0], output))
            return self.kernel_s16(node, inputs[0], output)
        if inputs[0].dtype != "int8":
            raise self.unsupported(node, f"has no {inputs[0].dtype} kernel")
        return lookup_kernel(node, inputs[0], self.table(node, inputs[0], output), target)

    def float_call(self, node: Node) -> MapCall:
        """The float32 kernel."""
        return MapCall(f"lp_{self.name}_f32")

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return map_kernel(node, inputs[0], self.float_call(node))
