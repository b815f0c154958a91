"""Real FFT of 32-bit integers with Q15 twiddles, defined bit for bit. Axes: N samples, M = N/2, F frames.

The N real samples are taken as M complex numbers (even + i·odd), transformed in place from bit-reversed order by one
radix-2 stage where log2(M) is odd, then radix-4 stages, and separated into the spectrum of the real signal.

    half(a, w) = (a · w) >> 16          w in Q15: the product halved, rounded down, on the exact product
    radix-2     (a + b, a - b)
    radix-4     a, b, c, d, each halved and turned by its twiddle: half(·, cos), half(·, sin); >> 1 where it is 1
                then a+b+c+d, a-ib-c+id, a-b+c-d, a+ib-c-id

A radix-4 stage so halves its result once and at most doubles the largest magnitude; a radix-2 stage doubles it.
With |samples| ≤ 2^24 a complex input is below 2^24.5, and after the stages of N = 2048 (five radix-4) below 2^29.5;
separation doubles it once more: 2^30.5 < 2^31, so nothing overflows. Each stage adds less than 8 to that by rounding.

The C twin is in `runtime/lp_log_mel_s16.c`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MIN_POINTS, MAX_POINTS = 16, 2048


def twiddles(points: int) -> Array:
    """(3N/4, 2) int16: cos and sin of 2πk/N in Q15, k = 0 … 3N/4 - 1; 1.0 is 32767."""
    angle = 2 * np.pi * np.arange(3 * points // 4) / points
    table = np.rint(np.stack([np.cos(angle), np.sin(angle)], axis=1) * 32768)
    rounded: Array = np.clip(table, -32767, 32767).astype(np.int16)
    return rounded


def bit_reversal(points: int) -> Array:
    """(M,) uint16: the place of each complex number before the first stage."""
    bits = (points // 2).bit_length() - 1
    places = np.zeros(points // 2, np.uint16)
    for bit in range(bits):
        places |= ((np.arange(points // 2) >> bit & 1) << (bits - 1 - bit)).astype(np.uint16)
    return places


def halvings(points: int) -> int:
    """How often the result is halved against the plain transform: the number of radix-4 stages."""
    return ((points // 2).bit_length() - 1) // 2


def real_fft(samples: Array, table: Array, places: Array) -> tuple[Array, Array]:
    """Spectrum of real signals, 2^-halvings of the plain transform.

    Args:
        samples: (N, F) int32, magnitudes at most 2^24.
        table: of `twiddles`.
        places: of `bit_reversal`.

    Shapes:
        -> real and imaginary parts of bins 1 … N/2 - 1, (N/2 - 1, F) int32 each; the sign of the imaginary part
        is that of the conjugate from N/4 up, which power does not see.
    """
    re, im = (np.empty((len(samples) // 2, samples.shape[1]), np.int32) for _ in range(2))
    re[places], im[places] = samples[::2], samples[1::2]
    wide = table.astype(np.int32)
    _complex_fft(re, im, wide)
    return _separate(re, im, wide)


def half(a: Array, w: Array) -> Array:
    """(a · w) >> 16 on the exact product, without leaving 32 bits: the high and the low half of `a` apart."""
    product: Array = (a >> 16) * w
    product += ((a & 0xFFFF) * w) >> 16
    return product


def _complex_fft(re: Array, im: Array, table: Array) -> None:
    count, points = len(re), 2 * len(re)
    length = 1
    if halvings(points) * 2 != count.bit_length() - 1:
        for part in (re, im):
            low, high = part[::2].copy(), part[1::2].copy()
            part[::2], part[1::2] = low + high, low - high
        length = 2
    while length < count:
        _radix4(re.reshape(-1, 4, length, re.shape[-1]), im.reshape(-1, 4, length, im.shape[-1]), table)
        length *= 4


def _radix4(re: Array, im: Array, table: Array) -> None:
    """One stage in place; (groups, 4, length, F). Bit-reversed order keeps the quarters as 0, 2, 1, 3."""
    length = re.shape[2]
    step = len(table) // 3 // length  # N / (4 · length)
    ar, ai = re[:, 0] >> 1, im[:, 0] >> 1
    turned = []
    for quarter, power in ((2, 1), (1, 2), (3, 3)):
        r, i = re[:, quarter], im[:, quarter]
        tr, ti = np.empty_like(r), np.empty_like(i)
        tr[:, 0], ti[:, 0] = r[:, 0] >> 1, i[:, 0] >> 1
        if length > 1:
            w = table[power * step * np.arange(1, length)]
            cos, sin = w[:, :1], w[:, 1:]
            r, i = r[:, 1:], i[:, 1:]
            tr[:, 1:] = half(r, cos) + half(i, sin)
            ti[:, 1:] = half(i, cos) - half(r, sin)
        turned += [tr, ti]
    br, bi, cr, ci, dr, di = turned
    even_r, even_i, odd_r, odd_i = ar + cr, ai + ci, br + dr, bi + di
    re[:, 0], im[:, 0] = even_r + odd_r, even_i + odd_i
    re[:, 2], im[:, 2] = even_r - odd_r, even_i - odd_i
    even_r, even_i, odd_r, odd_i = ar - cr, ai - ci, br - dr, bi - di
    re[:, 1], im[:, 1] = even_r + odd_i, even_i - odd_r
    re[:, 3], im[:, 3] = even_r - odd_i, even_i + odd_r


def _separate(re: Array, im: Array, table: Array) -> tuple[Array, Array]:
    """Bins k and M - k from Z[k] and Z[M - k], for k = 1 … M/2 - 1; bin M/2 is Z[M/2] but for its sign."""
    middle = len(re) // 2
    low, high = slice(1, middle), slice(None, middle, -1)
    even_r, even_i = (re[low] + re[high]) >> 1, (im[low] - im[high]) >> 1
    dr, di = re[low] - re[high], im[low] + im[high]
    cos, sin = table[1:middle, :1], table[1:middle, 1:]
    turned_r = half(di, cos) - half(dr, sin)
    turned_i = -half(dr, cos) - half(di, sin)
    re[low], im[low] = even_r + turned_r, even_i + turned_i
    re[high], im[high] = even_r - turned_r, even_i - turned_i
    return re[1:], im[1:]
