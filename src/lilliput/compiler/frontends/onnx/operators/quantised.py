"""QuantizeLinear and DequantizeLinear, and the operators that work on integers by themselves.

In the graph all activations are real; what the file quantises carries its scale and zero point, and `integer` makes the
integer graph of it. uint8 becomes int8 with a zero point 128 lower: the same real values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lilliput.compiler.frontends.onnx.model import MICROSOFT, Operator
from lilliput.compiler.frontends.onnx.operators.arithmetic import paired
from lilliput.compiler.frontends.onnx.operators.layers import convolved, dense
from lilliput.compiler.frontends.onnx.operators.moving import joined
from lilliput.compiler.frontends.onnx.operators.pooling import pooled
from lilliput.compiler.frontends.onnx.reader import QUANTISERS, Activation, Constant, Reader, on, refused
from lilliput.compiler.frontends.onnx.tensors import dtype_of
from lilliput.compiler.graph import Array, Quant
from lilliput.core.errors import BadValue, BrokenGraph

refused(
    {
        "DynamicQuantizeLinear": "its scale depends on each input; quantise statically, with calibration data",
        "MatMulInteger": "its result has no scale that is fixed; quantise statically, with calibration data",
        "ConvInteger": "its result has no scale that is fixed; quantise statically, with calibration data",
        "DynamicQuantizeMatMul": "its scale depends on each input; quantise statically, with calibration data",
        "DynamicQuantizeLSTM": "its scale depends on each input; quantise statically, with calibration data",
        "MatMulIntegerToFloat": "its scale depends on each input; quantise statically, with calibration data",
        "If": "networks with control flow have no kernels",
        "Loop": "networks with control flow have no kernels",
        "Scan": "networks with control flow have no kernels",
    }
)


def _int8(data: Array) -> Array:
    """uint8 integers as int8 ones, 128 lower; others as they are."""
    return (data.astype(np.int16) - 128).astype(np.int8) if data.dtype == np.uint8 else data


def quant_at(op: Operator, scale_at: int, axis: int | None = None) -> tuple[Quant, str]:
    """The quantisation in two neighbouring inputs, and the file's integer type ("" where no zero point says it).

    Raises:
        BadValue: LP207, a scale is not above 0. BrokenGraph: LP310, more zero points than scales.
    """
    scale = op.constant(scale_at, "a scale").astype(np.float32).reshape(-1)
    zero = op.constant(scale_at + 1, "a zero point") if op.has(scale_at + 1) else None
    dtype = "" if zero is None else zero.dtype.name
    zeros = np.zeros(len(scale), np.int64) if zero is None else zero.astype(np.int64).reshape(-1)
    op.demand(dtype in ("", "int8", "uint8", "int32"), f"quantises to {dtype}: only int8 and uint8 have kernels")
    if len(zeros) != len(scale):
        raise BrokenGraph(f"{op.path}: {len(scale)} scales and {len(zeros)} zero points")
    if dtype == "uint8":
        zeros = zeros - 128
    try:
        wide = len(scale) > 1
        return Quant(tuple(map(float, scale)), tuple(map(int, zeros)), axis if wide else None), dtype
    except ValueError as error:
        raise BadValue(f"{op.path}: {error}") from None


def _axis_of(op: Operator, rank: int) -> int:
    op.demand(not op.attrs.get("block_size", 0), "a scale for each block has no kernels")
    return op.axis(rank, 1) if rank > 1 else 0


@on("QuantizeLinear", integers=True)
@on("QuantizeLinear", domain=MICROSOFT, integers=True)
def _quantize(r: Reader, op: Operator) -> Activation:
    quant, dtype = quant_at(op, 1)
    stated = int(op.attrs.get("output_dtype", 0))
    dtype = dtype or (dtype_of(stated, op.path) if stated else "uint8")
    op.demand(dtype in ("int8", "uint8"), f"quantises to {dtype}: only int8 and uint8 have kernels")
    op.demand(quant.is_per_tensor, "activations have one scale")
    if not op.has(2) and dtype == "uint8":
        quant = replace(quant, zero_point=(-128,))
    return rounded(r, op, r.source(op, 0), quant, dtype)


def rounded(r: Reader, op: Operator, source: Activation, quant: Quant, dtype: str) -> Activation:
    """The integers of an activation: it gets this quantisation, or is brought to it where it has another."""
    if source.integers:
        op.refuse(f"quantises {source.integers} values")
    if source.rounded:
        if r.quant(source.value) == quant:
            return Activation(source.value, integers=dtype)
        moved = r.node(op, "requantize", [source.value])
        r.annotate(moved, quant)
        return Activation(moved, integers=dtype)
    given = r.quant(source.value)
    if given not in (None, quant):
        op.refuse("the value is quantised twice, with different scales")
    r.rounded_by[source.value] = op.path
    r.annotate(source.value, quant)
    return Activation(source.value, integers=dtype)


@on("DequantizeLinear", integers=True)
@on("DequantizeLinear", domain=MICROSOFT, integers=True)
def _dequantize(r: Reader, op: Operator) -> Activation | str:
    source = r.source(op, 0)
    op.demand(source.integers != "", "reads a value that is not quantised")
    quant, dtype = quant_at(op, 1)
    if not dtype and source.integers == "uint8":
        quant = replace(quant, zero_point=(-128,) * len(quant.scale))
    if dtype and dtype != source.integers:
        raise BrokenGraph(f"{op.path}: a zero point of {dtype} for {source.integers} values")
    if r.quant(source.value) is None:
        op.demand(quant.is_per_tensor, "activations have one scale")
        r.annotate(source.value, quant)
    elif r.quant(source.value) != quant:
        op.refuse("its scale and zero point are not those that the value was quantised with")
    return Activation(source.value, rounded=True)


def dequantised_constant(op: Operator, data: Array) -> Constant:
    """What DequantizeLinear makes of stored integers: they stay integers, with their scales."""
    op.demand(data.dtype.name in ("int8", "uint8", "int32"), f"{data.dtype.name} constants have no kernels")
    quant, dtype = quant_at(op, 1, _axis_of(op, data.ndim))
    if dtype and dtype != data.dtype.name:
        raise BrokenGraph(f"{op.path}: a zero point of {dtype} for {data.dtype.name} values")
    if not dtype and data.dtype == np.uint8:
        quant = replace(quant, zero_point=(-128,) * len(quant.scale))
    if quant.axis is not None and data.shape[quant.axis] != len(quant.scale):
        raise BrokenGraph(f"{op.path}: {len(quant.scale)} scales on axis {quant.axis} of {list(data.shape)}")
    return Constant(_int8(data), quant)


def quantised_constant(op: Operator, data: Array) -> Constant:
    """What QuantizeLinear makes of stored real values: rounded half to even, as ONNX has it."""
    op.demand(data.dtype.kind == "f", f"quantises {data.dtype.name} values")
    quant, dtype = quant_at(op, 1, _axis_of(op, data.ndim))
    dtype = dtype or "uint8"
    op.demand(dtype in ("int8", "uint8"), f"quantises to {dtype}")
    if quant.axis is not None and data.shape[quant.axis] != len(quant.scale):
        raise BrokenGraph(f"{op.path}: {len(quant.scale)} scales on axis {quant.axis} of {list(data.shape)}")
    shape = [1] * data.ndim
    if quant.axis is not None:
        shape[quant.axis] = len(quant.scale)
    zero = np.array(quant.zero_point).reshape(shape) + (128 if dtype == "uint8" and op.has(2) else 0)
    scaled = np.rint(data.astype(np.float32) / np.array(quant.scale, np.float32).reshape(shape)) + zero
    limits = np.iinfo(dtype)
    return Constant(np.clip(scaled, limits.min, limits.max).astype(dtype).reshape(data.shape))


QUANTISERS.update(QuantizeLinear=quantised_constant, DequantizeLinear=dequantised_constant)

# --- operators on integers: each input comes with its scale and zero point


def real_input(r: Reader, op: Operator, position: int) -> str:
    """The value at an input of integers, whose scale and zero point are the next two."""
    name = op.need(position)
    quant, dtype = quant_at(op, position + 1)
    if name in r.constants:
        return r.operand(op, name, replace(dequantised_constant(_with_scales(op, position), r.constants[name].data)))
    source = r.source(op, position)
    op.demand(
        source.integers != "" and dtype in ("", source.integers), f"input {position} is not {dtype or 'quantised'}"
    )
    if r.quant(source.value) is None:
        r.annotate(source.value, quant)
    elif r.quant(source.value) != quant:
        op.refuse(f"the scale of input {position} is not that which the value has")
    return source.value


def _with_scales(op: Operator, position: int) -> Operator:
    """The operator as DequantizeLinear of one of its inputs would have it."""
    part = slice(position, position + 3)
    return replace(op, inputs=op.inputs[part], known=op.known[part], attrs={"axis": op.attrs.get("axis", 0)})


def real_weights(r: Reader, op: Operator, position: int, axis: int) -> Constant:
    """Stored integer weights, whose scales and zero points are the next two inputs and lie on `axis`."""
    name = op.need(position)
    if name not in r.constants:
        op.refuse(f"input {position}, the weights, must be constant")
    return dequantised_constant(replace(_with_scales(op, position), attrs={"axis": axis}), r.constants[name].data)


def integers(r: Reader, op: Operator, value: str, scale_at: int) -> Activation:
    """The operator's output, whose scale and zero point are the inputs from `scale_at` on."""
    quant, dtype = quant_at(op, scale_at)
    op.demand(quant.is_per_tensor, "activations have one scale")
    op.demand(dtype in ("int8", "uint8"), f"gives {dtype or 'values without a zero point'}")
    r.annotate(value, quant)
    return Activation(value, integers=dtype)


