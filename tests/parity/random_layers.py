"""Random operators that sum, and those with windows or along an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Quant
from tests.parity.one_op_file import Edge, Options
from tests.parity.random_case import Case, Random, axis_for, case, int8, numbers, quant, shape, stretched


@case("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL")
def _reduce(rng: Random, name: str) -> Case:
    s = shape(rng, 1, 4, 5)
    axes = sorted(rng.choice(len(s), rng.integers(1, len(s) + 1), replace=False).tolist())
    keep = bool(rng.random() < 0.5)
    left = [1 if i in axes else n for i, n in enumerate(s) if keep or i not in axes]
    written = [axis - len(s) if rng.random() < 0.3 else axis for axis in axes]
    x, y = quant(rng), quant(rng, 0.02, 0.4)
    ends = [int8(s, x), int8(left, x if name.startswith("REDUCE") else y)]
    if name == "REDUCE_ALL":
        ends = [Edge(s, "bool"), Edge(tuple(left), "bool")]
    return Case([ends[0], numbers(written)], [ends[1]], (27, {0: ("bool", keep)}))


@case("ARG_MAX", "ARG_MIN")
def _place(rng: Random, name: str) -> Case:
    s = shape(rng, 1, 4)
    axis, written = axis_for(rng, len(s))
    y = Edge((*s[:axis], *s[axis + 1 :]), "int32")
    return Case([int8(s, quant(rng)), numbers([written])], [y], (40 if name == "ARG_MAX" else 57, {0: ("byte", 2)}))


@case("CUMSUM")
def _cumsum(rng: Random) -> Case:
    s = shape(rng, 1, 4)
    _, written = axis_for(rng, len(s))
    flags: Options = {0: ("bool", bool(rng.random() < 0.5)), 1: ("bool", bool(rng.random() < 0.5))}
    return Case([int8(s, quant(rng)), numbers([written])], [int8(s, quant(rng))], (102, flags))


@case("BATCH_MATMUL")
def _matmul(rng: Random) -> Case:
    batch, (m, k, n) = shape(rng, 0, 2, 3), (int(i) for i in rng.integers(1, 7, 3))
    flip = [bool(rng.random() < 0.5) for _ in range(2)]
    a, b = ([m, k] if not flip[0] else [k, m]), ([k, n] if not flip[1] else [n, k])
    left, right = list(batch), list(stretched(rng, batch)) if batch else []
    edges = [int8([*left, *a], quant(rng)), int8([*right, *b], quant(rng), rng if rng.random() < 0.4 else None)]
    options: Options = {0: ("bool", flip[0]), 1: ("bool", flip[1])}
    return Case(edges, [int8([*batch, m, n], quant(rng, 0.02, 0.5))], (101, options))


@case("TRANSPOSE_CONV")
def _transpose_conv(rng: Random) -> Case:
    h, w, c_in, c_out, kh, kw = (int(i) for i in rng.integers(1, 5, 6))
    sh, sw = (int(i) for i in rng.integers(1, 4, 2))
    same = int(rng.random() < 0.5)
    size = (h * sh, w * sw) if same else ((h - 1) * sh + kh, (w - 1) * sw + kw)
    x = quant(rng)
    scales = rng.uniform(0.002, 0.02, c_out).astype(np.float32).tolist()
    per_channel = Quant(tuple(scales), (0,) * c_out, 0 if c_out > 1 else None)
    weights = Edge((c_out, kh, kw, c_in), "int8", per_channel, rng.integers(-127, 128, (c_out, kh, kw, c_in), np.int8))
    bias_quant = Quant(
        tuple(float(np.float32(s) * np.float32(x.scale[0])) for s in scales), (0,) * c_out, per_channel.axis
    )
    bias = Edge((c_out,), "int32", bias_quant, rng.integers(-2000, 2000, c_out).astype(np.int32))
    inputs = [numbers([1, *size, c_out]), weights, int8((1, h, w, c_in), x), *([bias] if rng.random() < 0.7 else [])]
    fields: Options = {0: ("byte", 1 - same), 1: ("int", sw), 2: ("int", sh), 3: ("byte", int(rng.integers(0, 4)))}
    return Case(inputs, [int8((1, *size, c_out), quant(rng, 0.02, 0.1))], (49, fields))


@case("L2_NORMALIZATION")
def _l2_normalization(rng: Random) -> Case:
    s = shape(rng, 1, 4, 9)
    return Case([int8(s, quant(rng))], [int8(s, Quant.per_tensor(1 / 128, 0))], (12, {0: ("byte", 0)}))


@case("SOFTMAX", "LOG_SOFTMAX")
def _softmax(rng: Random, name: str) -> Case:
    s = shape(rng, 2, 4, 12)
    x = quant(rng, 0.001, 1.0)
    if name == "SOFTMAX":
        return Case([int8(s, x)], [int8(s, Quant.per_tensor(1 / 256, -128))], (9, {0: ("float", 1.0)}))
    return Case([int8(s, x)], [int8(s, Quant.per_tensor(1 / 16, 127))], (36, {}))


def _window(rng: Random, h: int, w: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Padding number, kernel and stride that fit an image."""
    kernel = (int(rng.integers(1, min(h, 5) + 1)), int(rng.integers(1, min(w, 5) + 1)))
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return int(rng.integers(0, 2)), kernel, stride


