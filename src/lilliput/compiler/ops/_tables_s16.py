"""Functions of int16 values by tables that are read between their places by straight lines, as TensorFlow Lite's
integer reference defines them.

    sigmoid_table   1 / (1 + e^(-k / 24)) in 2^-16 for k = 0 … 255. A chord of this curve lies below it; each place is
                    raised by half of what the chord to the next lacks in its middle. The last place is 2^16 - 1.
    line_table      any f over [low, high] in 2^-15: 513 places; each is lowered by half of the error of its chord's
                    middle, all of it rounded in float32 on the way
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel
from lilliput.core.errors import UnsafeRange

STEPS_PER_UNIT = 3 * 4096
"""The scaled input t is so many times the real one."""
OUTPUT_SCALE = 2.0**-15

_Real = Callable[[np.float32], np.float32]


class InputScale(NamedTuple):
    """t = (x · mult + 2^(left - 1)) >> left."""

    mult: int
    left: int

    def of(self, x: Array) -> Array:
        """t in int64."""
        half = (1 << self.left) >> 1
        t: Array = (x.astype(np.int64) * self.mult + half) >> self.left
        return t


def input_scale(node: Node, scale: float, direct: tuple[float, ...]) -> InputScale:
    """How an int16 input in `scale` becomes t. Scales in `direct` take the whole factor, others its leading bits.

    Raises:
        UnsafeRange: LP312, the input is so coarse that t could leave 32 bits.
    """
    factor = scale * STEPS_PER_UNIT
    if scale in direct:
        return InputScale(int(factor), 0)
    left = 0
    while factor <= 32767 / 2 and left <= 30:
        left, factor = left + 1, factor * 2
    if factor > 65535:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" has an int16 input in steps of {scale:g}, the coarsest is 5',
            fix="quantise its input with a smaller scale",
        )
    return InputScale(int(factor), left)


@cache
def sigmoid_table() -> Array:
    """uint16 (256,)."""

    def curve(k: Array) -> Array:
        made: Array = 65536 / (1 + np.exp(-k / 24))
        return made

    k = np.arange(255.0)
    missing = curve(k + 0.5) - (curve(k) + curve(k + 1)) / 2
    table = np.append(np.floor(curve(k) + missing / 2 + 0.5), 65535).astype(np.uint16)
    table.flags.writeable = False
    return table


def between(t: Array, bits: int, most: int) -> Array:
    """`sigmoid_table` at t / 2^bits, times 2^bits; `most` from place 255 on. int64."""
    table, place = sigmoid_table().astype(np.int64), np.minimum(t >> bits, 254)
    line = (table[place] << bits) + (t & ((1 << bits) - 1)) * (table[place + 1] - table[place])
    found: Array = np.where(t >> bits >= 255, most, line)
    return found


def function_kernel(function: str, x: Value, y: Value, scaled: InputScale) -> Kernel:
    """The call of `lp_logistic_s16` or `lp_tanh_s16`."""
    return Kernel(
        function=function,
        fields=(
            Field("table", "uint16_t", sigmoid_table()),
            Field("n", "int32_t", y.elements),
            Field("mult", "int32_t", scaled.mult),
            Field("left", "int32_t", scaled.left),
        ),
        operands=(x.name, y.name),
        in_place=(0,),
    )


def line_table(f: _Real, low: float, high: float) -> Array:
    """int16 (513,): f over [low, high] in 2^-15."""
    single, places = np.float32, 512
    step = single((high - low) / places)
    half, unit = step / single(2), single(32768)

    def nearest(value: np.float32) -> np.float32:
        return single(np.trunc(value + np.copysign(single(0.5), value)))

    table = []
    for k in range(places):
        at = single(low) + single(k) * step
        here, following = nearest(f(at) * unit), f(single(low) + single(k + 1) * step) * unit
        error = nearest((following + here) / single(2)) - nearest(f(at + half) * unit)
        table.append(here - nearest(error / single(2)))
    table.append(nearest(f(single(high)) * unit))
    return np.clip(table, -32768, 32767).astype(np.int16)


def read_lines(table: Array, place: Array) -> Array:
    """`line_table` at -32768 … 32767. int64."""
    wide, low = table.astype(np.int64), 256 + (place >> 7)
    found: Array = wide[low] + (((wide[low + 1] - wide[low]) * (place & 127) + 64) >> 7)
    return found


@cache
def exp_table() -> Array:
    """e^t for t from -10 to 0."""
    # In double and rounded once, which gives the same on every machine.
    return line_table(lambda t: np.float32(np.exp(np.float64(t))), -10.0, 0.0)


@cache
def inverse_table() -> Array:
    """1 / (1 + t) for t from 0 to 1."""
    return line_table(lambda t: np.float32(1) / (np.float32(1) + t), 0.0, 1.0)
