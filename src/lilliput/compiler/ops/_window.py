"""The window of a convolution: where the kernel stands for each output element. Axes: N, H, W, C."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.op import Field, expect


@dataclass(frozen=True)
class Window:
    """Shapes and steps of a convolution, as (height, width) pairs.

    Args:
        image, out, kernel: sizes in elements.
        stride, dilation: in elements, 1 or more.
        before, after: zero padding in elements, 0 or more.
    """

    image: tuple[int, int]
    out: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def reach(self) -> tuple[int, int]:
        """Rows and columns of the image that one output element spans."""
        return self._spans(1, 1)

    @property
    def plane(self) -> tuple[int, int]:
        """Rows that one output row spans, and columns that a whole output row spans."""
        return self._spans(1, self.out[1])

    @property
    def positions(self) -> int:
        """Output elements of one channel."""
        return self.out[0] * self.out[1]

    @property
    def is_pointwise(self) -> bool:
        """A 1×1 kernel without padding."""
        return self.kernel == (1, 1) and self.before == self.after == (0, 0)

    @property
    def is_column(self) -> bool:
        """Height is the only axis: image, kernel and padding have a width of one, one and nothing."""
        return self.image[1] == self.kernel[1] == self.stride[1] == 1 and self.before[1] == self.after[1] == 0

    def turned(self) -> Window:
        """Height and width exchanged. For a column the bytes stay where they are, and kernels that work by rows then
        find one long row."""
        pairs = {field.name: getattr(self, field.name)[::-1] for field in dataclasses.fields(self)}
        return Window(**pairs)

    def fields(self) -> tuple[Field, ...]:
        """The members that the kernels' structs share, `kernel_h` to `dilation_w`."""
        pairs = {"kernel": self.kernel, "stride": self.stride}
        steps = [
            Field(f"{name}_{axis}", "int32_t", v) for name, p in pairs.items() for axis, v in zip("hw", p, strict=True)
        ]
        pads = [Field("pad_top", "int32_t", self.before[0]), Field("pad_left", "int32_t", self.before[1])]
        dilations = [Field(f"dilation_{axis}", "int32_t", v) for axis, v in zip("hw", self.dilation, strict=True)]
        return (*steps, *pads, *dilations)

    def taps(self, x: Array, fill: int) -> Iterator[tuple[int, int, Array]]:
        """(ky, kx, the input under that tap for every output element, (N, out_h, out_w, C)); padding holds `fill`."""
        pads = ((0, 0), (self.before[0], self.after[0]), (self.before[1], self.after[1]), (0, 0))
        padded = np.pad(x, pads, constant_values=fill)
        for ky in range(self.kernel[0]):
            for kx in range(self.kernel[1]):
                top, left = ky * self.dilation[0], kx * self.dilation[1]
                bottom = top + (self.out[0] - 1) * self.stride[0] + 1
                right = left + (self.out[1] - 1) * self.stride[1] + 1
                yield ky, kx, padded[:, top : bottom : self.stride[0], left : right : self.stride[1]]

    def rows_end_behind_reads(self) -> bool:
        """True when each output row, written over the image from its first pixel on, ends before the first image row
        that the next output row needs anew: the rule for working in place by rows."""
        for oy in range(self.out[0]):
            following = oy * self.stride[0] - self.before[0] + self.reach[0]
            if following < self.image[0] and (oy + 1) * self.out[1] > max(following, 0) * self.image[1]:
                return False
        return True

    def pixels_end_behind_reads(self, c_in: int, c_out: int) -> bool:
        """The same rule pixel by pixel, for a 1×1 kernel from `c_in` to `c_out` channels."""
        y, x = np.divmod(np.arange(1, self.positions, dtype=np.int64), self.out[1])
        read = (y * self.stride[0] * self.image[1] + x * self.stride[1]) * c_in
        return bool((np.arange(1, self.positions, dtype=np.int64) * c_out <= read).all())

    def _spans(self, out_h: int, out_w: int) -> tuple[int, int]:
        first, second = (
            (n - 1) * s + (k - 1) * d + 1
            for n, s, k, d in zip((out_h, out_w), self.stride, self.kernel, self.dilation, strict=True)
        )
        return first, second


def window_of(node: Node, image: tuple[int, int], kernel: tuple[int, int]) -> Window:
    """The window of a node with the attributes `stride`, `padding` and `dilation`.

    Raises:
        BrokenGraph: LP310, an attribute is missing or out of range, or the kernel does not fit the padded image.
    """
    stride, dilation = _pair(node, "stride", 1), _pair(node, "dilation", 1)
    padding = node.attrs.get("padding")
    expect(isinstance(padding, tuple) and len(padding) == 2, node, f"padding must be two pairs, got {padding!r}")
    (top, bottom), (left, right) = (_ints(node, "padding", pair, 0) for pair in padding or ())
    out = []
    for size, pads, k, s, d in zip(image, ((top, bottom), (left, right)), kernel, stride, dilation, strict=True):
        room = size + sum(pads) - (k - 1) * d - 1
        expect(room >= 0, node, f"a kernel of {k} with dilation {d} does not fit an image of {size} padded by {pads}")
        out.append(room // s + 1)
    return Window(image, (out[0], out[1]), kernel, stride, dilation, (top, left), (bottom, right))


def _pair(node: Node, name: str, least: int) -> tuple[int, int]:
    return _ints(node, name, node.attrs.get(name), least)


def _ints(node: Node, name: str, given: Any, least: int) -> tuple[int, int]:
    fits = isinstance(given, tuple) and len(given) == 2 and all(isinstance(v, int) and v >= least for v in given)
    expect(fits, node, f"{name} must be pairs of integers of {least} or more, got {given!r}")
    return int(given[0]), int(given[1])