def accumulator_bias(r: Reader, op: Operator, position: int, x: str, w: Constant) -> list[str]:
    """An int32 bias in the scale of the products."""
    if not op.has(position):
        return []
    name, given, quant = op.inputs[position], r.constants.get(op.inputs[position]), r.quant(x)
    if given is None or given.data.dtype != np.int32 or quant is None or w.quant is None:
        op.refuse("the bias must be a constant of type int32")
    scales = tuple(float(np.float32(quant.scale[0] * s)) for s in w.quant.scale)
    try:
        of_sums = Quant(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)
    except ValueError as error:
        raise BadValue(f"{op.path}: {error}") from None
    return [r.build.constant(name, given.data.reshape(-1), of_sums)]


@on("QLinearConv", integers=True)
def _conv(r: Reader, op: Operator) -> Activation:
    x, w = real_input(r, op, 0), real_weights(r, op, 3, 0)
    return integers(r, op, convolved(r, op, x, w, accumulator_bias(r, op, 8, x, w)), 6)


@on("QLinearMatMul", integers=True)
def _matmul(r: Reader, op: Operator) -> Activation:
    x, w = real_input(r, op, 0), real_weights(r, op, 3, 1)
    op.demand(w.data.ndim == 2, f"the right-hand side has {w.data.ndim} axes")
    return integers(r, op, dense(r, op, x, w, [], rows=False), 6)


