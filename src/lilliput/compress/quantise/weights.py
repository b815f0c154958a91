"""Weights to int8 and biases to int32.

    s_w = max |w| / 127 for each output channel (or for the layer),   w_int = round(w / s_w) in [-127, 127]
    b_int = round(b / (s_x · s_w)) in int32

A channel whose weights are all zero, or tiny beside its bias, would have a scale for which b_int has no room. Its
scale is raised until |b_int| is at most 2^30: the weights lose steps that could not have been seen beside the bias.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Quant
from lilliput.compress.quantise.layers import per_channel_max
from lilliput.core.errors import UnsafeRange

_LARGEST_BIAS = 2.0**30
_LOWEST_SCALE = 2.0**-60
_SHRINK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)


class QuantisedWeights(NamedTuple):
    """Integers of a layer and what they stand for; `bias_quant` has scale s_x · s_w and zero point 0."""

    weights: Array
    weight_quant: Quant
    bias: Array
    bias_quant: Quant


def weight_scales(
    w: Array, b: Array, input_scale: float, *, axis: int, per_channel: bool = True, bits: int = 8
) -> Array:
    """s_w, float32: one per output channel, or one.

    Args:
        w: float weights.
        b: float bias (C_out,).
        input_scale: s_x.
        axis: of the output channel in `w`.
        per_channel: one for the whole layer when false.
        bits: the integers lie in ±(2^(bits - 1) - 1).
    """
    largest = per_channel_max(w, axis)
    scales = largest / ((1 << (bits - 1)) - 1)
    if bits < 8:
        scales = _least_error(w, scales, axis, bits)
    # A dead channel borrows the scale of the layer: any would do, and this one is of a common size.
    alive = scales[largest > 0]
    scales = np.where(largest > 0, scales, alive.max() if alive.size else 1 / 127)
    floor = np.maximum(np.abs(b.astype(np.float64)) / (_LARGEST_BIAS * input_scale), _LOWEST_SCALE)
    scales = np.maximum(scales, floor)
    if not per_channel:
        scales = scales.max(keepdims=True)
    rounded: Array = scales.astype(np.float32)
    return rounded


def _least_error(w: Array, scales: Array, axis: int, bits: int) -> Array:
    """For each channel the scale, of some below the one that reaches its largest weight, with the least square error:
    with few steps it pays to clip the few largest weights."""
    rows = np.moveaxis(w, axis, 0).reshape(w.shape[axis], -1).astype(np.float64)
    limit = (1 << (bits - 1)) - 1
    tries = np.where(scales > 0, scales, 1.0)[:, None] * np.array(_SHRINK)
    steps = np.clip(np.rint(rows[:, None] / tries[..., None]), -limit, limit)
    errors = ((steps * tries[..., None] - rows[:, None]) ** 2).sum(axis=2)
    best: Array = np.take_along_axis(tries, errors.argmin(axis=1)[:, None], axis=1)[:, 0]
    return np.where(scales > 0, best, scales)


def quantise_weights(w: Array, scales: Array, *, axis: int, bits: int = 8) -> tuple[Array, Quant]:
    """(int8 weights, their quantisation) for given scales."""
    quant = _symmetric(scales, axis)
    limit = (1 << (bits - 1)) - 1
    return np.clip(quant.quantise(w, "int8"), -limit, limit).astype(np.int8), quant


def quantise_bias(b: Array, input_scale: float, scales: Array, layer: str) -> tuple[Array, Quant]:
    """(int32 bias, its quantisation).

    Args:
        b: float bias (C_out,).
        input_scale: s_x.
        scales: s_w, one or one per output channel.
        layer: name, for the message.

    Raises:
        UnsafeRange: LP312, a bias needs more than 32 bits.
    """
    steps = np.float64(input_scale) * scales.astype(np.float64)  # in double, as the kernels' factors are
    scaled = b.astype(np.float64) / steps
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))
    worst = int(np.abs(rounded).argmax())
    if abs(rounded[worst]) > np.iinfo(np.int32).max:
        raise UnsafeRange(
            f"bias {b[worst]:g} of channel {worst} at {layer!r} is {rounded[worst]:.0f} steps, which is not in 32 bits",
            why=f"a step is input scale · weight scale = {np.broadcast_to(steps, b.shape)[worst]:g}",
            fix="look for an input whose range on the calibration data is far too narrow",
        )
    return rounded.astype(np.int32), _symmetric(steps.astype(np.float32), 0)


def quantise_layer(
    w: Array, b: Array, input_scale: float, layer: str, *, axis: int, per_channel: bool = True, bits: int = 8
) -> QuantisedWeights:
    """Weights and bias of one layer; arguments as in `weight_scales`.

    Raises:
        UnsafeRange: LP312.
    """
    scales = weight_scales(w, b, input_scale, axis=axis, per_channel=per_channel, bits=bits)
    weights, weight_quant = quantise_weights(w, scales, axis=axis, bits=bits)
    bias, bias_quant = quantise_bias(b, input_scale, scales, layer)
    return QuantisedWeights(weights, weight_quant, bias, bias_quant)


def _symmetric(scales: Array, axis: int) -> Quant:
    return Quant(tuple(float(s) for s in scales), (0,) * len(scales), axis if len(scales) > 1 else None)
