"""The kernels of add, sub and mul on int16, all with zero point 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lilliput.compiler.fixed_point import to_multiplier
from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Op, activation_of, activation_range
from lilliput.compiler.ops._broadcast import loop_fields
from lilliput.compiler.ops._pair import constant_fields, places_of
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
    if y_factor.shift >= 0:
        steps = f"2^{y_factor.shift + LEFT_SHIFT}"
        raise op.unsupported(node, f"has no int16 kernel for an output scale {steps} times finer than its inputs'")
    numbers = {
        "a_sign": signs[0], "b_mult": b_factor.mult, "b_shift": b_factor.shift, "b_sign": signs[1],
        "y_mult": y_factor.mult, "y_shift": y_factor.shift, **_clamp(node, y),
    }  # fmt: skip
    return _call(op, "lp_add_s16", node, (a, b), y, numbers)


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
    return _call(op, "lp_mul_s16", node, inputs, y, numbers)


def _call(op: Op, function: str, node: Node, inputs: Sequence[Value], y: Value, numbers: Mapping[str, int]) -> Kernel:
    active = [value for value in inputs if not value.is_constant]
    if not active:
        raise op.unsupported(node, "of two constants has no kernel: fold it first")
    return Kernel(
        function=function,
        fields=(
            *constant_fields(inputs),
            *loop_fields(op, node, inputs[0], inputs[1], y),
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
        ),
        operands=(active[0].name, active[-1].name, y.name),
        in_place=places_of(active, y),
    )


def _clamp(node: Node, y: Value) -> dict[str, int]:
    low, high = activation_range(activation_of(node), y)
    return {"y_min": low, "y_max": high}
