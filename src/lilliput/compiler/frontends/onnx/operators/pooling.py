"""Pools and reductions."""

from __future__ import annotations

import math
from dataclasses import replace

from lilliput.compiler.frontends.onnx import shapes
from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.operators.elementwise import scaled
from lilliput.compiler.frontends.onnx.operators.layers import Pads, line_pads, two_axes, window_pads
from lilliput.compiler.frontends.onnx.reader import TO_FIRST, TO_LAST, Reader, on
from lilliput.core.errors import BrokenGraph


@on("MaxPool", moves=True)
def _max_pool(r: Reader, op: Operator) -> str:
    return pooled(r, op, r.x(op), "max_pool2d")


@on("AveragePool")
def _average_pool(r: Reader, op: Operator) -> str:
    return pooled(r, op, r.x(op), "avg_pool2d")


def pooled(r: Reader, op: Operator, x: str, kind: str) -> str:
    """A pool over one or two axes."""
    shape, axes = r.shape(x), len(r.shape(x)) - 2
    op.demand(axes in (1, 2), f"a pool over {axes} axes has no kernel")
    window, stride = two_axes(op, "kernel_shape", axes), two_axes(op, "strides", axes)
    op.demand(two_axes(op, "dilations", axes) == (1, 1), "a dilated pool has no kernel")
    op.demand(not op.attrs.get("storage_order", 0), "storage_order 1")
    image = (1, *shape[2:])[-2:]
    padding = _pads(op, shape[2:], window, stride)
    if kind == "avg_pool2d" and op.attrs.get("count_include_pad", 0) and padding != ((0, 0), (0, 0)):
        border = ((0, 0), (0, 0), *padding[2 - axes :])
        x = r.node(op, "pad", [x], padding=border, value=0.0)
        image, padding = (1, *r.shape(x)[2:])[-2:], ((0, 0), (0, 0))
    if op.attrs.get("ceil_mode", 0):
        first, second = (
            (before, after + _ceil_extra(n, k, s, before, after))
            for n, k, s, (before, after) in zip(image, window, stride, padding, strict=True)
        )
        padding = (first, second)
    return r.channels_last(op, kind, x, window=window, stride=stride, padding=padding)


def _pads(op: Operator, image: tuple[int, ...], window: tuple[int, int], stride: tuple[int, int]) -> Pads:
    if len(image) == 2:
        return window_pads(op, image, window, stride)
    return ((0, 0), line_pads(op, image[0], window[1], stride[1]))


