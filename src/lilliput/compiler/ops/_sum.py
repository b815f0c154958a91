"""Sum and difference of two values with scales of their own, by TensorFlow Lite's rule.

With t = 2 max(s_a, s_b), u = requantise((a - z_a) 2^20, s_a / t), v likewise from b:
y = requantise(u ± v, t / (2^20 s_y)) + z_y, clamped. On int16, 2^15 stands for 2^20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from lilliput.compiler.fixed_point import ONCE, requantise, rounding_of, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, activation_range
from lilliput.compiler.ops import _pairs_s16
from lilliput.compiler.ops._broadcast import demand_int8, loop_fields, mixes_rows, stretched, whole_operands
from lilliput.compiler.ops._float import pair_kernel
from lilliput.compiler.ops._linear_form import find_linear_form
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import codes_of, lookup_kernel
from lilliput.compiler.ops._whole import is_whole, whole_kernel, whole_pairs

LEFT_SHIFT = 20


class Sum(Op):
    """y = activation(a + sign · b)."""

    arity = (2, 2)
    elementwise = True
    takes_activation = True
    sign: ClassVar[int]

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return stretched(node, inputs)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return mixes_rows(inputs, output)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if is_whole(inputs):
            return whole_pairs(node, *x)
        a, b = inputs
        largest = 2 * max(a.scale, b.scale)
        left = LEFT_SHIFT if output.dtype == "int8" else _pairs_s16.LEFT_SHIFT
        rule = rounding_of(node)
        u, v = (
            requantise((codes.astype(np.int64) - value.zero_point) << left, *to_multiplier(value.scale / largest), rule)
            for value, codes in zip(inputs, x, strict=True)
        )
        factor = to_multiplier(largest / (2**left * output.scale))
        y = requantise(u + self.sign * v, *factor, rule) + output.zero_point
        clamped: Array = np.clip(y, *activation_range(activation_of(node), output)).astype(output.dtype)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if output.dtype == "int16":
            return _pairs_s16.sum_s16(self, node, inputs, output, self.sign)
        if is_whole(inputs):
            return whole_kernel(self, node, inputs, output)
        demand_int8(self, node, inputs)
        a, b = inputs
        if a.is_constant or b.is_constant:
            return self._with_constant(node, inputs, output, target)
        low, high = activation_range(activation_of(node), output)
        fields = self._linear_fields(node, inputs, output)
        portable = Kernel(
            function="lp_add_linear_s8" if fields else "lp_add_s8",
            fields=loop_fields(self, node, a, b, output)
            + (fields or self._exact_fields(node, a, b, output, (1, self.sign)))
            + (Field("y_min", "int32_t", low), Field("y_max", "int32_t", high)),
            operands=(*node.inputs, node.output),
            in_place=whole_operands(inputs, output),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return pair_kernel(self, node, inputs, output)

    def _with_constant(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        a, b = inputs
        if a.is_constant and b.is_constant:
            raise self.unsupported(node, "of two constants has no kernel: fold it first")
        active, constant, signs = (b, a, (self.sign, 1)) if a.is_constant else (a, b, (1, self.sign))
        if constant.data is not None and constant.elements == 1:
            codes = codes_of(active).astype(np.int8)
            known = constant.data.reshape(1)
            operands = (known, codes) if a.is_constant else (codes, known)
            return lookup_kernel(node, active, self.integer(node, inputs, output, *operands), target)
        low, high = activation_range(activation_of(node), output)
        vectors = target.mve or target.rvv  # whose kernels with a constant follow the rule as it is
        linear = () if vectors else self._linear_fields(node, inputs, output)
        if a.is_constant and linear:
            linear = (replace(linear[1], name="a_factor"), replace(linear[0], name="b_factor"), *linear[2:])
        fields = loop_fields(self, node, active, constant, output)
        fields += linear or self._exact_fields(node, active, constant, output, signs)
        fields += (Field("y_min", "int32_t", low), Field("y_max", "int32_t", high))
        portable = Kernel(
            function="lp_add_linear_constant_s8" if linear else "lp_add_constant_s8",
            fields=(
                Field("b", "int8_t", np.asarray(constant.data)),
                *(Field(f"with.{field.name}", field.ctype, field.value) for field in fields),
            ),
            operands=(active.name, node.output),
            in_place=whole_operands(inputs, output),
            also=("lp_add_linear_s8" if linear else "lp_add_s8",),
        )
        return with_vectors(portable, target)

    def _linear_fields(self, node: Node, inputs: Sequence[Value], y: Value) -> tuple[Field, ...]:
        """a_factor, b_factor, start, shift; () when there is no exact linear form."""
        a, b = inputs
        codes = np.arange(-128, 128, dtype=np.int8)
        wanted = self.integer(node, inputs, y, codes[:, None], codes[None, :]).astype(np.int64)
        slopes = (a.scale / y.scale, self.sign * b.scale / y.scale)
        offset = y.zero_point + 0.5 - slopes[0] * a.zero_point - slopes[1] * b.zero_point
        form = find_linear_form(wanted, slopes, offset, *activation_range(activation_of(node), y))
        return () if form is None else tuple(Field(n, "int32_t", v) for n, v in form._asdict().items())

    def _exact_fields(self, node: Node, a: Value, b: Value, y: Value, signs: tuple[int, int]) -> tuple[Field, ...]:
        largest = 2 * max(a.scale, b.scale)
        once = ONCE if rounding_of(node) == "single" else 0
        numbers: dict[str, int] = {}
        for name, value, sign in (("a", a, signs[0]), ("b", b, signs[1])):
            mult, shift = to_multiplier(value.scale / largest)
            numbers |= {
                f"{name}_offset": -value.zero_point, f"{name}_mult": mult, f"{name}_shift": shift + once,
                f"{name}_sign": sign,
            }  # fmt: skip
        mult, shift = to_multiplier(largest / (2**LEFT_SHIFT * y.scale))
        if shift > 0:
            raise self.unsupported(node, f"has no kernel for an output scale 2^{shift} finer than its inputs allow")
        numbers |= {"y_mult": mult, "y_shift": shift + once, "y_offset": y.zero_point}
        return tuple(Field(name, "int32_t", value) for name, value in numbers.items())