def _out(same: bool, image: Sequence[int], reach: Sequence[int], stride: Sequence[int]) -> tuple[int, ...]:
    return tuple(
        -(-n // s) if same else (n - k) // s + 1 for n, k, s in zip(image, reach, stride, strict=True)
    )  # fmt: skip


@case("AVERAGE_POOL_2D", "MAX_POOL_2D")
def _pool(rng: Random, name: str) -> Case:
    h, w, c = (int(i) for i in rng.integers(1, 8, 3))
    padding, kernel, stride = _window(rng, h, w)
    x = quant(rng)
    y = _out(padding == 0, (h, w), kernel, stride)
    fields: Options = {
        0: ("byte", padding), 1: ("int", stride[1]), 2: ("int", stride[0]), 3: ("int", kernel[1]),
        4: ("int", kernel[0]), 5: ("byte", int(rng.integers(0, 4))),
    }  # fmt: skip
    n = int(rng.integers(1, 3))
    return Case([int8((n, h, w, c), x)], [int8((n, *y, c), x)], (5, fields))


def _layer(rng: Random, shape: Sequence[int], axis: int, x: Quant) -> tuple[Edge, list[Edge]]:
    """Weights, and a bias or none."""
    count = shape[axis]
    several = count > 1 and rng.random() < 0.7
    scales = rng.uniform(0.002, 0.02, count if several else 1).astype(np.float32).tolist()
    quant_w = Quant(tuple(scales), (0,) * len(scales), axis if several else None)
    w = Edge(tuple(shape), "int8", quant_w, rng.integers(-127, 128, shape).astype(np.int8))
    products = tuple(float(np.float32(s) * np.float32(x.scale[0])) for s in scales)
    quant_b = Quant(products, (0,) * len(scales), 0 if several else None)
    bias = Edge((count,), "int32", quant_b, rng.integers(-3000, 3000, count).astype(np.int32))
    return w, [bias] if rng.random() < 0.8 else []


@case("CONV_2D", "DEPTHWISE_CONV_2D")
def _conv(rng: Random, name: str) -> Case:
    h, w = (int(i) for i in rng.integers(1, 10, 2))
    c_in, c_out = (int(i) for i in rng.integers(1, 9, 2))
    padding, kernel, stride = _window(rng, h, w)
    dilation = (1, 1) if rng.random() < 0.6 else (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    if padding == 1 and (reach[0] > h or reach[1] > w):
        dilation, reach = (1, 1), kernel
    depthwise, x = name.startswith("DEPTH"), quant(rng)
    multiplier = int(rng.integers(1, 4))
    c_out = c_in * multiplier if depthwise else c_out
    weights, bias = _layer(rng, (1, *kernel, c_out) if depthwise else (c_out, *kernel, c_in), 3 if depthwise else 0, x)
    steps: Options = {0: ("byte", padding), 1: ("int", stride[1]), 2: ("int", stride[0])}
    act = ("byte", int(rng.integers(0, 4)))
    spread = [("int", dilation[1]), ("int", dilation[0])]
    if depthwise:
        options = (2, {**steps, 3: ("int", multiplier), 4: act, 5: spread[0], 6: spread[1]})
    else:
        options = (1, {**steps, 3: act, 4: spread[0], 5: spread[1]})
    n = 1 if rng.random() < 0.7 else 2
    y = int8((n, *_out(padding == 0, (h, w), reach, stride), c_out), quant(rng, 0.02, 0.2))
    return Case([int8((n, h, w, c_in), x), weights, *bias], [y], options)


@case("FULLY_CONNECTED")
def _fully_connected(rng: Random) -> Case:
    rows, c_in, c_out = (int(i) for i in rng.integers(1, 12, 3))
    x = quant(rng)
    weights, bias = _layer(rng, (c_out, c_in), 0, x)
    options = (8, {0: ("byte", int(rng.integers(0, 4))), 1: ("byte", 0), 2: ("bool", False)})
    return Case([int8((rows, c_in), x), weights, *bias], [int8((rows, c_out), quant(rng, 0.02, 0.2))], options)


@case("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def _resize(rng: Random, name: str) -> Case:
    h, w, c, out_h, out_w = (int(i) for i in rng.integers(1, 9, 5))
    x, mode = quant(rng), int(rng.integers(0, 3))
    first = 2 if name == "RESIZE_BILINEAR" else 0
    fields: Options = {first: ("bool", mode == 1), first + 1: ("bool", mode == 2)}
    edges = int8((1, h, w, c), x), int8((1, out_h, out_w, c), x)
    return Case([edges[0], numbers([out_h, out_w])], [edges[1]], (15 if first else 74, fields))


@case("REDUCE_ANY")
def _any(rng: Random) -> Case:
    return _reduced_truth(rng)


def _reduced_truth(rng: Random) -> Case:
    s = shape(rng, 2, 4, 5)
    axes = sorted(rng.choice(len(s), rng.integers(1, len(s)), replace=False).tolist())
    left = tuple(n for i, n in enumerate(s) if i not in axes)
    return Case([Edge(s, "bool"), numbers(axes)], [Edge(left, "bool")], (27, {0: ("bool", False)}))


@case("TOPK_V2")
def _top_k(rng: Random) -> Case:
    s, q = shape(rng, 1, 3, 9), quant(rng)
    k = int(rng.integers(1, s[-1] + 1))
    y = (*s[:-1], k)
    return Case([int8(s, q), Edge((), "int32", None, np.array(k, np.int32))], [int8(y, q), Edge(y, "int32")], (34, {}))
