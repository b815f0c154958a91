"""Convolution with TensorFlow's SAME padding, for networks whose published form was trained with it.

At stride 2 SAME pads one row more below than above, and one column more right than left, which `nn.Conv2d`
cannot say by itself. Axes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one axis of length `size`, so that ceil(size / stride) outputs come out."""
    total = max((same_size(size, stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def same_size(size: int, stride: int) -> int:
    """Outputs along one axis of length `size` under SAME padding: ceil(size / stride)."""
    return -(-size // stride)


class SameConv2d(nn.Conv2d):
    """A 2-D convolution padded as TensorFlow's SAME for one input size, which is fixed when it is made.

    Equal padding on both sides goes into the convolution; unequal padding becomes one pad before it.

    Args:
        size: height and width of the input in pixels; the padding depends on it.
        kernel: height and width of the kernel.
        stride: steps along height and width.
        groups: as in `nn.Conv2d`; equal to `channels_in` for a depthwise convolution.

    Shapes:
        (B, channels_in, *size) -> (B, channels_out, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: tuple[int, int],
        *,
        size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        top, bottom = same_padding(size[0], kernel[0], stride[0])
        left, right = same_padding(size[1], kernel[1], stride[1])
        equal = top == bottom and left == right
        inside = (top, left) if equal else (0, 0)
        super().__init__(channels_in, channels_out, kernel, stride, inside, groups=groups, bias=bias)
        self.outside = () if equal else (left, right, top, bottom)
        self.size_out = (same_size(size[0], stride[0]), same_size(size[1], stride[1]))

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, self.outside) if self.outside else input)
