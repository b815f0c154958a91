from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from lilliput.layers.same import SameConv2d, same_padding


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [(49, 10, 2, (4, 5)), (10, 4, 2, (1, 1)), (32, 3, 1, (1, 1)), (96, 3, 2, (0, 1)), (5, 1, 2, (0, 0))],
)
def test_padding_is_tensorflows(size: int, kernel: int, stride: int, expected: tuple[int, int]) -> None:
    assert same_padding(size, kernel, stride) == expected


def test_even_input_at_stride_two_pads_below_and_right() -> None:
    layer = SameConv2d(1, 1, (3, 3), size=(4, 4), stride=(2, 2), bias=False)
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    expected = F.conv2d(F.pad(x, (0, 1, 0, 1)), layer.weight, stride=2)
    assert torch.equal(layer(x), expected)
    assert layer.size_out == (2, 2)


def test_equal_padding_stays_inside_the_convolution() -> None:
    layer = SameConv2d(2, 4, (3, 3), size=(5, 7), groups=2)
    assert (layer.padding, layer.outside) == ((1, 1), ())
    assert layer(torch.zeros(1, 2, 5, 7)).shape == (1, 4, 5, 7)
