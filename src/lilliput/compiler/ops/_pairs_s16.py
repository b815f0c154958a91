"""The kernels of add, sub and mul on int16, all with zero point 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.fixed_point import to_multiplier
from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Op, activation_of, activation_range
from lilliput.compiler.ops._broadcast import loop_fields, whole_operands
from lilliput.compiler.ops._weights_s16 import demand_symmetric
from lilliput.core.errors import UnsafeRange

LEFT_SHIFT = 15
"""Sums are formed in steps that are finer by 2^15."""


def sum_s16(op: Op, node: Node, inputs: Sequence[Value], y: Value, sign: int) -> Kernel:
    """The call of a sum, or of a difference where `sign` is -1."""
    demand_symmetric(node, (*inputs, y))
    a, b = inputs
    signs = (1, sign)
    if a.scale < b.scale:  # the kernel takes the larger scale first
        (a, b), signs = (b, a), (sign, 1)
    largest = 2 * a.scale
    b_factor, y_factor = to_multiplier(b.scale / largest), to_multiplier(largest / (2**LEFT_SHIFT * y.scale))
    if y_factor.shift > 0:
        raise op.unsupported(node, f"has no kernel for an output scale 2^{y_factor.shift} finer than its inputs allow")
    numbers = {
        "a_sign": signs[0], "b_mult": b_factor.mult, "b_shift": b_factor.shift, "b_sign": signs[1],
        "y_mult": y_factor.mult, "y_shift": y_factor.shift, **_clamp(node, y),
    }  # fmt: skip
    fields = loop_fields(op, node, a, b, y) + _fields(numbers)
    constants = [value for value in (a, b) if value.is_constant]
    if not constants:
        in_place = tuple(i for i, value in enumerate((a, b)) if value.shape == y.shape)
        return Kernel("lp_add_s16", fields, (a.name, b.name, y.name), in_place=in_place)
    active = _only_active(op, node, inputs)
    head = (_constant("constant", constants[0]), Field("first", "int32_t", int(a.is_constant)))
    return Kernel(
        function="lp_add_constant_s16",
        fields=(*head, *_within(fields)),
        operands=(active.name, y.name),
        in_place=whole_operands(inputs, y),
        also=("lp_add_s16",),
    )


def product_s16(op: Op, node: Node, inputs: Sequence[Value], y: Value) -> Kernel:
    """The call of a product.

    Raises:
        UnsafeRange: LP312, the factor is 1 or more: a product of 2^30 would leave 32 bits.
    """
    demand_symmetric(node, (*inputs, y))
    a, b = inputs
    factor = to_multiplier(a.scale * b.scale / y.scale)
    if factor.shift > 0:
        raise UnsafeRange(
            f'mul at "{node.name}" has a factor of {a.scale * b.scale / y.scale:g}, the int16 kernel takes less than 1',
            fix="quantise with a larger output scale",
        )
    numbers = {"mult": factor.mult, "shift": factor.shift, **_clamp(node, y)}
    constants = [value for value in inputs if value.is_constant]
    if not constants:
        return Kernel(
            function="lp_mul_s16",
            fields=loop_fields(op, node, a, b, y) + _fields(numbers),
            operands=(a.name, b.name, y.name),
            in_place=whole_operands(inputs, y),
        )
    active = _only_active(op, node, inputs)
    fields = loop_fields(op, node, active, constants[0], y) + _fields(numbers)
    return Kernel(
        function="lp_mul_constant_s16",
        fields=(_constant("b", constants[0]), *_within(fields)),
        operands=(active.name, y.name),
        in_place=whole_operands(inputs, y),
        also=("lp_mul_s16",),
    )


def _only_active(op: Op, node: Node, inputs: Sequence[Value]) -> Value:
    active = [value for value in inputs if not value.is_constant]
    if len(active) != 1:
        raise op.unsupported(node, "of two constants has no kernel: fold it first")
    return active[0]


def _clamp(node: Node, y: Value) -> dict[str, int]:
    low, high = activation_range(activation_of(node), y)
    return {"y_min": low, "y_max": high}


def _constant(name: str, value: Value) -> Field:
    return Field(name, "int16_t", np.asarray(value.data))


def _fields(numbers: dict[str, int]) -> tuple[Field, ...]:
    return tuple(Field(name, "int32_t", value) for name, value in numbers.items())


def _within(fields: Sequence[Field]) -> tuple[Field, ...]:
    return tuple(Field(f"with.{field.name}", field.ctype, field.value) for field in fields)
