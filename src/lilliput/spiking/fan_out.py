"""How many products one number that enters a layer takes part in: exactly, borders included.

Axes: P positions of one spatial axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Convolution:
    """Shape of a convolution, any number of spatial axes.

    Args:
        inputs: spatial sizes of what enters.
        outputs: spatial sizes of what leaves.
        kernel: sizes of the kernel.
        stride, padding, dilation: by axis.
        transposed: whether inputs are spread and not gathered.
        channels_out: of the layer.
        channels_in: of the layer.
        groups: of channels.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    transposed: bool
    channels_in: int
    channels_out: int
    groups: int

    def macs(self, rows: int) -> int:
        """As the field counts them: every output times its taps, those on padding included."""
        taps = math.prod(self.kernel) * (self.channels_out // self.groups) * self.channels_in
        places = math.prod(self.inputs if self.transposed else self.outputs)
        return rows * taps * places

    def products(self, values: Tensor) -> int:
        """Σ of values, each times the products it takes part in.

        Shapes:
            values (B, C, *inputs), int64.
        """
        by_place = values.sum((0, 1))
        for axis in range(len(self.inputs)):
            counts = torch.tensor(self._along(axis), dtype=torch.int64, device=values.device)
            by_place = by_place * counts.reshape([-1 if a == axis else 1 for a in range(len(self.inputs))])
        return int(by_place.sum()) * (self.channels_out // self.groups)

    def _along(self, axis: int) -> list[int]:
        """For each position along an axis, how many pairs of output and tap meet it."""
        step, pad, gap = self.stride[axis], self.padding[axis], self.dilation[axis]
        size, made, taps = self.inputs[axis], self.outputs[axis], self.kernel[axis]
        if self.transposed:
            return [sum(0 <= i * step - pad + k * gap < made for k in range(taps)) for i in range(size)]
        counts = [0] * size
        for output in range(made):
            for tap in range(taps):
                place = output * step - pad + tap * gap
                if 0 <= place < size:
                    counts[place] += 1
        return counts


def convolution_of(
    x: Tensor,
    weight: Tensor,
    made: Tensor,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    groups: int,
) -> Convolution:
    """From the arguments of `aten.convolution`. One number may stand for all axes."""
    axes = x.ndim - 2

    def each(numbers: Sequence[int]) -> tuple[int, ...]:
        return tuple(numbers) if len(numbers) == axes else tuple(numbers) * axes

    return Convolution(
        tuple(x.shape[2:]),
        tuple(made.shape[2:]),
        tuple(weight.shape[2:]),
        each(stride),
        each(padding),
        each(dilation),
        transposed,
        x.shape[1],
        made.shape[1],
        groups,
    )
