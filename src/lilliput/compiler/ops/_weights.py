"""What the operators with weights share: bias and requantisation factors. Inputs are (x, w, optional b)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Array, Value


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
