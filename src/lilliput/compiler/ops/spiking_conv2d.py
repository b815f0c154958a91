"""2-D convolution of spikes, and integrate-and-fire neurons behind it, channels last.

Inputs   x, spikes; w (C_out, kh, kw, C_in), b (C_out), decay, threshold constants; v, the potentials: see `_spikes`
Attrs    steps, reset: see `leaky`; stride (h, w), padding ((top, bottom), (left, right)), dilation (h, w)
Float    x (steps, H, W, C_in) of 0 and 1
Integer  x trains uint8 (1, H, W, C_in), w int8 symmetric, per tensor or per output channel, b int32 in steps of w;
         potentials int16 or int32 in steps of w
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._spiking_layer import SpikingLayer
from lilliput.compiler.ops._window import Window, window_of

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class SpikingConv2d(SpikingLayer):
    """y = the spikes of neurons whose currents are x ∗ w + b."""

    name = "spiking_conv2d"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 4, node, f"x must be (N, H, W, C), got {x.shape}")
        fits = len(w.shape) == 4 and w.shape[3] == x.shape[3]
        expect(fits, node, f"w must be (C_out, kh, kw, {x.shape[3]}), got {w.shape}")
        return (x.shape[0], *self.window(node, inputs).out, w.shape[0]), x.dtype

    def window(self, node: Node, inputs: Sequence[Value]) -> Window:
        x, w = inputs[:2]
        return window_of(node, (x.shape[1], x.shape[2]), (w.shape[1], w.shape[2]))

    def synapses(self, node: Node, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        from torch.nn import functional

        (top, bottom), (left, right) = node.attrs["padding"]
        image = functional.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))
        attrs = {"stride": node.attrs["stride"], "dilation": node.attrs["dilation"]}
        return functional.conv2d(image, w.permute(0, 3, 1, 2), b, **attrs).permute(0, 2, 3, 1)

    def sums(self, node: Node, inputs: Sequence[Value], spikes: Array, w: Array) -> Array:
        window = self.window(node, inputs)
        total = np.zeros((len(spikes), *window.out, len(w)))
        for ky, kx, seen in window.taps(spikes, fill=0):
            total += seen @ w[:, ky, kx].T
        return total
