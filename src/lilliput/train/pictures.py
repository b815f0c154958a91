"""Changes of a picture by a given amount, no chance in them: colours, tones, edges, and moves in the plane.

Pictures are NumPy arrays of uint8, (H, W) or (H, W, C); each change gives a new one of the same shape. The amounts mean
what they mean in the image library whose operations AutoAugment and RandAugment were published with, so that their
tables hold; moves interpolate between four pixels, and what comes in from outside is mid grey.

Source: AutoAugment (arXiv:1805.09501), table 6; RandAugment (arXiv:1909.13719).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_FILL = 128.0
_LUMA = (0.299, 0.587, 0.114)
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13


def invert(x: Picture) -> Picture:
    """Black for white."""
    return 255 - x


def autocontrast(x: Picture) -> Picture:
    """Each channel stretched so that its darkest value is 0 and its brightest 255."""
    return _by_channel(x, _stretched)


def equalize(x: Picture) -> Picture:
    """Each channel through the table that makes its values as frequent as each other."""
    return _by_channel(x, _equalised)


def posterize(x: Picture, bits: int) -> Picture:
    """The upper `bits` of each value, 0 to 8; the others are cleared."""
    return x & np.uint8(0xFF & ~((1 << (8 - bits)) - 1))


def solarize(x: Picture, threshold: float) -> Picture:
    """Values from `threshold` up are inverted; 256 leaves all as they are."""
    return np.where(x < threshold, x, 255 - x)


def solarize_add(x: Picture, amount: int) -> Picture:
    """Dark values, below 128, become brighter by `amount`."""
    return np.where(x < 128, np.minimum(x.astype(np.int16) + amount, 255).astype(np.uint8), x)


def brightness(x: Picture, factor: float) -> Picture:
    """0: black; 1: as it is."""
    return _blend(np.zeros(1, np.float32), x, factor)


def contrast(x: Picture, factor: float) -> Picture:
    """0: everywhere its mean grey; 1: as it is."""
    return _blend(np.floor(_grey(x).mean(keepdims=True) + 0.5).reshape(1), x, factor)


def color(x: Picture, factor: float) -> Picture:
    """0: grey; 1: as it is. A picture of one channel stays as it is."""
    return x if x.ndim == 2 or x.shape[2] == 1 else _blend(_grey(x)[..., None], x, factor)


def sharpness(x: Picture, factor: float) -> Picture:
    """0: smoothed over three by three pixels; 1: as it is; 2: as much sharper. The rim stays."""
    if min(x.shape[:2]) < 3:
        return x
    smooth = x.astype(np.float32)
    height, width = x.shape[:2]
    inner = sum(
        float(_SMOOTH[i, j]) * smooth[i : height - 2 + i, j : width - 2 + j] for i in range(3) for j in range(3)
    )
    smooth = smooth.copy()
    smooth[1:-1, 1:-1] = np.floor(np.asarray(inner) + 0.5)
    return _blend(smooth, x, factor)


def shear_x(x: Picture, by: float) -> Picture:
    """Each row moved to the side by `by` pixels more than the row above."""
    return warp(x, [[1, by], [0, 1]], (0, 0))


def shear_y(x: Picture, by: float) -> Picture:
    """Each column moved by `by` pixels more than the one before."""
    return warp(x, [[1, 0], [by, 1]], (0, 0))


def translate_x(x: Picture, share: float) -> Picture:
    """To the side by a share of the width."""
    return warp(x, [[1, 0], [0, 1]], (share * x.shape[1], 0))


def translate_y(x: Picture, share: float) -> Picture:
    """Up or down by a share of the height."""
    return warp(x, [[1, 0], [0, 1]], (0, share * x.shape[0]))


def rotate(x: Picture, degrees: float) -> Picture:
    """About the middle, against the clock."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = [[cos, -sin], [sin, cos]]
    middle = np.array([x.shape[1] / 2, x.shape[0] / 2])
    return warp(x, matrix, tuple(middle - np.array(matrix) @ middle))


def cut_out(x: Picture, top: float, left: float, height: float, width: float) -> Picture:
    """A rectangle of the picture, in pixels, at the size of the whole."""
    scale = [[width / x.shape[1], 0], [0, height / x.shape[0]]]
    return warp(x, scale, (left, top), inside=True)


def warp(x: Picture, matrix: Any, offset: tuple[float, ...], *, inside: bool = False) -> Picture:
    """The picture whose point p shows the point matrix · p + offset of this one.

    Args:
        x: the picture.
        matrix: two by two, of (across, down); the origin is the upper left corner, pixels have their centres at halves.
        offset: (across, down), pixels.
        inside: whether points outside take the nearest pixel instead of grey.
    """
    height, width = x.shape[:2]
    down, across = np.mgrid[:height, :width] + 0.5
    (a, b), (c, d) = matrix
    u, v = a * across + b * down + offset[0], c * across + d * down + offset[1]
    left, top = np.floor(u - 0.5), np.floor(v - 0.5)
    wide, high = u - 0.5 - left, v - 0.5 - top
    weights = ((1 - high) * (1 - wide), (1 - high) * wide, high * (1 - wide), high * wide)
    places = ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1))
    extra = (1,) * (x.ndim - 2)
    y = np.zeros(x.shape, np.float64)
    for weight, (row, column) in zip(weights, places, strict=True):
        rows = row.clip(0, height - 1).astype(np.intp)
        columns = column.clip(0, width - 1).astype(np.intp)
        y += x[rows, columns] * weight.reshape(height, width, *extra)
    if not inside:
        outside = (u < 0) | (u >= width) | (v < 0) | (v >= height)
        y[outside] = _FILL
    return _rounded(y)


def _blend(ground: NDArray[Any], x: Picture, factor: float) -> Picture:
    return _rounded(ground + factor * (x.astype(np.float32) - ground))


def _rounded(y: NDArray[Any]) -> Picture:
    whole: Picture = np.clip(np.rint(y), 0, 255).astype(np.uint8)
    return whole


def _grey(x: Picture) -> NDArray[np.float32]:
    if x.ndim == 2 or x.shape[2] != 3:
        return x.astype(np.float32) if x.ndim == 2 else x.mean(2, dtype=np.float32)
    return np.rint(x.astype(np.float32) @ np.array(_LUMA, np.float32))


def _by_channel(x: Picture, table_of: Any) -> Picture:
    if x.ndim == 2:
        table: Picture = table_of(x)
        return table[x]
    return np.stack([table_of(x[..., c])[x[..., c]] for c in range(x.shape[2])], axis=2)


def _stretched(x: Picture) -> Picture:
    low, high = int(x.min()), int(x.max())
    table = np.arange(256)
    if high > low:
        table = ((table - low) * 255 // (high - low)).clip(0, 255)
    return table.astype(np.uint8)


def _equalised(x: Picture) -> Picture:
    counts = np.bincount(x.ravel(), minlength=256)
    step = int(counts.sum() - counts[np.flatnonzero(counts)[-1]]) // 255
    table = np.arange(256)
    if step:
        below = np.cumsum(counts) - counts
        table = np.minimum((below + step // 2) // step, 255)
    return table.astype(np.uint8)
