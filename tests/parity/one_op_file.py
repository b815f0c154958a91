"""Write a TensorFlow Lite file with one operator, field by field of the published schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np

from lilliput.compiler.graph import Array, Quant

_TYPES = {
    "float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "int8": 9, "int4": 17,
}  # fmt: skip

Tensor = tuple[tuple[int, ...], str, Quant | None]
"""Shape, type, quantisation."""

Options = Mapping[int, tuple[str, Any]]
"""Field number → (kind, value); kinds int, byte, bool, float."""


def one_op_file(
    code: int,
    inputs: Sequence[Tensor],
    output: Tensor,
    constants: Sequence[Array] = (),
    options: tuple[int, Options] | None = None,
    described_as: Sequence[Tensor] = (),
) -> bytes:
    """The file: activations first, then constants, then the output.

    Args:
        code: number of the operator.
        inputs: the activations.
        output: the result.
        constants: further inputs with data.
        options: number of the options' table in the schema's union, and its fields.
        described_as: shape, type and quantisation of each constant; by default its own, not quantised.
    """
    told_of = described_as or [(c.shape, c.dtype.name, None) for c in constants]
    read = [Edge(*tensor) for tensor in inputs] + [Edge(*told, c) for told, c in zip(told_of, constants, strict=True)]
    return operator_file(code, read, [Edge(*output)], options)


@dataclass(frozen=True, eq=False)
class Edge:
    """A tensor of the file; a constant where it has data, a variable where that is said."""

    shape: tuple[int, ...]
    dtype: str
    quant: Quant | None = None
    data: Array | None = None
    variable: bool = False


def operator_file(
    code: int, inputs: Sequence[Edge | None], outputs: Sequence[Edge], options: tuple[int, Options] | None = None
) -> bytes:
    """The file, with the tensors in the operator's order; the network's inputs are those without data that
    are no variables.

    Args:
        code: number of the operator.
        inputs: what it reads; None for an optional one that is not there.
        outputs: what it makes.
        options: number of the options' table in the schema's union, and its fields.
    """
    b = flatbuffers.Builder(1024)
    buffers, tensors, places = [_table(b, {})], list[int](), list[int]()
    for edge in (*inputs, *outputs):
        if edge is None:
            places.append(-1)
            continue
        if edge.data is not None:
            buffers.append(_table(b, {0: ("offset", b.CreateByteVector(edge.data.tobytes()))}))
        places.append(len(tensors))
        holds = 0 if edge.data is None else len(buffers) - 1
        tensors.append(_tensor(b, f"t{len(tensors)}", edge.shape, edge.dtype, edge.quant, holds, edge.variable))
    read, made = places[: len(inputs)], places[len(inputs) :]
    operator: dict[int, tuple[str, Any]] = {1: ("offset", _ints(b, read)), 2: ("offset", _ints(b, made))}
    if options is not None:
        operator |= {3: ("byte", options[0]), 4: ("offset", _table(b, options[1]))}
    active = [
        place
        for place, edge in zip(read, inputs, strict=True)
        if edge is not None and edge.data is None and not edge.variable
    ]
    subgraph = _table(
        b,
        {
            0: ("offset", _offsets(b, tensors)),
            1: ("offset", _ints(b, active)),
            2: ("offset", _ints(b, made)),
            3: ("offset", _offsets(b, [_table(b, operator)])),
        },
    )
    opcode = _table(b, {0: ("byte", min(code, 127)), 2: ("int", 1), 3: ("int", code)})
    model = _table(
        b,
        {
            0: ("int", 3),
            1: ("offset", _offsets(b, [opcode])),
            2: ("offset", _offsets(b, [subgraph])),
            4: ("offset", _offsets(b, buffers)),
        },
    )
    b.Finish(model, b"TFL3")
    return bytes(b.Output())


def _tensor(
    b: Any, name: str, shape: Sequence[int], dtype: str, quant: Quant | None, buffer: int, variable: bool = False
) -> int:
    fields: dict[int, tuple[str, Any]] = {
        0: ("offset", _ints(b, shape)),
        1: ("byte", _TYPES[dtype]),
        2: ("int", buffer),
        3: ("offset", b.CreateString(name)),
    }
    if variable:
        fields[5] = ("bool", True)
    if quant is not None:
        scale = b.CreateNumpyVector(np.array(quant.scale, np.float32))
        zero = b.CreateNumpyVector(np.array(quant.zero_point, np.int64))
        parts: dict[int, tuple[str, Any]] = {2: ("offset", scale), 3: ("offset", zero)}
        if quant.axis is not None:
            parts[6] = ("int", quant.axis)
        fields[4] = ("offset", _table(b, parts))
    return _table(b, fields)


def _table(b: Any, fields: Options) -> int:
    b.StartObject(max(fields, default=-1) + 1)
    put = {
        "offset": b.PrependUOffsetTRelativeSlot,
        "int": b.PrependInt32Slot,
        "byte": b.PrependUint8Slot,
        "bool": b.PrependBoolSlot,
        "float": b.PrependFloat32Slot,
    }
    # Every field is written, defaults too; larger ones first, so that none needs padding.
    b.ForceDefaults(True)
    for slot, (kind, value) in sorted(fields.items(), key=lambda item: item[1][0] in ("byte", "bool")):
        put[kind](slot, value, 0)
    made: int = b.EndObject()
    return made


def _ints(b: Any, values: Sequence[int] | range) -> int:
    made: int = b.CreateNumpyVector(np.array(list(values), np.int32))
    return made


def _offsets(b: Any, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    made: int = b.EndVector()
    return made