def _ceil_extra(length: int, window: int, stride: int, before: int, after: int) -> int:
    """What must be added behind so that a last window that begins inside, or in the padding before, counts too."""
    room = length + before + after - window
    out = -(-room // stride) + 1
    if (out - 1) * stride >= length + before:
        out -= 1
    return max(0, (out - 1) * stride - room)


@on("GlobalAveragePool")
def _global_average(r: Reader, op: Operator) -> str:
    x = r.x(op)
    return r.node(op, "mean", [x], axes=tuple(range(2, len(r.shape(x)))), keepdims=True)


@on("GlobalMaxPool", moves=True)
def _global_max(r: Reader, op: Operator) -> str:
    x = r.x(op)
    shape = r.shape(x)
    op.demand(len(shape) in (3, 4), f"{list(shape)} is no image")
    window = (1, *shape[2:])[-2:]
    return r.channels_last(op, "max_pool2d", x, window=window, stride=(1, 1), padding=((0, 0), (0, 0)))


@on("ReduceMean", "ReduceSum", "ReduceSumSquare")
def _reduce_mean(r: Reader, op: Operator) -> str:
    x = r.x(op)
    axes, keep = _reduced_axes(r, op, x)
    if not axes:
        return x
    if op.kind == "ReduceSumSquare":
        x = r.node(op, "mul", [x, x])
    count = math.prod(r.shape(x)[axis] for axis in axes)
    y = r.node(op, "mean", [x], axes=axes, keepdims=keep)
    return y if op.kind == "ReduceMean" else scaled(r, op, y, float(count))


@on("ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2")
def _reduce(r: Reader, op: Operator) -> str:
    x = r.x(op)
    axes, keep = _reduced_axes(r, op, x)
    if op.kind == "ReduceMax" and len(r.shape(x)) == 4:
        for image, there in (((1, 2), (0, 1, 2, 3)), ((2, 3), TO_LAST), ((1, 3), (0, 1, 3, 2))):
            if axes == image:
                return _max_of_image(r, op, x, there, axes, keep=keep)
    names = {"ReduceMax": "reduce_max", "ReduceMin": "reduce_min", "ReduceProd": "reduce_prod"}
    return r.node(op, names.get(op.kind, op.kind.lower()), [x], axes=axes, keepdims=keep)


def _max_of_image(r: Reader, op: Operator, x: str, there: tuple[int, ...], axes: tuple[int, ...], *, keep: bool) -> str:
    """The largest over two axes, as a pool whose window is the image."""
    last = r.transpose(op, x, there)
    window = r.shape(last)[1:3]
    y = r.node(op, "max_pool2d", [last], window=window, stride=(1, 1), padding=((0, 0), (0, 0)))
    whole = r.transpose(op, y, TO_FIRST if there == TO_LAST else there)
    return whole if keep else r.reshape(op, whole, shapes.without(r.shape(whole), axes))


def _reduced_axes(r: Reader, op: Operator, x: str) -> tuple[tuple[int, ...], bool]:
    axes, keep = shapes.reduced(op, len(r.shape(x)))
    op.demand(0 not in axes, "works over the batch")
    return axes, keep


@on("ArgMax", "ArgMin")
def _arg(r: Reader, op: Operator) -> str:
    x = r.x(op)
    axis = op.axis(len(r.shape(x)), 0)
    op.demand(axis > 0 and not op.attrs.get("select_last_index", 0), "over the batch, or the last of equal ones")
    kind = "arg_max" if op.kind == "ArgMax" else "arg_min"
    return r.node(op, kind, [x], axis=axis, keepdims=bool(op.attrs.get("keepdims", 1)))


@on("InstanceNormalization", "LayerNormalization", "GroupNormalization", "MeanVarianceNormalization")
def _normalisation(r: Reader, op: Operator) -> str:
    """(x - mean) / √(variance + ε) · γ + β over the axes of each; needs a reciprocal root of ours."""
    x = r.x(op)
    shape = r.shape(x)
    if op.kind == "GroupNormalization" or len(op.outputs) > 1:
        op.refuse("groups, or the statistics as further outputs, have no kernels")
    axes = tuple(range(2, len(shape)))
    if op.kind == "LayerNormalization":
        axes = tuple(range(op.axis(len(shape), -1), len(shape)))
    if op.kind == "MeanVarianceNormalization":
        axes = tuple(sorted(op.axes(op.ints("axes") or (0, 2, 3), len(shape))))
    op.demand(bool(axes) and 0 not in axes, "works over the batch")
    if op.kind == "LayerNormalization" and axes == (len(shape) - 1,):
        return _layer_norm(r, op, x, shape[-1])
    mean = r.node(op, "mean", [x], axes=axes, keepdims=True)
    centred = r.node(op, "sub", [x, mean])
    variance = r.node(op, "mean", [r.node(op, "mul", [centred, centred])], axes=axes, keepdims=True)
    return _scaled_by_root(r, replace(op, inputs=op.inputs), centred, variance, axes)


def _layer_norm(r: Reader, op: Operator, x: str, channels: int) -> str:
    """Over the last axis, which has an operator of its own."""
    import numpy as np

    names = []
    for position, neutral in ((1, 1.0), (2, 0.0)):
        given = op.constant(position, "scale and bias") if op.has(position) else np.full(channels, neutral)
        if given.size != channels:
            raise BrokenGraph(f"{op.path}: scale or bias {list(given.shape)} of {channels} channels")
        names.append(r.build.constant(f"{op.label}.{position}", given.astype(np.float32).reshape(channels)))
    return r.node(op, "layer_norm", [x, *names], eps=op.number("epsilon", default=1e-5))


def _scaled_by_root(r: Reader, op: Operator, centred: str, variance: str, axes: tuple[int, ...]) -> str:
    import numpy as np

    from lilliput.compiler.frontends.onnx.operators.arithmetic import paired
    from lilliput.compiler.frontends.onnx.operators.elementwise import shifted

    eps = op.number("epsilon", default=1e-9 if op.kind.startswith("Mean") else 1e-5)
    y = r.node(op, "mul", [centred, r.node(op, "rsqrt", [shifted(r, op, variance, eps)])])
    spread = (1, -1, *[1] * (len(r.shape(centred)) - 2))
    for position, kind in ((1, "mul"), (2, "add")):
        if op.has(position):
            given = op.constant(position, "scale and bias").astype(np.float32)
            if op.kind == "InstanceNormalization":
                given = given.reshape(spread)
            elif given.ndim > len(axes):
                raise BrokenGraph(f"{op.path}: scale or bias {list(given.shape)}")
            y = paired(r, op, kind, y, r.build.constant(op.inputs[position], given))
    return y
