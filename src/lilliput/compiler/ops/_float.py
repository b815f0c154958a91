"""What the float32 kernels share: clamps, element-wise calls, and the layout of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, activation_of
from lilliput.compiler.ops._broadcast import loop_fields

_LIMITS: Mapping[str, tuple[float, float]] = {
    "none": (-math.inf, math.inf), "relu": (0.0, math.inf), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0),
}  # fmt: skip

ABREAST = 4
"""Output channels that the kernels with weights work on at once."""


def clamp_fields(node: Node) -> tuple[Field, ...]:
    """`y_min` and `y_max` of the node's fused activation; infinite without one."""
    low, high = _LIMITS[activation_of(node)] if "activation" in node.attrs else _LIMITS["none"]
    return Field("y_min", "float", low), Field("y_max", "float", high)


class MapCall(NamedTuple):
    """An element-wise kernel and its parameters."""

    function: str
    p: float = 0.0
    q: float = 0.0


def map_kernel(node: Node, x: Value, call: MapCall) -> Kernel:
    """The kernel of an element-wise call."""
    p, q = (Field(k, "float", v) for k, v in (("p", call.p), ("q", call.q)))
    return Kernel(
        function=call.function,
        fields=(Field("n", "int32_t", x.elements), p, q),
        operands=(x.name, node.output),
        struct="lp_map_f32",
        in_place=(0,),
    )


def pair_kernel(op: Op, node: Node, inputs: Sequence[Value], output: Value) -> Kernel:
    """The call of the kernel `lp_<operator>_f32` for two operands that may stretch; one may be a constant."""
    active = [value for value in inputs if not value.is_constant]
    if not active:
        raise op.unsupported(node, "of two constants has no kernel: fold it first")
    whole = tuple(i for i, value in enumerate(active) if value.shape == output.shape)
    return Kernel(
        function=f"lp_{node.op}_f32",
        fields=(
            *(
                Field(k, "int32_t", 0) if v.data is None else Field(k, "float", v.data)
                for k, v in zip("ab", inputs, strict=True)
            ),
            *loop_fields(op, node, inputs[0], inputs[1], output),
            *clamp_fields(node),
        ),
        operands=(active[0].name, active[-1].name, node.output),
        struct="lp_pair_f32",
        in_place=(0, 1) if whole and len(active) == 1 else whole,
    )


def demand_float(op: Op, node: Node, inputs: Sequence[Value]) -> tuple[Array, Array]:
    """Weights and bias of a layer, zeros where it has none. Raises UnsupportedOp unless both are float32 constants."""
    w, *others = inputs[1:]
    if w.data is None or w.dtype != "float32" or any(b.data is None or b.dtype != "float32" for b in others):
        raise op.unsupported(node, f"has no kernel for float32 activations with {w.dtype} weights")
    channels = w.shape[3] if node.op == "depthwise_conv2d" else w.shape[0]
    return w.data, others[0].data if others and others[0].data is not None else np.zeros(channels, np.float32)


def rows_kernel(node: Node, rows: Array, bias: Array, count: int) -> Kernel:
    """The call that multiplies `count` rows of x with weights (channels, taps): in place where rows do not grow."""
    sizes = {"rows": count, "c_in": rows.shape[1], "c_out": rows.shape[0]}
    in_place = rows.shape[0] <= rows.shape[1] and count > ABREAST
    return Kernel(
        function="lp_pointwise_f32" if in_place else "lp_fully_connected_f32",
        fields=(
            Field("w", "float", abreast(rows)), Field("bias", "float", bias),
            *(Field(name, "int32_t", value) for name, value in sizes.items()), *clamp_fields(node),
        ),
        operands=(node.inputs[0], node.output),
        struct="lp_rows_f32",
        also=("lp_rows_f32",),
        scratch_bytes=4 * ABREAST * rows.shape[1] if in_place else 0,
        in_place=(0,) if in_place else (),
    )  # fmt: skip


def abreast(rows: Array, groups: int = 1) -> Array:
    """Weights (channels, taps) as the kernels read them: of each group each 4 channels as (taps, 4), then the rest."""
    parts = []
    for group in rows.reshape(groups, -1, rows.shape[1]):
        whole = len(group) // ABREAST * ABREAST
        parts += [block.T for block in group[:whole].reshape(-1, ABREAST, rows.shape[1])]
        parts.append(group[whole:])
    made: Array = np.concatenate([part.reshape(-1) for part in parts])
    return made
