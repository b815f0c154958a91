"""What the pools share: window geometry, and the window's values one tap at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Signature, activation_range, expect
from lilliput.compiler.ops._attrs import number_pairs, whole_numbers


class Window(NamedTuple):
    """A window of `size` (h, w) that moves by `stride` over an image with `padding` ((top, bottom), (left, right))."""

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]

    @classmethod
    def of(cls, node: Node) -> Window:
        """Read from attributes `window`, `stride`, `padding`. Raises BrokenGraph."""
        size, stride = whole_numbers(node, "window", 2, 1), whole_numbers(node, "stride", 2, 1)
        padding = number_pairs(node, "padding", 2)
        for length, pads in zip(size, padding, strict=True):
            # Else a window could lie wholly outside the image and have nothing to look at.
            expect(max(pads) < length, node, f"padding {padding} must be smaller than the window {size}")
        return cls((size[0], size[1]), (stride[0], stride[1]), (padding[0], padding[1]))

    def out(self, length: int, axis: int) -> int:
        """How many windows fit along an axis of `length`; below 1 when none does."""
        return (length + sum(self.padding[axis]) - self.size[axis]) // self.stride[axis] + 1

    def taps(self, x: Array, fill: int) -> Iterator[Array]:
        """For each position of the window, int64 (N, H_out, W_out, C): what the windows see there."""
        padded = np.pad(x.astype(np.int64), ((0, 0), *self.padding, (0, 0)), constant_values=fill)
        rows, columns = self.out(x.shape[1], 0), self.out(x.shape[2], 1)
        for i in range(self.size[0]):
            for j in range(self.size[1]):
                down, right = self.stride
                yield padded[:, i : i + (rows - 1) * down + 1 : down, j : j + (columns - 1) * right + 1 : right]


def pooled(node: Node, inputs: Sequence[Value]) -> Signature:
    """Shape and type of a pool's output. Raises BrokenGraph."""
    x, window = inputs[0], Window.of(node)
    expect(len(x.shape) == 4, node, f"x must be (N, H, W, C), got {x.shape}")
    rows, columns = window.out(x.shape[1], 0), window.out(x.shape[2], 1)
    expect(
        min(rows, columns) >= 1, node, f"a window of {window.size} does not fit into {x.shape} with {window.padding}"
    )
    return (x.shape[0], rows, columns, x.shape[3]), x.dtype


def pool_fields(node: Node, x: Value, y: Value, activation: str) -> tuple[Field, ...]:
    """The members of `lp_avg_pool_s8_t` and `lp_max_pool_s8_t`."""
    window = Window.of(node)
    low, high = activation_range(activation, y)
    numbers = {
        "h_in": x.shape[1], "w_in": x.shape[2], "c": x.shape[3], "h_out": y.shape[1], "w_out": y.shape[2],
        "k_h": window.size[0], "k_w": window.size[1], "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.padding[0][0], "pad_left": window.padding[1][0], "y_min": low, "y_max": high,
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in numbers.items())