@on("QGemm", domain=MICROSOFT, integers=True)
def _gemm(r: Reader, op: Operator) -> Activation:
    op.demand(not op.attrs.get("transA", 0) and op.number("alpha", default=1.0) == 1.0, "transA, or alpha")
    op.demand(op.has(7), "gives float32")
    rows = bool(op.attrs.get("transB", 0))
    x, w = real_input(r, op, 0), real_weights(r, op, 3, 0 if rows else 1)
    op.demand(w.data.ndim == 2, f"the right-hand side has {w.data.ndim} axes")
    return integers(r, op, dense(r, op, x, w, accumulator_bias(r, op, 6, x, w), rows=rows), 7)


@on("QLinearAdd", "QLinearMul", domain=MICROSOFT, integers=True)
def _binary(r: Reader, op: Operator) -> Activation:
    a, b = real_input(r, op, 0), real_input(r, op, 3)
    return integers(r, op, paired(r, op, "add" if op.kind == "QLinearAdd" else "mul", a, b), 6)


def _of_one(kind: str, build: Callable[[Reader, Operator, str], str]) -> None:
    """Enter an operator (x, scale, zero point, scale of y, zero point of y)."""

    def translate(r: Reader, op: Operator) -> Activation:
        return integers(r, op, build(r, op, real_input(r, op, 0)), 3)

    on(kind, domain=MICROSOFT, integers=True)(translate)


def _global_average(r: Reader, op: Operator, x: str) -> str:
    op.demand(not op.attrs.get("channels_last", 0), "channels_last")
    return r.node(op, "mean", [x], axes=tuple(range(2, len(r.shape(x)))), keepdims=True)


def _average(r: Reader, op: Operator, x: str) -> str:
    op.demand(not op.attrs.get("channels_last", 0), "channels_last")
    return pooled(r, op, x, "avg_pool2d")


def _softmax(r: Reader, op: Operator, x: str) -> str:
    rank = len(r.shape(x))
    op.demand(op.axis(rank, -1) == rank - 1, "softmax over another axis than the last")
    return r.node(op, "softmax", [x])


_of_one("QLinearGlobalAveragePool", _global_average)
_of_one("QLinearAveragePool", _average)
_of_one("QLinearSoftmax", _softmax)
_of_one("QLinearSigmoid", lambda r, op, x: r.node(op, "sigmoid", [x]))
_of_one("QLinearLeakyRelu", lambda r, op, x: r.node(op, "leaky_relu", [x], alpha=op.number("alpha", default=0.01)))


@on("QLinearConcat", domain=MICROSOFT, integers=True)
def _concat(r: Reader, op: Operator) -> Activation:
    values = [real_input(r, op, i) for i in range(2, len(op.inputs), 3)]
    axis = op.axis(len(r.shape(values[0])), 0)
    op.demand(axis > 0, "joins along the batch")
    y = joined(r, op, values, axis)
    if len(values) == 1:
        y = r.node(op, "requantize", [y])
    return integers(r, op, y, 0)
