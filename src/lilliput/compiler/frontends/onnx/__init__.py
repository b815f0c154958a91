"""Read an ONNX file into a graph: float models as float graphs, quantised ones exactly as they are.

Structure is verified before it is parsed (`wire`), then names, arity and attributes (`model`), then each operator is
translated in the file's own layout (`operators`); what depends on constants only is computed (`fold`). A quantised
file, with QuantizeLinear and DequantizeLinear around float operators or with integer operators, gives an integer graph
(`integer`). Files that it refers to are read only inside its own folder (`tensors`).

A batch axis without a size becomes one. Inputs (N, C, H, W) come out as (N, H, W, C), as for PyTorch, but for those
that the file itself takes channels last and transposes first; outputs keep the file's layout. Inputs and outputs of a
quantised file are its integers (uint8 as int8, 128 lower); QuantizeLinear behind the inputs and DequantizeLinear before
the outputs are left to the caller, with scale and zero point in the port.
"""

from __future__ import annotations

from pathlib import Path

from lilliput.compiler.frontends.onnx import operators as operators
from lilliput.compiler.frontends.onnx.integer import check_weights, in_float, is_quantised, spread, to_integer
from lilliput.compiler.frontends.onnx.model import Model, Port, parse_model
from lilliput.compiler.frontends.onnx.reader import TRANSLATORS, Activation, Constant, Reader
from lilliput.compiler.frontends.onnx.tensors import MAX_FILE_BYTES, dtype_of
from lilliput.compiler.grammar import Stage
from lilliput.compiler.graph import Graph, Value, checked_bytes
from lilliput.compiler.passes import simplify
from lilliput.core.errors import BrokenGraph, DynamicShape, UnsupportedAttribute
from lilliput.core.files import read_bytes

__all__ = ["TRANSLATORS", "load_onnx", "read_onnx"]


def load_onnx(path: Path) -> tuple[Graph, Stage]:
    """Read a file; see `read_onnx`.

    Raises:
        MissingFile: LP221, there is no such file, or it cannot be read.
        ImpossibleSize: LP204, it is larger than any network for a microcontroller.
    """
    return read_onnx(read_bytes(path, limit=MAX_FILE_BYTES), path.stem, path.parent)


def read_onnx(data: bytes, name: str = "model", folder: Path | None = None) -> tuple[Graph, Stage]:
    """The graph in `data`, channels last and simplified, and its stage: "integer" for a quantised model, else "float".

    Args:
        data: the bytes of a `.onnx` file, from anywhere.
        name: name of the graph, and of the file in messages.
        folder: where files that it refers to may lie; None: nowhere.

    Raises:
        MissingExtra: LP601, the package `onnx` is not installed.
        FileError: LP2xx, the bytes are damaged.
        UnsupportedError: LP3xx, an operator, type or attribute has no exact translation; the message names the node.
    """
    graph = _translated(parse_model(data, name, folder))
    if not is_quantised(graph):
        return simplify(in_float(graph)), "float"
    check_weights(graph)
    graph = spread(graph)
    return to_integer(simplify(graph, quantised=True)), "integer"


def _translated(model: Model) -> Graph:
    reader = Reader(model.name)
    reader.constants.update({name: Constant(array) for name, array in model.tensors.items()})
    for port in model.inputs:
        reader.activations[port.name] = _input(reader, port)
    for operator in model.operators:
        reader.add(operator)
        for name in operator.outputs:
            if name in model.declared:
                _compare(reader, model.declared[name])
    for port in model.outputs:
        if port.name in reader.constants:
            raise UnsupportedAttribute(f"the output {port.name!r} is a constant")
        _compare(reader, port)
    outputs = [reader.output(port.name) for port in model.outputs]
    reader.check_rounding()
    if len(set(outputs)) != len(outputs):
        raise UnsupportedAttribute(f"two outputs are one value: {', '.join(port.name for port in model.outputs)}")
    if unread := [name for name in outputs if name in reader.build.inputs]:
        raise UnsupportedAttribute(f"an output is the input {unread[0]!r}")
    return reader.build.graph(outputs)


def _input(reader: Reader, port: Port) -> Activation:
    what = f"the input {port.name!r}"
    if port.shape is None:
        raise DynamicShape(f"{what} has no shape", fix="export with fixed input shapes")
    shape = tuple(_size(what, axis, position) for position, axis in enumerate(port.shape))
    checked_bytes(shape, 4, what)
    if not shape or shape[0] != 1:
        raise DynamicShape(
            f"{what} has the shape {list(shape)}, its leading axis must be a batch of one",
            why="memory is planned when the network is compiled",
            fix="export with a batch of one",
        )
    dtype = dtype_of(port.type_number, what)
    if dtype not in ("float32", "int8", "uint8"):
        raise UnsupportedAttribute(f"{what} is {dtype}: only float32, int8 and uint8 inputs have kernels")
    value = reader.build.input(Value(port.name, shape, "float32"))
    return Activation(value, integers="" if dtype == "float32" else dtype)


def _size(what: str, axis: int | str | None, position: int) -> int:
    if isinstance(axis, int) and (axis > 0 or position):
        return axis
    if position == 0:
        return 1
    raise DynamicShape(
        f"{what}: axis {position} ({axis or 'unnamed'}) has no fixed size",
        why="memory is planned when the network is compiled",
        fix="onnxruntime.tools.make_dynamic_shape_fixed gives it a size",
    )


def _compare(reader: Reader, port: Port) -> None:
    """The declared shape against the one that our operators infer."""
    if port.shape is None or port.name not in reader.activations:
        return
    shape = reader.shape(reader.activations[port.name].value)
    fits = len(shape) == len(port.shape) and all(
        position == 0 or not isinstance(stated, int) or stated <= 0 or stated == length
        for position, (stated, length) in enumerate(zip(port.shape, shape, strict=False))
    )
    if not fits:
        raise BrokenGraph(f"{port.name!r} is declared {list(port.shape)}, its operator gives {list(shape)}")
