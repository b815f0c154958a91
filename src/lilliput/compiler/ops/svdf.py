"""A layer of filters of rank one: each is a product over the input's elements, kept, and a product over time.

Inputs   x (1, C_in), w (F, C_in) over the elements, t (F, M) over time, b (units), state (1, F · M), F = units · rank
Attrs    rank; activation: none | relu | relu6 | relu_n1_to_1, fused
Value    each filter's part of the state moves up by one place and takes w · x at its end;
         y[u] = b[u] + Σ t · state over the `rank` filters of the unit, (1, units)
Integer  x, y int8; w int8 symmetric per tensor; state int16 and t int16, or both int8; t symmetric; b int32 with scale
         s_state · s_t. As TensorFlow Lite Micro computes it: w · x is rounded to the state's type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import (
    Field,
    Kernel,
    Op,
    Signature,
    Target,
    activation_of,
    activation_range,
    apply_activation,
    expect,
)
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._cells import (
    constants_of,
    dense_channels,
    dense_fields,
    dense_function,
    dense_integer,
    rows_fields,
)
from lilliput.compiler.ops._float import clamp_fields
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Svdf(Op):
    """y = b + Σ t · the last M of w · x."""

    name = "svdf"
    arity = (5, 5)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w, t, b, state = inputs
        rank = node.attrs.get("rank")
        expect(len(x.shape) == 2, node, f"x must be (1, C_in), got {x.shape}")
        expect(len(w.shape) == 2 and w.shape[1] == x.shape[1], node, f"w {w.shape} does not fit x {x.shape}")
        filters = w.shape[0]
        expect(type(rank) is int and rank > 0 and filters % rank == 0, node, f"rank {rank} of {filters} filters")
        expect(len(t.shape) == 2 and t.shape[0] == filters and t.shape[1] > 0, node, f"t {t.shape}, w {w.shape}")
        expect(state.is_state and state.shape == (1, t.elements), node, f"needs a state (1, {t.elements})")
        expect(all(v.is_constant for v in (w, t, b)), node, "w, t and b must be constants")
        units = filters // int(rank or 1)
        expect(b.shape == (units,), node, f"b must be ({units},)")
        return (x.shape[0], units), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)
        x, w, t, b, state = inputs
        if x.dtype == "float32":
            return
        types = tuple(value.dtype for value in (x, w, b, output))
        expect(types == ("int8", "int8", "int32", "int8"), node, f"has types {types}")
        expect(t.dtype == state.dtype and state.dtype in ("int8", "int16"), node, f"keeps {state.dtype} for {t.dtype}")
        for value in (w, t):
            plain = value.quant is not None and value.quant.is_per_tensor and value.zero_point == 0
            expect(plain, node, f"{value.name!r} must be symmetric per tensor")

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[1].elements + inputs[2].elements

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn.functional import linear

        w, t, b, state = x[1:]
        filters = state.view(*t.shape)
        filters.copy_(filters.roll(-1, dims=1))
        filters[:, -1] = linear(x[0], w)[0]
        sums = (filters * t).sum(dim=1).view(1, -1, node.attrs["rank"]).sum(dim=2) + b
        return apply_activation(activation_of(node), sums)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if len(x[0]) != 1:
            raise ValueError(f"svdf at {node.name!r} takes one step at a time, got {len(x[0])}")
        state, quant = inputs[4], inputs[4].quant
        if quant is None:
            raise ValueError(f"state {state.name!r} is not quantised")
        fresh = dense_integer(node, inputs[0], inputs[1], None, quant, x[0])[0]
        kept = x[4].reshape(inputs[2].shape)
        kept[:, :-1] = kept[:, 1:].copy()
        kept[:, -1] = np.clip(fresh, *_limits(state))
        products = (kept.astype(np.int64) - state.zero_point) * x[2]
        acc = products.sum(axis=1).reshape(-1, node.attrs["rank"]).sum(axis=1) + x[3]
        y = requantise(acc, *_factor(node, inputs, output)) + output.zero_point
        low, high = activation_range(activation_of(node), output)
        clamped: Array = np.clip(y, low, high).astype(np.int8)[None]
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w, t, b, state = inputs
        if state.quant is None or t.data is None or b.data is None:
            raise ValueError(f"{node.name!r} is not quantised")
        feature = replace(dense_channels(node, x, w, None, state.quant), y_range=_limits(state))
        dsp, function = dense_function([feature], target)
        mult, shift = _factor(node, inputs, output)
        low, high = activation_range(activation_of(node), output)
        rank = node.attrs["rank"]
        bias = b.data.astype(np.int64) - state.zero_point * t.data.astype(np.int64).reshape(len(b.data), -1).sum(axis=1)
        numbers = {
            "units": len(bias), "rank": rank, "memory": t.shape[1], "mult": mult, "shift": shift,
            "y_offset": output.zero_point, "y_min": low, "y_max": high,
        }  # fmt: skip
        return Kernel(
            function="lp_svdf_s8" if state.dtype == "int16" else "lp_svdf_state8_s8",
            fields=(
                *dense_fields("feature", feature, dsp),
                function,
                Field("time", "int16_t" if state.dtype == "int16" else "int8_t", t.data),
                Field("bias", "int32_t", bias),
                *(Field(name, "int32_t", value) for name, value in numbers.items()),
            ),
            operands=(x.name, state.name, output.name),
            struct="lp_svdf_s8",
            scratch_bytes=2 * w.shape[0],
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, t, b = constants_of(self, node, inputs[1:4])
        numbers = {"units": len(b), "rank": node.attrs["rank"], "memory": t.shape[1]}
        return Kernel(
            function="lp_svdf_f32",
            fields=(
                *rows_fields("feature", w, np.zeros(len(w), np.float32)),
                Field("time", "float", t),
                Field("bias", "float", b),
                *(Field(name, "int32_t", value) for name, value in numbers.items()),
                *clamp_fields(node),
            ),
            operands=(inputs[0].name, inputs[4].name, output.name),
            scratch_bytes=4 * len(w),
            also=("lp_rows_f32",),
        )


def _limits(state: Value) -> tuple[int, int]:
    limits = np.iinfo(state.dtype)
    return int(limits.min), int(limits.max)


def _factor(node: Node, inputs: Sequence[Value], output: Value) -> Multiplier:
    """From the sum over time to the output, proved: LP312 where the sum could leave 32 bits."""
    t, b, state = inputs[2:]
    factor = to_multiplier(state.scale * t.scale / output.scale)
    if t.data is None or b.data is None:
        raise ValueError(f"{node.name!r} has weights that are not constants")
    low, high = _limits(state)
    reach = max(abs(low - state.zero_point), abs(high - state.zero_point))
    sums = np.abs(t.data.astype(np.int64)).reshape(len(b.data), -1).sum(axis=1) * reach + np.abs(
        b.data.astype(np.int64)
    )
    bound = int(sums.max()) << max(0, factor.shift)
    if bound >= 1 << 31:
        raise UnsafeRange(
            f'svdf at "{node.name}" could reach a sum over time of {bound}, the kernel holds less than {1 << 31}',
            fix="quantise the time weights with a larger scale, or keep fewer steps",
        )
    return factor
