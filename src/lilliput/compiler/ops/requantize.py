"""Change of scale: the same real values under another scale, zero point or type.

Inputs   x int8, uint8, int16 or int32
Attrs    dtype: of y, int8 by default; uint8 from int8 only, int32 from int8 and int16
Integer  TensorFlow Lite's rule: requantise(x - z_x, s_x / s_y) + z_y, clamped. 8-bit inputs go by table; int32 has a
         zero point of 0 and a factor below 1.

In a float graph it is the identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import CType, Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import codes_of, lookup_kernel, proved_multiplier, rescale, rescale_table
from lilliput.compiler.ops._weights_s16 import REACH, demand_symmetric
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor


_FROM = ("int8", "uint8", "int16", "int32")
_TO: Mapping[str, tuple[str, ...]] = {
    "int8": ("int8", "uint8", "int16", "int32"), "uint8": ("int8",), "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}  # fmt: skip
"""Types that can be made from each."""
_LOOKUPS: Mapping[DType, tuple[str, CType]] = {
    "uint8": ("u8", "uint8_t"), "int16": ("s16", "int16_t"), "int32": ("s32", "int32_t"),
}  # fmt: skip


@register_op
class Requantize(Op):
    """y = x in the scale of y."""

    name = "requantize"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, dtype = inputs[0], node.attrs.get("dtype", "int8")
        if x.dtype == "float32":
            return x.shape, "float32"
        expect(x.dtype in _FROM, node, f"x must be float32, {', '.join(_FROM)}, got {x.dtype}")
        expect(dtype in _TO[x.dtype], node, f"dtype {dtype!r} cannot be made from {x.dtype}")
        found: list[DType] = [known for known in get_args(DType) if known == dtype]
        return x.shape, found[0]

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0]

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        source, limits = inputs[0], np.iinfo(output.dtype)
        centred = x[0].astype(np.int64) - source.zero_point
        if source.dtype in ("int16", "int32"):
            moved = requantise(centred, *_wide_multiplier(node, source, output)) + output.zero_point
        else:
            moved = _rescaled(node, centred, source, output)
        codes: Array = np.clip(moved, limits.min, limits.max).astype(output.dtype)
        return codes

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        if x.dtype != "int8" and output.dtype != "int8":
            return _kernel_s16(node, x, output)
        if output.dtype != "int8":
            table = self.integer(node, inputs, output, codes_of(x).astype(x.dtype))
            return _wide_lookup(node, x, output, table)
        if x.dtype in ("int8", "uint8"):
            function = "lp_lookup_s8" if x.dtype == "int8" else "lp_lookup_u8_s8"
            return lookup_kernel(node, x, rescale_table(x, output), target, function)
        mult, shift = _wide_multiplier(node, x, output)
        numbers = {
            "n": x.elements, "x_offset": -x.zero_point, "mult": mult, "shift": shift, "y_offset": output.zero_point
        }  # fmt: skip
        return Kernel(
            function="lp_requantize_s16_s8" if x.dtype == "int16" else "lp_requantize_s32_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(x.name, node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return None


def _rescaled(node: Node, centred: Array, x: Value, y: Value) -> Array:
    if y.dtype in ("int8", "uint8"):
        return rescale(centred, x.scale / y.scale, y)
    return requantise(centred, *proved_multiplier(node, x.scale / y.scale, 255)) + y.zero_point


def _wide_lookup(node: Node, x: Value, y: Value, table: Array) -> Kernel:
    suffix, ctype = _LOOKUPS[y.dtype]
    return Kernel(
        function=f"lp_lookup_s8_{suffix}",
        fields=(Field("table", ctype, table), Field("n", "int32_t", x.elements)),
        operands=(x.name, node.output),
        in_place=(0,) if y.dtype == "uint8" else (),
    )


def _kernel_s16(node: Node, x: Value, y: Value) -> Kernel:
    """From and to int16 and int32, all with zero point 0."""
    demand_symmetric(node, (x, y))
    mult, shift = _wide_multiplier(node, x, y)
    numbers = {"n": x.elements, "mult": mult, "shift": shift}
    if (x.dtype, y.dtype) == ("int16", "int16"):
        numbers |= {"y_min": -32768, "y_max": 32767}
    functions = {"int32": "lp_requantize_s16_s32", "int16": "lp_requantize_s16"}
    return Kernel(
        function=functions[y.dtype] if x.dtype == "int16" else "lp_requantize_s32_s16",
        fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
        operands=(x.name, y.name),
        in_place=(0,) if x.dtype == y.dtype else (),
    )


def _wide_multiplier(node: Node, x: Value, y: Value) -> Multiplier:
    if x.dtype == "int16":
        return proved_multiplier(node, x.scale / y.scale, 65535 if y.dtype == "int8" else REACH)
    multiplier = to_multiplier(min(x.scale / y.scale, 2.0**29))
    if multiplier.shift > 0 or x.zero_point != 0:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" would carry an int32 out of 32 bits',
            why=f"its scales are {x.scale:g} and {y.scale:g}, its zero point {x.zero_point}",
        )
    return multiplier
