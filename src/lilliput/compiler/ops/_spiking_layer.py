"""A layer of weights with spiking neurons behind it, driven by trains of spikes: what its two operators share.

Inputs of such a node are (x, w, b, decay, threshold, v). Where a spike comes in, the weights that it meets are added to
the currents of its step; where none comes nothing is done. There are no products: potentials count in steps of w.

Kernels   by spikes, with potentials of 16 or 32 bits, those of 16 also with the Arm DSP instructions; with 16 bits also
          by products whatever fires (variant "dense"), of the same bytes: what the others are measured against
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Quant, Value
from lilliput.compiler.op import Field, Kernel, Op, Target, expect
from lilliput.compiler.ops._cells import dense_channels, dense_fields, dense_function
from lilliput.compiler.ops._spikes import (
    TRAIN,
    Neurons,
    check_neurons,
    fire_function,
    float_steps,
    neurons_of,
    spikes_at,
)
from lilliput.compiler.ops._window import Window
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor

_LIST_BYTES = 128
"""Of the list of one step: `LP_SPIKE_LIST` taps of 16 bits."""
_RUN_BYTES = 12
MOST_TAPS = (1 << 15) - 1
_LANES = (16, 8, 4)
"""Channels whose weights lie together for the DSP kernel."""


class SpikingLayer(Op):
    """Weights, and neurons behind them."""

    arity = (6, 6)

    @abstractmethod
    def window(self, node: Node, inputs: Sequence[Value]) -> Window:
        """Where the weights stand for each place of the output."""

    @abstractmethod
    def synapses(self, node: Node, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        """The currents in float."""

    @abstractmethod
    def sums(self, node: Node, inputs: Sequence[Value], spikes: Array, w: Array) -> Array:
        """Σ of the weights that meet a spike, exact in float64: spikes of one step -> (N, ..., C_out)."""

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        x, w, b = inputs[:3]
        check_neurons(node, inputs, output, w.shape[0])
        expect(w.is_constant and b.is_constant, node, "w and b must be constants")
        expect(b.shape == (w.shape[0],), node, f"b must be ({w.shape[0]},), got {b.shape}")
        if output.dtype == "float32":
            return
        types = (x.dtype, w.dtype, b.dtype, output.dtype)
        expect(types == ("uint8", "int8", "int32", "uint8"), node, f"has types {types}")
        expect(x.steps == node.attrs["steps"], node, f"runs {node.attrs['steps']} steps on trains of {x.steps}")
        expect(x.quant == output.quant == TRAIN, node, "trains must have scale 1 and zero point 0")
        scaled = w.quant is not None and set(w.quant.zero_point) == {0}
        expect(scaled, node, "w must be symmetric (zero point 0)")

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        return 0 if inputs[0].dtype == "float32" else int(node.attrs["steps"])

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return float_steps(node, self.synapses(node, *x[:3]), *x[3:])

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        neurons = _neurons(node, inputs)
        w, b = x[1].astype(np.float64), x[2].astype(np.int64)
        sums = [self.sums(node, inputs, spikes_at(x[0], step), w) for step in range(neurons.steps)]
        return neurons.run(np.stack(sums).astype(np.int64) + b, x[5] if neurons.kept else None)

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        """Additions if everything fired at each step."""
        positions = output.elements // output.shape[-1]
        return int(node.attrs["steps"]) * positions * inputs[1].elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        rows, bias, neurons = self._proved(node, inputs)
        window = self.window(node, inputs)
        if neurons.wide:
            return _kernel_s32(node, inputs, window, rows, bias, neurons)
        return _by_spikes(node, inputs, window, rows, bias, neurons, target)

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        rows, bias, neurons = self._proved(node, inputs)
        if neurons.wide:
            return ()
        window = self.window(node, inputs)
        dense = _by_products(node, inputs, window, rows, bias, neurons, target)
        return (_by_spikes(node, inputs, window, rows, bias, neurons, target), *([dense] if dense else []))

    def _proved(self, node: Node, inputs: Sequence[Value]) -> tuple[Array, Array, Neurons]:
        """Weights (C_out, taps), biases int64 and neurons. Raises UnsafeRange, LP312, where a current does not fit."""
        w, b = np.asarray(inputs[1].data), np.asarray(inputs[2].data).astype(np.int64)
        rows = w.reshape(len(w), -1)
        neurons = _neurons(node, inputs)
        low, high = current_range(rows, b)
        neurons.prove(node, low, high)
        if rows.shape[1] > MOST_TAPS:
            raise UnsafeRange(
                f'{node.op} at "{node.name}" has {rows.shape[1]} weights a channel, its kernel takes {MOST_TAPS}',
                fix="split the layer",
            )
        return rows, b, neurons


def current_range(rows: Array, bias: Array) -> tuple[Array, Array]:
    """The least and the greatest current of each channel, whatever fires: int64 (C_out,).

    Args:
        rows: weights (C_out, taps).
        bias: (C_out,).
    """
    wide = rows.astype(np.int64)
    return bias + np.minimum(wide, 0).sum(axis=1), bias + np.maximum(wide, 0).sum(axis=1)


def _neurons(node: Node, inputs: Sequence[Value]) -> Neurons:
    return neurons_of(node, inputs[3:], inputs[1].shape[0])


def _names(node: Node, neurons: Neurons) -> tuple[str, ...]:
    return (node.inputs[0], *((node.inputs[5],) if neurons.kept else ()), node.output)


def _padded(rows: Array) -> Array:
    """Weights (C_out, taps) as (taps, pad): channels last, filled up to fours with zeros."""
    filled: Array = np.pad(rows, ((0, -len(rows) % 4), (0, 0)))
    return filled.T


def in_lanes(rows: Array) -> Array:
    """Weights (C_out, taps) as `lp_spike_sums_s16_dsp.h` says."""
    left, parts = _padded(rows), []
    fours: Array = left.reshape(len(left), -1, 4)
    left = fours[:, :, [0, 2, 1, 3]].reshape(len(fours), -1)
    for lanes in _LANES:
        while left.shape[1] >= lanes:
            parts.append(left[:, :lanes].ravel())
            left = left[:, lanes:]
    return np.concatenate(parts)


def _idle(neurons: Neurons, bias: Array) -> Field:
    """The trains where nothing comes."""
    trains = neurons.run(bias[None]) if not neurons.kept else np.zeros(1, np.uint8)
    return Field("idle", "uint8_t", trains)


def _common(inputs: Sequence[Value], window: Window, rows: Array, bias: Array, neurons: Neurons) -> tuple[Field, ...]:
    """`bias`, `idle`, `fire`, `window`, `pad`."""
    pad = len(rows) + -len(rows) % 4
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "c_in": inputs[0].shape[-1], "out_h": window.out[0],
        "out_w": window.out[1],
    }  # fmt: skip
    places = (*(Field(name, "int32_t", value) for name, value in sizes.items()), *window.fields())
    return (
        Field("bias", "int32_t" if neurons.wide else "int16_t", np.pad(bias, (0, pad - len(bias)))),
        _idle(neurons, bias),
        *neurons.fields("fire"),
        *(Field(f"window.{field.name}", field.ctype, field.value) for field in places),
        Field("pad", "int32_t", pad),
    )


def _scratch(window: Window, rows: Array, neurons: Neurons, lists: int) -> int:
    pad = len(rows) + -len(rows) % 4
    runs = window.kernel[0] * (1 if window.dilation[1] == 1 else window.kernel[1])
    return lists + neurons.steps * pad * (4 if neurons.wide else 2) + runs * _RUN_BYTES


def _function(neurons: Neurons) -> str:
    if neurons.wide:
        return "lp_spiking_conv2d_kept_s32" if neurons.kept else "lp_spiking_conv2d_s32"
    return "lp_spiking_conv2d_kept_s16" if neurons.kept else "lp_spiking_conv2d_s16"


def _by_spikes(
    node: Node,
    inputs: Sequence[Value],
    window: Window,
    rows: Array,
    bias: Array,
    neurons: Neurons,
    target: Target,
) -> Kernel:
    lists = _LIST_BYTES * neurons.steps
    return Kernel(
        function=_function(neurons),
        fields=(
            Field("w", "int8_t", in_lanes(rows) if target.dsp else _padded(rows)),
            Field("sums", "object", "lp_spike_sums_s16_dsp" if target.dsp else "lp_spike_sums_s16"),
            Field("fires", "object", fire_function(neurons, target)),
            *_common(inputs, window, rows, bias, neurons),
            Field("taps", "int32_t", rows.shape[1]),
            Field("lists", "int32_t", lists),
        ),
        operands=_names(node, neurons),
        struct="lp_spiking_s16",
        scratch_bytes=_scratch(window, rows, neurons, lists),
        also=("lp_spiking_windows_s16",),
        variant="spikes",
    )


def _by_products(
    node: Node,
    inputs: Sequence[Value],
    window: Window,
    rows: Array,
    bias: Array,
    neurons: Neurons,
    target: Target,
) -> Kernel | None:
    """None where not all sums fit the requantisation, which here changes nothing."""
    c_out, taps = rows.shape
    x = Value("spikes", (1, taps), "int8", TRAIN)
    w = Value("w", rows.shape, "int8", TRAIN, rows)
    b = Value("b", (c_out,), "int32", TRAIN, bias.astype(np.int32))
    try:
        channels = dense_channels(node, x, w, b, Quant.per_tensor(1.0, 0))
    except UnsafeRange:
        return None
    dsp, dense = dense_function([channels], target)
    lists = 2 * (taps + -taps % 4)
    return Kernel(
        function=_function(neurons),
        fields=(
            Field("sums", "object", "lp_spike_dense_s16"),
            Field("fires", "object", fire_function(neurons, target)),
            *_common(inputs, window, rows, bias, neurons),
            Field("taps", "int32_t", taps),
            Field("lists", "int32_t", lists + -lists % 4),
            *dense_fields("feature", channels, dsp),
            dense,
        ),
        operands=_names(node, neurons),
        struct="lp_spiking_s16",
        scratch_bytes=_scratch(window, rows, neurons, lists + -lists % 4),
        also=("lp_spiking_windows_s16",),
        variant="dense",
    )


def _kernel_s32(
    node: Node, inputs: Sequence[Value], window: Window, rows: Array, bias: Array, neurons: Neurons
) -> Kernel:
    return Kernel(
        function=_function(neurons),
        fields=(Field("w", "int8_t", _padded(rows)), *_common(inputs, window, rows, bias, neurons)),
        operands=_names(node, neurons),
        struct="lp_spiking_s32",
        scratch_bytes=_scratch(window, rows, neurons, _LIST_BYTES * neurons.steps),
        also=("lp_spiking_windows_s32", "lp_spike_sums_s32", "lp_fire_s32"),
    )
