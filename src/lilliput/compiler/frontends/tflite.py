"""Read a TensorFlow Lite file into a graph: int8 and int16 models exactly as they are, float32 ones as float. Constants
in float16 are taken for the float32 numbers that they are.

Structure is verified first (`flatbuffer`), then meaning: indices, types, shapes and quantisation, and at the end the
grammar of the graph. Field numbers are those of the published schema, version 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.compiler.frontends.tflite_ops import BUILTIN_NAMES, TRANSLATORS, Operator, Reader
from lilliput.compiler.grammar import Stage, check
from lilliput.compiler.graph import ITEM_BYTES, Array, DType, Graph, Quant, Value, checked_bytes
from lilliput.core.errors import (
    BadValue,
    CutShort,
    DynamicShape,
    ImpossibleSize,
    MissingFile,
    NewerFormat,
    OutOfRange,
    UnsupportedAttribute,
    UnsupportedOp,
)
from lilliput.core.files.flatbuffer import Table, root_table

MAX_FILE_BYTES = 256 << 20
MAX_STATE_BYTES = 16 << 20
"""No network for a microcontroller keeps more from run to run; above it a file is taken for damage."""
_DTYPES: dict[int, DType] = {
    0: "float32", 1: "float32", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8", 17: "int8",
}  # fmt: skip
_INT4, _FLOAT16 = 17, 1


def load_tflite(path: Path, *, dequantise: bool = False) -> tuple[Graph, Stage]:
    """Read a file; see `read_tflite`.

    Raises:
        MissingFile: LP221, there is no such file, or it cannot be read.
        ImpossibleSize: LP204, it is larger than any network for a microcontroller.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImpossibleSize(f"{path} has {size} bytes, the limit is {MAX_FILE_BYTES}")
        data = path.read_bytes()
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror}", fix="check the name and the permissions") from None
    return read_tflite(data, path.stem, dequantise=dequantise)


def read_tflite(data: bytes, name: str = "model", *, dequantise: bool = False) -> tuple[Graph, Stage]:
    """The graph in `data`, and its stage: "integer" for a quantised model, "float" for a float32 one.

    Args:
        data: the bytes of a `.tflite` file, from anywhere.
        name: name of the graph, and of the file in messages.
        dequantise: take the integer weights of a hybrid model for the real numbers that they stand for.

    Raises:
        FileError: LP2xx, the bytes are damaged; the message gives the place in the structure.
        UnsupportedError: LP3xx, an operator, type or attribute has no exact translation.
    """
    model = root_table(data, b"TFL3", name)
    version = model.scalar(0, "I")
    if version != 3:
        raise NewerFormat(f"{name} has schema version {version}, this reader knows version 3")
    codes = model.each(1, "operator_codes", _operator_code)
    buffers = model.each(4, "buffers", _buffer)
    subgraphs = model.each(2, "subgraphs", lambda table: _subgraph(table, buffers))
    if len(subgraphs) != 1:
        raise UnsupportedAttribute(f"{name} has {len(subgraphs)} subgraphs; networks with control flow have no kernels")
    (subgraph,) = subgraphs
    tensors = subgraph.tensors
    reader = Reader(name, {tensor.name: tensor for tensor in tensors})
    names = [tensor.name for tensor in tensors]
    for position, raw in enumerate(subgraph.operators):
        reader.add(_operator(raw, position, codes, names))
    graph = reader.finish(_picked(subgraph.inputs, names, "inputs"), _picked(subgraph.outputs, names, "outputs"))
    stage = _stage(graph)
    if stage == "float":
        graph = _without_hybrids(graph, dequantise)
    return check(graph, stage), stage


@dataclass(frozen=True)
class _RawOperator:
    code: int
    inputs: Array
    outputs: Array
    options: Table | None


@dataclass(frozen=True)
class _Subgraph:
    tensors: list[Value]
    inputs: Array
    outputs: Array
    operators: list[_RawOperator]


def _operator_code(table: Table) -> str:
    number = max(table.scalar(0, "b"), table.scalar(3, "i"))  # the old field is one byte, newer codes overflow it
    return table.text(1, "custom_code") or "custom" if number == 32 else BUILTIN_NAMES.get(number, f"BUILTIN_{number}")


