"""Layers that keep something from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, fused_activation, on
from lilliput.compiler.graph import Array, Quant, Value
from lilliput.core.errors import BrokenGraph, UnsupportedAttribute, UnsupportedOp

_TANH = 4
_PEEPHOLES, _PROJECTION, _LAYER_NORM = (9, 10, 11), (16, 17), (20, 21, 22, 23)


@on("SVDF")
def _svdf(reader: Reader, operator: Operator) -> None:
    x, w, t = (operator.need(position) for position in range(3))
    state = _state(reader, operator, 4)
    _refuse_hybrid(reader, operator, x, w)
    rank = operator.scalar(0, "i")
    filters = reader.values[w].shape[0] if reader.values[w].shape else 0
    if rank < 1 or filters % rank:
        raise BrokenGraph(f"SVDF ({operator.path}): rank {rank} of {filters} filters")
    bias = operator.inputs[3] if len(operator.inputs) > 3 else None
    if bias is None:
        kind = np.float32 if reader.values[x].dtype == "float32" else np.int32
        bias = reader.new_constant(np.zeros(filters // rank, kind), operator)
    flat = reader.reshaped(x, (1, reader.values[x].elements), operator)
    activation = fused_activation(operator, 1)
    if reader.values[x].dtype != "float32" and activation != "none":
        # The published integer kernel clamps to the range of the type alone: the output's zero point does the rest.
        activation = "none"
    reader.node("svdf", operator, [flat, w, t, bias, state], rank=rank, activation=activation)


@on("UNIDIRECTIONAL_SEQUENCE_LSTM")
def _lstm(reader: Reader, operator: Operator) -> None:
    named = f"UNIDIRECTIONAL_SEQUENCE_LSTM ({operator.path})"
    for what, places in (
        ("peephole weights", _PEEPHOLES),
        ("a projection", _PROJECTION),
        ("normalisation", _LAYER_NORM),
    ):
        if any(place < len(operator.inputs) and operator.inputs[place] is not None for place in places):
            raise UnsupportedAttribute(f"{named}: {what} have no kernel")
    if operator.scalar(0, "b") != _TANH:
        raise UnsupportedAttribute(f"{named}: activation number {operator.scalar(0, 'b')}, only tanh has a kernel")
    x = operator.need(0)
    given = reader.values[x]
    if len(given.shape) != 3:
        raise BrokenGraph(f"{named}: x has {list(given.shape)}")
    steps, batch = (0, 1) if operator.scalar(3, "?") else (1, 0)
    if given.shape[batch] != 1:
        raise UnsupportedAttribute(f"{named}: {given.shape[batch]} sequences at once, one has a kernel")
    _refuse_hybrid(reader, operator, x, operator.need(1))
    h, c = _state(reader, operator, 18), _state(reader, operator, 19)
    w, r, b = (_joined(reader, operator, range(first, first + 4)) for first in (1, 5, 12))
    clip = 0.0 if operator.options is None else operator.options.real(1)
    if not 0 <= clip < np.inf:
        raise BrokenGraph(f"{named}: a clip of {clip}")
    y = reader.values[operator.output]
    rows = reader.reshaped(x, (1, given.shape[steps], given.shape[2]), operator)
    if y.shape == (1, given.shape[steps], reader.values[h].shape[-1]):
        reader.node("lstm", operator, [rows, w, r, b, h, c], clip=clip)
        return
    made = f"{y.name} rows"
    reader.values[made] = replace(y, name=made, shape=(1, given.shape[steps], reader.values[h].shape[-1]))
    reader.node("lstm", operator, [rows, w, r, b, h, c], made, clip=clip)
    reader.node("reshape", operator, [made], shape=y.shape)


def _state(reader: Reader, operator: Operator, position: int) -> str:
    """A variable tensor as the state that it is, (1, elements)."""
    name = operator.need(position)
    value = reader.values[name]
    if value.state is None:
        raise BrokenGraph(f"{operator.name} ({operator.path}): {name!r} is no variable")
    shape = (1, value.elements)
    reader.values[name] = replace(value, shape=shape, state=np.reshape(value.state, shape))
    return name


def _refuse_hybrid(reader: Reader, operator: Operator, x: str, w: str) -> None:
    kinds = reader.values[x].dtype, reader.values[w].dtype
    if kinds[0] == "float32" != kinds[1]:
        raise UnsupportedOp(
            f"{operator.name} ({operator.path}) is hybrid: float with {kinds[1]} weights has no exact kernel",
            fix="convert with full integer quantisation, or without quantisation",
        )


def _joined(reader: Reader, operator: Operator, places: Sequence[int]) -> str:
    """The constants of the four gates as one: input, forget, cell, output; a scale for each of its rows."""
    values = [reader.values[operator.need(place)] for place in places]
    parts = [reader.constant(value.name, operator) for value in values]
    if len({(part.shape[1:], part.dtype, part.shape[0] if part.ndim else 0) for part in parts}) != 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): gates of {[list(part.shape) for part in parts]}")
    name = reader.new_constant(np.concatenate(parts), operator)
    quant = _row_scales(values, parts)
    if quant is not None:
        reader.values[name] = replace(reader.values[name], quant=quant)
    return name


def _row_scales(values: Sequence[Value], parts: Sequence[Array]) -> Quant | None:
    scales: list[float] = []
    zeros: list[int] = []
    for value, part in zip(values, parts, strict=True):
        if value.quant is None or value.dtype == "int32":
            return None
        count = len(part) if value.quant.is_per_tensor else 1
        scales += list(value.quant.scale) * count
        zeros += list(value.quant.zero_point) * count
    return Quant(tuple(scales), tuple(zeros), 0 if len(scales) > 1 else None)
