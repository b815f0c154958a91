"""Fully connected layer of spikes, and integrate-and-fire neurons behind it.

Inputs   x, spikes; w (C_out, C_in), b (C_out), decay, threshold constants; v, the potentials: see `_spikes`
Attrs    steps, reset: see `leaky`
Float    x (steps, C_in) of 0 and 1
Integer  x trains uint8 (1, C_in), w int8 symmetric, per tensor or per output channel, b int32 in steps of w;
         potentials int16 or int32 in steps of w
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._spiking_layer import SpikingLayer
from lilliput.compiler.ops._window import Window

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class SpikingLinear(SpikingLayer):
    """y = the spikes of neurons whose currents are x · wᵀ + b."""

    name = "spiking_linear"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 2, node, f"x must be (N, C_in), got {x.shape}")
        expect(len(w.shape) == 2 and w.shape[1] == x.shape[1], node, f"w {w.shape} does not fit x {x.shape}")
        return (x.shape[0], w.shape[0]), x.dtype

    def window(self, node: Node, inputs: Sequence[Value]) -> Window:
        return Window((1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0))

    def synapses(self, node: Node, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.linear(x, w, b)

    def sums(self, node: Node, inputs: Sequence[Value], spikes: Array, w: Array) -> Array:
        total: Array = spikes @ w.T
        return total
