"""Hard swish: y = x min(max(x + 3, 0), 6) / 6.

Integer  int8, any two scales, by table. TensorFlow Lite's rule, in 16 bits and clamped to them, with
         (a ⊗ b) = (a b + 2^14) >> 15:
         h = 128 (x - z_x)                                       x in steps of s_x / 128
         p = h ⊗ M_p, (M_p, e_p) for s_x / (128 s_y)             x in steps of 2^-e_p s_y
         r = h 2^max(e_r - 1, 0) ⊗ M_r, then 2^min(e_r, 1) times, (M_r, e_r) for s_x / (128 · 3 / 2^15)
         g = (r + 2^15) >> 1                                     min(max(x + 3, 0), 6) / 6 in Q15
         y = g p / 2^15, rounded towards zero, / 2^-e_p, rounded half away from zero, + z_y
         M are 16-bit multipliers, the 31-bit ones rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, rounding_shift, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import codes_of, nearest_table

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class HardSwish(Lookup):
    """y = x min(max(x + 3, 0), 6) / 6."""

    name = "hard_swish"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.hardswish(x[0])

    def real(self, node: Node, x: Array) -> Array:
        return x * np.clip(x + 3.0, 0.0, 6.0) / 6.0

    def table(self, node: Node, x: Value, y: Value) -> Array:
        fine = x.scale / 128
        to_output, to_gate = _short(fine / y.scale), _short(fine / (3 / 32768))
        if to_output.shift > 0:  # the rule has no left shift: an output scale below s_x / 128 is outside it
            return nearest_table(self.real(node, (codes_of(x) - x.zero_point) * np.float64(x.scale)), y)
        high = (codes_of(x) - x.zero_point) << 7
        output = _times(high, to_output.mult)
        gate = _times(_saturated(high << max(to_gate.shift - 1, 0)), to_gate.mult)
        if to_gate.shift > 0:
            gate = _saturated(gate << 1)
        gate = (rounding_shift(gate, max(-to_gate.shift, 0)) + (1 << 15)) >> 1
        product = gate * output
        whole = np.sign(product) * (np.abs(product) >> 15)
        table: Array = np.clip(rounding_shift(whole, -to_output.shift) + y.zero_point, -128, 127).astype(np.int8)
        return table


def _short(factor: float) -> Multiplier:
    """m = mult · 2^(shift - 15), mult in [2^14, 2^15)."""
    mult, shift = to_multiplier(factor)
    return Multiplier(min((mult + (1 << 15)) >> 16, 0x7FFF), shift)


def _times(a: Array, mult: int) -> Array:
    return _saturated((a * mult + (1 << 14)) >> 15)


def _saturated(a: Array) -> Array:
    clipped: Array = np.clip(a, -(1 << 15), (1 << 15) - 1)
    return clipped
