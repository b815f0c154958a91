"""Integrate-and-fire neurons, leaky or not: what they gather over time is fired as spikes of 0 and 1.

Inputs   x; decay and threshold constants, one or one a channel; v, the potentials: see `_spikes`
Attrs    steps: how many at once; reset: zero | subtract; shift: of the integer form, bits behind the point of v
Float    x (steps, ...), or (1, ...) where it is the same at each step -> spikes (steps, ...)
Integer  x int8 (steps, ...) or (1, ...) -> trains uint8 (1, ...); potentials int16 in s_x · 2^-shift
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import codes_of
from lilliput.compiler.ops._spikes import Neurons, check_neurons, fire_function, float_steps, neurons_of

if TYPE_CHECKING:
    from torch import Tensor

MOST_SHIFT = 7
"""With more, a current of int8 does not fit 16 bits."""


@register_op
class Leaky(Op):
    """y = the spikes of neurons whose currents are x."""

    name = "leaky"
    arity = (4, 4)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, steps = inputs[0], node.attrs.get("steps")
        expect(len(x.shape) >= 2 and x.shape[0] in (1, steps), node, f"x must be (1 or {steps}, ...), got {x.shape}")
        if x.dtype == "float32":
            return (int(steps or 1), *x.shape[1:]), "float32"
        expect(x.dtype == "int8", node, f"x must be float32 or int8, got {x.dtype}")
        return (1, *x.shape[1:]), "uint8"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        check_neurons(node, inputs, output, output.shape[-1])
        shift = node.attrs.get("shift", 0)
        expect(type(shift) is int and 0 <= shift <= MOST_SHIFT, node, f"shift must be 0 to {MOST_SHIFT}, got {shift!r}")
        expect(inputs[0].dtype == "float32" or inputs[3].dtype == "int16", node, "potentials must be int16")

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        super().steps(node, inputs)
        return 0 if inputs[0].dtype == "float32" else int(node.attrs["steps"])

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return inputs[0].shape[0] != 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return float_steps(node, *x)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        neurons = _neurons(node, inputs)
        currents = (x[0].astype(np.int64) - inputs[0].zero_point) << int(node.attrs.get("shift", 0))
        rows = currents[:, None] if inputs[0].shape[0] != 1 else currents[None]
        return neurons.run(rows, x[3] if neurons.kept else None)

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return int(node.attrs["steps"]) * output.elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, v = inputs[0], inputs[3]
        neurons, shift = _neurons(node, inputs), int(node.attrs.get("shift", 0))
        ends = np.array([(code - x.zero_point) << shift for code in (-128, 127)])
        neurons.prove(node, ends[:1], ends[1:])
        if x.shape[0] == 1 and not neurons.kept and _is_one(neurons):
            return self._by_table(node, inputs, output)
        rows, channels = x.shape[0], output.shape[-1]
        pad = channels + channels % 2
        numbers = {"rows": rows, "places": output.elements // channels, "pad": pad, "x_zero": x.zero_point}
        return Kernel(
            function="lp_leaky_kept_s8" if neurons.kept else "lp_leaky_s8",
            fields=(
                Field("fires", "object", fire_function(neurons, target)),
                *neurons.fields("fire"),
                *(Field(name, "int32_t", value) for name, value in (numbers | {"shift": shift}).items()),
            ),
            operands=(x.name, *((v.name,) if neurons.kept else ()), output.name),
            struct="lp_leaky_s8",
            scratch_bytes=2 * rows * pad,
        )

    def _by_table(self, node: Node, inputs: Sequence[Value], output: Value) -> Kernel:
        """From rest, and with the same current at each step, a train follows from the current's code alone."""
        x = inputs[0]
        currents = (codes_of(x) - x.zero_point) << int(node.attrs.get("shift", 0))
        table = neurons_of(node, inputs[1:], 1).run(currents[None, :, None])[:, 0]
        return Kernel(
            function="lp_lookup_s8_u8",
            fields=(Field("table", "uint8_t", table), Field("n", "int32_t", x.elements)),
            operands=(x.name, output.name),
            in_place=(0,),
        )


def _neurons(node: Node, inputs: Sequence[Value]) -> Neurons:
    return neurons_of(node, inputs[1:], inputs[0].shape[-1])


def _is_one(neurons: Neurons) -> bool:
    """Whether all channels are alike."""
    return all(len(np.unique(array)) == 1 for array in (neurons.decay, neurons.threshold, neurons.start))
