"""What the operators with weights share: bias and requantisation factors. Inputs are (x, w, optional b)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import expect


def check_weights(node: Node, inputs: Sequence[Value], channel_axis: int) -> None:
    """The grammar of the weights: constant; in an integer graph symmetric int8, per tensor or per output channel."""
    x, w = inputs[:2]
    expect(w.is_constant and all(value.is_constant for value in inputs[2:]), node, "w and b must be constants")
    if x.dtype == "float32":
        return
    expect(w.quant is not None, node, f"w {w.name!r} is not quantised")
    if w.quant is not None:
        expect(set(w.quant.zero_point) == {0}, node, "w must be symmetric (zero point 0)")
        fits = w.quant.is_per_tensor or w.quant.axis == channel_axis
        expect(fits, node, f"per-channel scales of w must be on axis {channel_axis}, they are on {w.quant.axis}")


def bias_of(inputs: Sequence[Value], channels: int) -> Array:
    """The int32 bias (channels,), zeros when the node has none."""
    data = inputs[2].data if len(inputs) > 2 else None
    return np.zeros(channels, np.int32) if data is None else data


def weight_factors(inputs: Sequence[Value], output: Value) -> Array:
    """s_x · s_w / s_y, float64: one, or one per output channel."""
    quant = inputs[1].quant
    if quant is None:
        raise ValueError(f"weights {inputs[1].name!r} are not quantised")
    # In double, from the float32 scales: forming s_x · s_w in float32 first gives rare one-step errors.
    factors: Array = np.array(quant.scale, np.float64) * inputs[0].scale / output.scale
    return factors
