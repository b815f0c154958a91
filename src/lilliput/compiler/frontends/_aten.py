"""One translation per ATen operator, in PyTorch's layout. See `torch_export`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Array
from lilliput.compiler.ops.slice import slice_attrs
from lilliput.core.errors import UnsupportedAttribute

TO_LAST = (0, 2, 3, 1)
TO_FIRST = (0, 3, 1, 2)


@dataclass(frozen=True)
class Call:
    """One ATen call: its arguments by schema name, tensors given as value names."""

    target: str
    label: str
    args: dict[str, Any]
    source: str


Handler = Callable[[GraphBuilder, Call], Any]
HANDLERS: dict[str, Handler] = {}


def _on(*targets: str) -> Callable[[Handler], Handler]:
    def enter(handler: Handler) -> Handler:
        for target in targets:
            HANDLERS[f"aten.{target}"] = handler
        return handler

    return enter


def _demand(condition: bool, what: str, fix: str = "") -> None:
    if not condition:
        raise UnsupportedAttribute(what, fix=fix)


def _pair(given: Any) -> tuple[int, int]:
    items = [given] if isinstance(given, int) else list(given)
    return (int(items[0]), int(items[-1]))


def _transpose(b: GraphBuilder, x: str, perm: Sequence[int], call: Call) -> str:
    return b.node("transpose", f"{call.label}.layout", [x], perm=tuple(perm), source=call.source)


def _channels_last(b: GraphBuilder, call: Call, x: str, op: str, more: Sequence[str] = (), **attrs: Any) -> str:
    """transpose → op → transpose for a (N, C, H, W) value."""
    _demand(len(b.shape(x)) == 4, f"needs a (N, C, H, W) value, got {b.shape(x)}")
    last = _transpose(b, x, TO_LAST, call)
    y = b.node(op, call.label, [last, *more], source=call.source, **attrs)
    return _transpose(b, y, TO_FIRST, call)


def _data(b: GraphBuilder, name: str, what: str) -> Array:
    data = b.values[name].data
    if data is None:
        raise UnsupportedAttribute(f"{what} must be a constant")
    return data


@_on("conv2d.default", "conv2d.padding", "conv1d.default", "conv1d.padding", "convolution.default")
def _conv(b: GraphBuilder, call: Call) -> str:
    a = call.args
    if a.get("transposed", False):
        return str(_transposed(b, call))
    x, weight = a["input"], _data(b, a["weight"], "the weight")
    one_axis = weight.ndim == 3
    _demand(weight.ndim in (3, 4), f"a convolution over {weight.ndim - 2} axes has no kernel")
    if one_axis:
        x = _reshape(b, x, (*b.shape(x)[:2], 1, b.shape(x)[2]), call)
        weight = weight[:, :, None, :]
    stride, dilation, groups = _axes(a["stride"], one_axis, 1), _axes(a["dilation"], one_axis, 1), int(a["groups"])
    kernel = (int(weight.shape[2]), int(weight.shape[3]))
    padding = _conv_padding(a["padding"], kernel, dilation, one_axis)
    channels_in, channels_out = b.shape(x)[1], int(weight.shape[0])
    depthwise = groups == channels_in and weight.shape[1] == 1 and groups > 1
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    w = b.constant(a["weight"] + ".last", weight.transpose(order))
    bias = a.get("bias") or b.constant(f"{call.label}.bias0", np.zeros(channels_out, np.float32))
    y = _channels_last(
        b, call, x, "depthwise_conv2d" if depthwise else "conv2d", [w, bias],
        stride=stride, padding=padding, dilation=dilation,
    )  # fmt: skip
    return _reshape(b, y, (*b.shape(y)[:2], b.shape(y)[3]), call) if one_axis else y


@_on("conv_transpose2d.input", "conv_transpose1d.default")
def _transposed(b: GraphBuilder, call: Call) -> str:
    a = call.args
    x, weight = a["input"], _data(b, a["weight"], "the weight")
    one_axis = weight.ndim == 3
    _demand(weight.ndim in (3, 4), f"a transposed convolution over {weight.ndim - 2} axes has no kernel")
    _demand(int(a["groups"]) == 1, f"a transposed convolution in {a['groups']} groups has no kernel")
    _demand(_pair(a["dilation"]) == (1, 1), "a dilated transposed convolution has no kernel")
    if one_axis:
        x = _reshape(b, x, (*b.shape(x)[:2], 1, b.shape(x)[2]), call)
        weight = weight[:, :, None, :]
    stride, pad, spare = (
        _axes(a[key], one_axis, n) for key, n in (("stride", 1), ("padding", 0), ("output_padding", 0))
    )
    sides = zip(b.shape(x)[2:], weight.shape[2:], stride, pad, spare, strict=True)
    size = tuple((n - 1) * s - 2 * p + int(k) + o for n, k, s, p, o in sides)
    w = b.constant(a["weight"] + ".last", weight.transpose(1, 2, 3, 0))
    bias = a.get("bias") or b.constant(f"{call.label}.bias0", np.zeros(weight.shape[1], np.float32))
    y = _channels_last(b, call, x, "transpose_conv2d", [w, bias], stride=stride, before=pad, size=size)
    return _reshape(b, y, (*b.shape(y)[:2], b.shape(y)[3]), call) if one_axis else y


def _axes(given: Any, one_axis: bool, neutral: int) -> tuple[int, int]:
    pair = _pair(given)
    return (neutral, pair[1]) if one_axis else pair


def _conv_padding(
    given: Any, kernel: tuple[int, int], dilation: tuple[int, int], one_axis: bool
) -> tuple[tuple[int, int], ...]:
    if given == "valid":
        return ((0, 0), (0, 0))
    if given == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    pad = _axes(given, one_axis, 0)
    return ((pad[0], pad[0]), (pad[1], pad[1]))


@_on("linear.default")
def _linear(b: GraphBuilder, call: Call) -> str:
    return _dense(b, call, call.args["input"], call.args["weight"], call.args.get("bias"))


def _dense(b: GraphBuilder, call: Call, x: str, w: str, bias: str | None) -> str:
    """x · wᵀ + bias over the last axis, w (C_out, C_in)."""
    weight = _data(b, w, "the weight")
    bias = bias or b.constant(f"{call.label}.bias0", np.zeros(weight.shape[0], np.float32))
    shape = b.shape(x)
    if len(shape) == 2:
        return b.node("fully_connected", call.label, [x, w, bias], source=call.source)
    # Over more axes it is a 1×1 convolution of the last one; the batch stays the leading axis.
    rows = int(np.prod(shape[1:-1]))
    flat = _reshape(b, x, (shape[0], 1, rows, shape[-1]), call)
    w = b.constant(f"{w}.last", weight[:, None, None, :])
    attrs = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    y = b.node("conv2d", call.label, [flat, w, bias], source=call.source, **attrs)
    return _reshape(b, y, (*shape[:-1], weight.shape[0]), call)


@_on("batch_norm.default", "_native_batch_norm_legit_no_training.default")
def _batch_norm(b: GraphBuilder, call: Call) -> str:
    a = call.args
    _demand(not a.get("training", False), "batch normalisation is in training mode", "call `model.eval()` first")
    channels = b.shape(a["input"])[1]
    gamma = a["weight"] or b.constant(f"{call.label}.gamma1", np.ones(channels, np.float32))
    beta = a["bias"] or b.constant(f"{call.label}.beta0", np.zeros(channels, np.float32))
    more = [gamma, beta, a["running_mean"], a["running_var"]]
    rank = len(b.shape(a["input"]))
    if rank == 2:
        return b.node("batch_norm", call.label, [a["input"], *more], eps=float(a["eps"]), source=call.source)
    if rank == 3:
        x = _reshape(b, a["input"], (*b.shape(a["input"])[:2], 1, b.shape(a["input"])[2]), call)
        y = _channels_last(b, call, x, "batch_norm", more, eps=float(a["eps"]))
        return _reshape(b, y, b.shape(a["input"]), call)
    return _channels_last(b, call, a["input"], "batch_norm", more, eps=float(a["eps"]))


_UNARY = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "hardswish": "hard_swish", "hardswish_": "hard_swish",
    "hardsigmoid": "hard_sigmoid", "sigmoid": "sigmoid", "tanh": "tanh", "silu": "silu", "silu_": "silu",
}  # fmt: skip


@_on(*(f"{name}.default" for name in _UNARY))
def _unary(b: GraphBuilder, call: Call) -> str:
    op = _UNARY[call.target.split(".")[1]]
    return b.node(op, call.label, [next(iter(call.args.values()))], source=call.source)


@_on("gelu.default")
def _gelu(b: GraphBuilder, call: Call) -> str:
    return b.node("gelu", call.label, [call.args["self"]], approximate=call.args["approximate"], source=call.source)


@_on("leaky_relu.default", "leaky_relu_.default")
def _leaky_relu(b: GraphBuilder, call: Call) -> str:
    slope = float(call.args["negative_slope"])
    return b.node("leaky_relu", call.label, [call.args["self"]], alpha=slope, source=call.source)


@_on("hardtanh.default", "hardtanh_.default", "clamp.default")
def _hardtanh(b: GraphBuilder, call: Call) -> str:
    a = call.args
    low, high = (a["min"], a["max"]) if "min" in a else (a["min_val"], a["max_val"])
    if (low, high) in ((0, 6), (0, None)):
        return b.node("relu6" if high == 6 else "relu", call.label, [a["self"]], source=call.source)
    most = float(np.finfo(np.float32).max)
    low, high = (-most if low is None else float(low)), (most if high is None else float(high))
    _demand(low < high, f"clamping to [{low}, {high}]")
    return b.node("clip", call.label, [a["self"]], low=low, high=high, source=call.source)


@_on("softmax.int", "_softmax.default")
def _softmax(b: GraphBuilder, call: Call) -> str:
    x, rank = call.args["self"], len(b.shape(call.args["self"]))
    axis = int(call.args["dim"]) % rank
    _demand(axis > 0, "softmax over the batch")
    if axis == rank - 1:
        return b.node("softmax", call.label, [x], source=call.source)
    perm = [i for i in range(rank) if i != axis] + [axis]
    y = b.node("softmax", call.label, [_transpose(b, x, perm, call)], source=call.source)
    return _transpose(b, y, tuple(np.argsort(perm).tolist()), call)


@_on("add.Tensor", "add_.Tensor", "sub.Tensor", "mul.Tensor", "div.Tensor")
def _binary(b: GraphBuilder, call: Call) -> str:
    op = call.target.split(".")[1].rstrip("_")
    x, y = (_as_value(b, call, call.args[key]) for key in ("self", "other"))
    alpha = float(call.args.get("alpha", 1) or 1)
    if alpha != 1:
        y = b.constant(f"{call.label}.scaled", np.float32(alpha) * _data(b, y, "an operand scaled by alpha"))
    if op == "div" and b.values[y].is_constant:
        op, y = "mul", b.constant(f"{call.label}.inverse", np.float32(1) / _data(b, y, "a divisor"))
    return _paired(b, call, op, x, y)


def _paired(b: GraphBuilder, call: Call, op: str, *operands: Any, **attrs: Any) -> str:
    """A node of operands that stretch to one shape, numbers among them."""
    names = [_as_value(b, call, given) for given in operands]
    rank = len(np.broadcast_shapes(*(b.shape(name) for name in names)))
    return b.node(op, call.label, [_rank(b, name, rank, call) for name in names], source=call.source, **attrs)


def _as_value(b: GraphBuilder, call: Call, given: Any) -> str:
    return b.constant(f"{call.label}.scalar", np.full((1,), given, np.float32)) if not isinstance(given, str) else given


def _rank(b: GraphBuilder, name: str, rank: int, call: Call) -> str:
    """Leading axes of size one, so that both operands have the same rank."""
    missing = rank - len(b.shape(name))
    if not missing:
        return name
    data = b.values[name].data
    if data is None:
        return _reshape(b, name, (1,) * missing + b.shape(name), call)
    return b.constant(f"{name}.rank{rank}", data.reshape((1,) * missing + data.shape))


@_on("cat.default")
def _cat(b: GraphBuilder, call: Call) -> str:
    tensors = call.args["tensors"]
    axis = int(call.args["dim"]) % len(b.shape(tensors[0]))
    return b.node("concat", call.label, tensors, axis=axis, source=call.source)


def _reshape(b: GraphBuilder, x: str, shape: Sequence[int], call: Call) -> str:
    shape = tuple(int(axis) for axis in shape)
    if shape == b.shape(x):
        return x
    return b.node("reshape", f"{call.label}.reshape", [x], shape=shape, source=call.source)


@_on("flatten.using_ints")
def _flatten(b: GraphBuilder, call: Call) -> str:
    shape = b.shape(call.args["self"])
    start, end = (int(call.args[key]) % len(shape) for key in ("start_dim", "end_dim"))
    return _reshape(
        b, call.args["self"], (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]), call
    )


@_on("view.default", "reshape.default", "unflatten.int")
def _view(b: GraphBuilder, call: Call) -> str:
    x = call.args["self"]
    size = [int(axis) for key in ("size", "shape", "sizes") for axis in call.args.get(key, ())]
    if call.target.startswith("aten.unflatten"):
        axis = int(call.args["dim"]) % len(b.shape(x))
        size = [*b.shape(x)[:axis], *size, *b.shape(x)[axis + 1 :]]
    if -1 in size:
        size[size.index(-1)] = b.values[x].elements // abs(int(np.prod(size)))
    return _reshape(b, x, size, call)


@_on("unsqueeze.default", "squeeze.dim", "squeeze.dims", "squeeze.default")
def _squeeze(b: GraphBuilder, call: Call) -> str:
    x, shape = call.args["self"], list(b.shape(call.args["self"]))
    if call.target == "aten.unsqueeze.default":
        shape.insert(int(call.args["dim"]) % (len(shape) + 1), 1)
        return _reshape(b, x, shape, call)
    dims = call.args.get("dim")
    if dims is None:
        drop = {i for i, axis in enumerate(shape) if axis == 1 and i > 0}
    else:
        drop = {d % len(shape) for d in ([dims] if isinstance(dims, int) else dims)}
    return _reshape(b, x, [axis for i, axis in enumerate(shape) if i not in drop or axis != 1], call)


@_on("permute.default", "transpose.int")
def _permute(b: GraphBuilder, call: Call) -> str:
    x, rank = call.args["self"], len(b.shape(call.args["self"]))
    if "dims" in call.args:
        perm = [int(d) % rank for d in call.args["dims"]]
    else:
        perm = list(range(rank))
        i, j = int(call.args["dim0"]) % rank, int(call.args["dim1"]) % rank
        perm[i], perm[j] = perm[j], perm[i]
    return _transpose(b, x, perm, call)


_REDUCTIONS = {"mean.dim": "mean", "sum.dim_IntList": "sum", "amax.default": "reduce_max", "amin.default": "reduce_min"}


@_on(*_REDUCTIONS)
def _reduce(b: GraphBuilder, call: Call) -> str:
    x, rank = call.args["self"], len(b.shape(call.args["self"]))
    dims = call.args["dim"] or range(rank)
    axes = tuple(sorted({int(d) % rank for d in ([dims] if isinstance(dims, int) else dims)}))
    op = _REDUCTIONS[call.target.removeprefix("aten.")]
    return b.node(op, call.label, [x], axes=axes, keepdims=bool(call.args["keepdim"]), source=call.source)


@_on("adaptive_avg_pool2d.default", "_adaptive_avg_pool2d.default")
def _adaptive_pool(b: GraphBuilder, call: Call) -> str:
    x = call.args["self"]
    _, _, height, width = b.shape(x)
    out = _pair(call.args["output_size"])
    if out == (1, 1):
        return b.node("mean", call.label, [x], axes=(2, 3), keepdims=True, source=call.source)
    _demand(height % out[0] == 0 and width % out[1] == 0, f"pooling {height}×{width} to {out[0]}×{out[1]} is uneven")
    window = (height // out[0], width // out[1])
    return _channels_last(b, call, x, "avg_pool2d", window=window, stride=window, padding=((0, 0), (0, 0)))


@_on("avg_pool2d.default", "max_pool2d.default")
def _pool(b: GraphBuilder, call: Call) -> str:
    a = call.args
    window = _pair(a["kernel_size"])
    stride, pad = _pair(a["stride"]) if a["stride"] else window, _pair(a["padding"])
    _demand(not a["ceil_mode"], "ceil_mode", "pad the input instead")
    _demand(_pair(a.get("dilation", 1)) == (1, 1), "a dilated pool")
    x, padding = a["self"], ((pad[0], pad[0]), (pad[1], pad[1]))
    average = call.target.startswith("aten.avg")
    _demand(not average or a["divisor_override"] is None, "divisor_override")
    if average and pad != (0, 0) and a["count_include_pad"]:
        x = b.node("pad", f"{call.label}.pad", [x], padding=((0, 0), (0, 0), *padding), value=0.0, source=call.source)
        padding = ((0, 0), (0, 0))
    op = "avg_pool2d" if average else "max_pool2d"
    return _channels_last(b, call, x, op, window=window, stride=stride, padding=padding)


@_on("pad.default", "constant_pad_nd.default")
def _pad(b: GraphBuilder, call: Call) -> str:
    a = call.args
    _demand(a.get("mode", "constant") == "constant", f"padding mode {a.get('mode')!r}: only 'constant' has a kernel")
    x, rank, flat = a["self"], len(b.shape(a["self"])), [int(n) for n in a["pad"]]
    padding = [(0, 0)] * rank
    for i in range(len(flat) // 2):
        padding[rank - 1 - i] = (flat[2 * i], flat[2 * i + 1])
    _demand(min(flat, default=0) >= 0, f"a pad of {flat} cuts", "slice instead")
    return b.node("pad", call.label, [x], padding=tuple(padding), value=float(a["value"] or 0.0), source=call.source)


@_on("slice.Tensor")
def _slice(b: GraphBuilder, call: Call) -> str:
    a, shape = call.args, b.shape(call.args["self"])
    axis = int(a["dim"]) % len(shape)
    start, stop, step = slice(a["start"], a["end"], a["step"]).indices(shape[axis])
    if (start, stop, step) == (0, shape[axis], 1):
        return str(a["self"])
    begin, end, strides = [0] * len(shape), list(shape), [1] * len(shape)
    begin[axis], end[axis], strides[axis] = start, stop, step
    attrs = slice_attrs(shape, begin, end, strides)
    return b.node("slice", call.label, [a["self"]], source=call.source, **attrs)


@_on("upsample_nearest2d.vec", "upsample_bilinear2d.vec")
def _resize(b: GraphBuilder, call: Call) -> str:
    a, shape = call.args, b.shape(call.args["input"])
    size = tuple(a["output_size"] or [int(n * f) for n, f in zip(shape[2:], a["scale_factors"], strict=True)])
    mode = "nearest" if "nearest" in call.target else "bilinear"
    align = bool(a.get("align_corners", False))
    # PyTorch's nearest takes floor(i · in / out), its bilinear the half-pixel centres unless corners are aligned.
    half = mode == "bilinear" and not align
    return _channels_last(
        b, call, a["input"], "resize", size=size, mode=mode, align_corners=align, half_pixel_centers=half
    )


@_on(
    "dropout.default", "dropout_.default", "feature_dropout.default", "clone.default", "contiguous.default",
    "alias.default", "detach.default", "detach_.default", "lift_fresh_copy.default", "_to_copy.default",
)  # fmt: skip
def _identity(b: GraphBuilder, call: Call) -> str:
    _demand(not call.args.get("train", False), "dropout is in training mode", "call `model.eval()` first")
    return str(next(iter(call.args.values())))