def _buffer(table: Table) -> bytes:
    if table.scalar(1, "Q") > 1:
        raise UnsupportedAttribute(f"{table.path} lies outside the flatbuffer (a model of over 2 GB)")
    return table.bytes(0, "data")


def _subgraph(table: Table, buffers: list[bytes]) -> _Subgraph:
    taken: set[str] = set()
    return _Subgraph(
        tensors=table.each(0, "tensors", lambda t: _tensor(t, buffers, taken)),
        inputs=table.array(1, "int32", "inputs"),
        outputs=table.array(2, "int32", "outputs"),
        operators=table.each(3, "operators", _raw_operator),
    )


def _raw_operator(table: Table) -> _RawOperator:
    return _RawOperator(
        code=table.scalar(0, "I"),
        inputs=table.array(1, "int32", "inputs"),
        outputs=table.array(2, "int32", "outputs"),
        options=table.table(4, "builtin_options"),
    )


def _tensor(table: Table, buffers: list[bytes], taken: set[str]) -> Value:
    dtype = _DTYPES.get(table.scalar(1, "b"))
    if dtype is None:
        raise UnsupportedAttribute(f"{table.path} has the type number {table.scalar(1, 'b')}, which has no kernels")
    shape = tuple(int(axis) for axis in table.array(0, "int32", "shape"))
    signature = table.array(7, "int32", "shape_signature")
    if any(int(axis) < 0 for axis in signature[1:]):
        raise DynamicShape(f"{table.path} has the shape {signature.tolist()}", fix="convert with fixed input shapes")
    index = table.scalar(2, "I")
    if index >= len(buffers):
        raise OutOfRange(f"{table.path}: buffer {index}, the file has {len(buffers)}")
    name = _name(table.text(3, "name"), taken)
    if table.scalar(5, "?"):
        return _variable(table, name, shape, dtype, bool(buffers[index]))
    if table.scalar(1, "b") == _INT4:
        if not buffers[index]:
            raise UnsupportedAttribute(f"{table.path} ({name}) is an activation of 4 bits; only weights can have them")
        weights = _unpacked(buffers[index], shape, table.path)
        return Value(name, shape, "int8", _quant(table.table(4, "quantization"), shape), weights, bits=4)
    if table.scalar(1, "b") == _FLOAT16:
        if not buffers[index]:
            raise UnsupportedAttribute(f"{table.path} ({name}) is a float16 activation", fix="convert it to float32")
        return Value(name, shape, dtype, None, _half(buffers[index], shape, table.path))
    data = _data(buffers[index], shape, dtype, table.path) if buffers[index] else None
    scaled = dtype in ("int8", "uint8", "int16") or (dtype == "int32" and data is None)
    quant = _quant(table.table(4, "quantization"), shape) if scaled else None
    return Value(name, shape, dtype, quant, data)


def _variable(table: Table, name: str, shape: tuple[int, ...], dtype: DType, filled: bool) -> Value:
    """A tensor that keeps what it holds from run to run; it begins with real zeros."""
    if filled or dtype not in ("float32", "int8", "int16"):
        raise UnsupportedAttribute(f"{table.path} ({name}) is a variable of {dtype} that no operator can keep")
    size = checked_bytes(shape, ITEM_BYTES[dtype], table.path)
    if size > MAX_STATE_BYTES:
        raise ImpossibleSize(f"{table.path} ({name}) keeps {size} bytes: {MAX_STATE_BYTES} at most")
    quant = None if dtype == "float32" else _quant(table.table(4, "quantization"), shape)
    zero = quant.zero_point[0] if dtype == "int8" and quant is not None else 0
    if not -128 <= zero <= 127:
        raise OutOfRange(f"{table.path} ({name}) is int8 with the zero point {zero}")
    return Value(name, shape, dtype, quant, state=np.full(shape, zero, np.dtype(dtype)))


def _name(text: str, taken: set[str]) -> str:
    """The first of the fused names, made unique."""
    base = text.split(";")[0][:80] or "tensor"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}#{count}"
    taken.add(name)
    return name


