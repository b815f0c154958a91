"""Layers with weights: convolutions, matrix products, normalisations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.reader import Constant, Reader, on
from lilliput.compiler.graph import Array
from lilliput.core.errors import BrokenGraph

Pads = tuple[tuple[int, int], tuple[int, int]]


def window_pads(op: Operator, image: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> Pads:
    """Rows and columns added on each side; `window` counts the dilation in. Raises BrokenGraph.

    `auto_pad` SAME_UPPER puts the odd one behind, SAME_LOWER in front.
    """
    auto, given = str(op.attrs.get("auto_pad", "NOTSET")), op.ints("pads")
    axes = len(image)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(image, window, stride, strict=True)]
        pairs = [(t // 2, t - t // 2) if auto == "SAME_UPPER" else (t - t // 2, t // 2) for t in total]
    elif auto == "VALID" or given is None:
        pairs = [(0, 0)] * axes
    elif auto != "NOTSET" or len(given) != 2 * axes or min(given) < 0:
        raise BrokenGraph(f"{op.path}: auto_pad {auto!r}, pads {list(given)} for {axes} axes")
    else:
        pairs = list(zip(given[:axes], given[axes:], strict=True))
    return pairs[0], pairs[1]


def two_axes(op: Operator, name: str, axes: int, default: int = 1) -> tuple[int, int]:
    """An attribute with one number an axis, as (h, w); one axis is a width. Raises BrokenGraph."""
    given = op.ints(name) or (default,) * axes
    if len(given) != axes or min(given) < 1:
        raise BrokenGraph(f"{op.path}: {name} {list(given)} for {axes} axes")
    return (default if axes == 1 else given[0]), given[-1]


def layer_constant(
    r: Reader, op: Operator, name: str, given: Constant, change: Callable[[Array], Array], axis: tuple[int, int]
) -> str:
    """Weights as our layout has them: float32, or the file's integers with their scales.

    Args:
        r: the reader.
        op: the operator.
        name: of the new constant.
        given: what the file has.
        change: from the file's layout to ours.
        axis: of the output channels, in the file's layout and in ours.
    """
    quant = given.quant
    if quant is not None and quant.axis is not None and not quant.is_per_tensor:
        op.demand(quant.axis == axis[0], f"scales of the weights lie on axis {quant.axis}, channels on axis {axis[0]}")
        quant = replace(quant, axis=axis[1])
    return r.build.constant(name, np.ascontiguousarray(change(given.data)), quant)


def bias_constant(r: Reader, op: Operator, position: int, channels: int) -> list[str]:
    """The bias as a list of one value, or of none where there is none."""
    if not op.has(position):
        return []
    given = r.weights(op, position, "the bias")
    if given.data.size not in (1, channels):
        raise BrokenGraph(f"{op.path}: a bias {list(given.data.shape)} for {channels} channels")
    if given.data.size == channels:
        data, quant = given.data.reshape(channels), given.quant
        return [
            r.build.constant(op.inputs[position], data, quant and replace(quant, axis=_vector_axis(len(quant.scale))))
        ]
    return [r.build.constant(op.inputs[position], np.broadcast_to(given.data.reshape(1), (channels,)), given.quant)]


def _vector_axis(scales: int) -> int | None:
    return 0 if scales > 1 else None


@on("Conv")
def _conv(r: Reader, op: Operator) -> str:
    x, w = r.x(op), r.weights(op, 1, "the weight")
    return convolved(r, op, x, w, bias_constant(r, op, 2, w.data.shape[0] if w.data.ndim else 0))


def convolved(r: Reader, op: Operator, x: str, w: Constant, bias: list[str]) -> str:
    """A convolution of one or two axes, in one group, in several, or depthwise."""
    axes, shape = w.data.ndim - 2, r.shape(x)
    op.demand(axes in (1, 2), f"a convolution over {axes} axes has no kernel")
    if len(shape) != w.data.ndim:
        raise BrokenGraph(f"{op.path}: x has {list(shape)}, the weights {list(w.data.shape)}")
    if axes == 1:
        w = _with_height(w)
    kernel = (int(w.data.shape[2]), int(w.data.shape[3]))
    stated = op.ints("kernel_shape")
    if stated is not None and stated != kernel[2 - axes :]:
        raise BrokenGraph(f"{op.path}: kernel_shape {stated}, the weights have {kernel[2 - axes :]}")
    stride, dilation = two_axes(op, "strides", axes), two_axes(op, "dilations", axes)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    padding = _image_pads(op, shape[2:], reach, stride)
    groups, channels = int(op.attrs.get("group", 1)), shape[1]
    if groups < 1 or w.data.shape[1] * groups != channels or w.data.shape[0] % groups:
        raise BrokenGraph(f"{op.path}: {groups} groups of weights {list(w.data.shape)} for {channels} channels")
    depthwise = groups == channels and groups > 1
    if depthwise:
        weight = layer_constant(r, op, f"{op.label}.weight", w, lambda a: a.transpose(1, 2, 3, 0), (0, 3))
    else:
        weight = layer_constant(r, op, f"{op.label}.weight", w, lambda a: a.transpose(0, 2, 3, 1), (0, 0))
    return r.channels_last(
        op, "depthwise_conv2d" if depthwise else "conv2d", x, [weight, *bias],
        stride=stride, padding=padding, dilation=dilation,
    )  # fmt: skip


def _image_pads(op: Operator, image: tuple[int, ...], reach: tuple[int, ...], stride: tuple[int, int]) -> Pads:
    if len(image) == 2:
        return window_pads(op, image, reach, stride)
    return ((0, 0), line_pads(op, image[0], reach[1], stride[1]))


def line_pads(op: Operator, length: int, window: int, stride: int) -> tuple[int, int]:
    """`window_pads` of one axis."""
    given = op.ints("pads")
    if given is not None and len(given) != 2:
        raise BrokenGraph(f"{op.path}: pads {list(given)} for 1 axis")
    doubled = op if given is None else replace(op, attrs={**op.attrs, "pads": (0, given[0], 0, given[1])})
    return window_pads(doubled, (1, length), (1, window), (1, stride))[1]


def _with_height(w: Constant) -> Constant:
    """Weights (C_out, C_in, k) as (C_out, C_in, 1, k); the channel axis 0 stays."""
    return replace(w, data=w.data[:, :, None, :])


@on("Gemm")
def _gemm(r: Reader, op: Operator) -> str:
    op.demand(not op.attrs.get("transA", 0), "transA", "transpose in the model instead")
    w, alpha, beta = r.weights(op, 1, "B"), op.number("alpha", default=1.0), op.number("beta", default=1.0)
    op.demand(w.data.ndim == 2, f"B has {w.data.ndim} axes")
    rows = bool(op.attrs.get("transB", 0))
    channels = int(w.data.shape[0 if rows else 1])
    if alpha != 1.0:
        op.demand(w.quant is None, f"alpha {alpha} with quantised weights")
        w = Constant(w.data * np.float32(alpha))
    c = op.known[2] if op.has(2) else None
    inside = c is not None and c.size in (1, channels) and c.shape[-1:] in ((), (1,), (channels,))
    bias = bias_constant(r, op, 2, channels) if inside else []
    if bias and beta != 1.0:
        value = r.build.values[bias[0]]
        if value.data is None or value.quant is not None:
            op.refuse(f"beta {beta} with a quantised bias")
        bias = [r.build.constant(bias[0], value.data * np.float32(beta))]
    y = dense(r, op, r.x(op), w, bias, rows=rows)
    if inside or not op.has(2):
        return y
    op.demand(beta == 1.0, f"beta {beta}")
    return r.node(op, "add", [y, r.x(op, 2)])


def dense(r: Reader, op: Operator, x: str, w: Constant, bias: list[str], *, rows: bool) -> str:
    """x · w + b over the last axis of x; `rows`: w is (C_out, C_in), else (C_in, C_out)."""
    shape, name = r.shape(x), f"{op.label}.weight"
    axis = 0 if rows else 1
    if not shape or shape[-1] != w.data.shape[1 - axis]:
        raise BrokenGraph(f"{op.path}: {list(shape)} by {list(w.data.shape)}")
    op.demand(len(shape) >= 2, f"{list(shape)} has no batch")
    if len(shape) == 2:
        weight = layer_constant(r, op, name, w, lambda a: a if rows else a.T, (axis, 0))
        return r.node(op, "fully_connected", [x, weight, *bias])
    # Over more axes it is a 1×1 convolution of the last one; the batch stays the leading axis.
    flat = r.reshape(op, x, (shape[0], 1, int(np.prod(shape[1:-1])), shape[-1]))
    weight = layer_constant(r, op, name, w, lambda a: (a if rows else a.T)[:, None, None, :], (axis, 0))
    attrs = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    y = r.node(op, "conv2d", [flat, weight, *bias], **attrs)
    return r.reshape(op, y, (*shape[:-1], w.data.shape[axis]))


@on("MatMul")
def _matmul(r: Reader, op: Operator) -> str:
    if op.known[1] is None:
        return r.node(op, "batch_matmul", [r.x(op), r.x(op, 1)])
    w = r.weights(op, 1, "the right-hand side")
    op.demand(w.data.ndim == 2, f"the right-hand side has {w.data.ndim} axes")
    return dense(r, op, r.x(op), w, [], rows=False)


@on("BatchNormalization")
def _batch_norm(r: Reader, op: Operator) -> str:
    op.demand(not op.attrs.get("training_mode", 0), "is in training mode", "export in evaluation mode")
    op.demand(op.attrs.get("spatial", 1) == 1, "normalises each position by itself")
    x = r.x(op)
    names = ("scale", "B", "mean", "var")
    more = [
        r.build.constant(op.inputs[i], op.constant(i, names[i - 1]).astype(np.float32).reshape(-1)) for i in range(1, 5)
    ]
    op.demand(bool((op.constant(4, "var") >= 0).all()), "the variance holds negative numbers")
    eps = op.number("epsilon", default=1e-5)
    if len(r.shape(x)) == 2:
        return r.node(op, "batch_norm", [x, *more], eps=eps)
    return r.channels_last(op, "batch_norm", x, more, eps=eps)