def _data(raw: bytes, shape: tuple[int, ...], dtype: DType, path: str) -> Array:
    expected = checked_bytes(shape, ITEM_BYTES[dtype], path)
    if len(raw) != expected:
        raise CutShort(f"{path}: its buffer has {len(raw)} bytes, {dtype}{list(shape)} takes {expected}")
    array = np.frombuffer(raw, np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
    if dtype == "float32" and not np.isfinite(array).all():
        raise BadValue(f"{path} holds NaN or infinity")
    return array


def _half(raw: bytes, shape: tuple[int, ...], path: str) -> Array:
    """Constants of 16 bits as the float32 numbers that they are."""
    if len(raw) != checked_bytes(shape, 2, path):
        raise CutShort(f"{path}: its buffer has {len(raw)} bytes, float16{list(shape)} takes {2 * math.prod(shape)}")
    array = np.frombuffer(raw, "<f2").astype(np.float32).reshape(shape)
    if not np.isfinite(array).all():
        raise BadValue(f"{path} holds NaN or infinity")
    return array


def _unpacked(raw: bytes, shape: tuple[int, ...], path: str) -> Array:
    """Integers of 4 bits, two in a byte, the first in its low half."""
    count = checked_bytes(shape, 1, path)
    if len(raw) != -(-count // 2):
        raise CutShort(f"{path}: its buffer has {len(raw)} bytes, int4{list(shape)} takes {-(-count // 2)}")
    packed = np.frombuffer(raw, np.int8)
    both = np.stack([(packed << 4).astype(np.int8) >> 4, packed >> 4], axis=1)
    return both.reshape(-1)[:count].astype(np.int8).reshape(shape)


def _quant(table: Table | None, shape: tuple[int, ...]) -> Quant | None:
    if table is None:
        return None
    scales = [float(s) for s in table.array(2, "float32", "scale")]
    zeros = [int(z) for z in table.array(3, "int64", "zero_point")]
    if not scales:
        return None
    if table.table(5, "details") is not None:
        raise UnsupportedAttribute(f"{table.path} has a custom or blockwise quantisation")
    zeros = zeros or [0] * len(scales)
    axis = table.scalar(6, "i") if len(scales) > 1 else None
    if axis is not None and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise OutOfRange(f"{table.path}: {len(scales)} scales on axis {axis} of {list(shape)}")
    try:
        return Quant(tuple(scales), tuple(zeros), axis)
    except ValueError as error:
        raise BadValue(f"{table.path}: {error}") from None


def _operator(raw: _RawOperator, position: int, codes: list[str], names: list[str]) -> Operator:
    path = f"operator {position}"
    if raw.code >= len(codes):
        raise OutOfRange(f"{path}: code {raw.code}, the file has {len(codes)}")
    name = codes[raw.code]
    if name not in TRANSLATORS:
        raise UnsupportedOp(f"{name} ({path}) has no kernel", fix="`lilliput list ops` prints what there is")
    inputs = [None if i == -1 else _picked([i], names, path)[0] for i in raw.inputs.tolist()]
    return Operator(name, path, inputs, _picked(raw.outputs, names, path), raw.options)


def _picked(indices: Any, names: list[str], path: str) -> list[str]:
    found = []
    for index in indices:
        if not 0 <= int(index) < len(names):
            raise OutOfRange(f"{path}: tensor {int(index)}, the file has {len(names)}")
        found.append(names[int(index)])
    return found


def _stage(graph: Graph) -> Stage:
    kinds = {value.dtype for value in graph.values.values() if not value.is_constant}
    return "float" if kinds == {"float32"} else "integer"


def _without_hybrids(graph: Graph, dequantise: bool) -> Graph:
    """Float layers with integer weights, their weights as real numbers, or refused: the published kernels quantise the
    activations too, anew in each run, which has no exact counterpart."""
    weights = [
        value
        for node in graph.nodes
        for value in graph.ins(node)[1:2]
        if value.data is not None and value.dtype in ("int8", "uint8", "int16") and value.quant is not None
    ]
    if not weights:
        return graph
    if not dequantise:
        raise UnsupportedOp(
            "a hybrid model: float activations with integer weights have no exact kernels",
            fix="convert with full integer quantisation, or without quantisation; or take the weights for the real "
            "numbers that they stand for: --dequantise",
        )
    real = {
        value.name: Value(value.name, value.shape, "float32", None, value.quant.dequantise(value.data))
        for value in weights
        if value.quant is not None and value.data is not None
    }
    return graph.replace(values={**graph.values, **real})
