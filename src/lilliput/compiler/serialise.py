"""A graph as plain values and arrays, and back: `graph.json` beside a safetensors file of the constants.

Reading trusts nothing: the plain values are validated field by field, arrays must have the declared shape and type, and
the grammar is checked before the graph is handed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from lilliput.compiler.grammar import Stage, check
from lilliput.compiler.graph import ITEM_BYTES, Array, DType, Graph, Node, Quant, Value, checked_bytes
from lilliput.compiler.ops import ops
from lilliput.core.errors import BadValue, NotThisFormat, UnknownName, WrongWeights


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Quant(_Strict):
    scale: list[float]
    zero_point: list[int]
    axis: int | None


class _Value(_Strict):
    name: str
    shape: list[int]
    dtype: Literal["float32", "int8", "uint8", "int16", "int32", "int64", "bool"]
    quant: _Quant | None
    constant: bool
    state: bool = False
    bits: Literal[4, 8] = 8
    steps: int = 0


class _Node(_Strict):
    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attrs: dict[str, Any]
    source: str


class _Graph(_Strict):
    name: str
    stage: Literal["float", "integer"]
    values: list[_Value]
    nodes: list[_Node]
    inputs: list[str]
    outputs: list[str]


def graph_to_plain(graph: Graph, stage: Stage = "integer") -> tuple[dict[str, Any], dict[str, Array]]:
    """Plain values for JSON, and by name the constants and the initial contents of the states."""
    values = [
        {
            "name": value.name,
            "shape": list(value.shape),
            "dtype": value.dtype,
            "quant": None if value.quant is None else _quant_to_plain(value.quant),
            "constant": value.is_constant,
            **({"state": True} if value.is_state else {}),
            **({"bits": value.bits} if value.bits != 8 else {}),
            **({"steps": value.steps} if value.steps else {}),
        }
        for value in graph.values.values()
    ]
    nodes = [
        {
            "op": node.op,
            "name": node.name,
            "inputs": list(node.inputs),
            "outputs": list(node.outputs),
            "attrs": {key: _plain(item) for key, item in node.attrs.items()},
            "source": node.source,
        }
        for node in graph.nodes
    ]
    plain = {"name": graph.name, "stage": stage, "values": values, "nodes": nodes}
    plain |= {"inputs": list(graph.inputs), "outputs": list(graph.outputs)}
    stored = {name: value.state if value.data is None else value.data for name, value in graph.values.items()}
    constants = {name: array for name, array in stored.items() if array is not None}
    return plain, constants


def graph_from_plain(plain: Mapping[str, Any], constants: Mapping[str, Array], where: str = "graph.json") -> Graph:
    """The graph that `graph_to_plain` gave.

    Args:
        plain: parsed JSON, from anywhere.
        constants: name → array, from anywhere.
        where: file name for messages.

    Raises:
        NotThisFormat: LP200, a field is missing, unknown or of another type.
        WrongWeights: LP208, constants are missing, unexpected, or of another shape or type.
        BadValue: LP207, a scale is not above zero or not a float32.
        BrokenGraph, UnknownName: the graph breaks its grammar, or names an operator that is not there.
    """
    try:
        parsed = _Graph.model_validate(dict(plain))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotThisFormat(f"{where}: {place or 'top level'}: {first['msg']}") from None
    for node in parsed.nodes:
        if node.op not in ops:
            raise UnknownName.of("op", node.op, ops.match(f"{node.op[:4]}*"))
    _same_names(parsed, constants, where)
    values = {value.name: _value(value, constants, where) for value in parsed.values}
    nodes = tuple(
        Node(n.op, n.name, tuple(n.inputs), tuple(n.outputs), {k: _tuples(v) for k, v in n.attrs.items()}, n.source)
        for n in parsed.nodes
    )
    graph = Graph(parsed.name, values, nodes, tuple(parsed.inputs), tuple(parsed.outputs)).replace()
    return check(graph, parsed.stage)


def _same_names(parsed: _Graph, constants: Mapping[str, Array], where: str) -> None:
    declared = {value.name for value in parsed.values if value.constant or value.state}
    missing, unexpected = sorted(declared - set(constants)), sorted(set(constants) - declared)
    if missing or unexpected:
        parts = [f"{label}: {', '.join(names[:5])}{_more(names)}" for label, names in
                 (("missing", missing), ("unexpected", unexpected)) if names]  # fmt: skip
        raise WrongWeights(f"the constants do not belong to {where}; {'; '.join(parts)}")
    names = [value.name for value in parsed.values]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise NotThisFormat(f"{where}: values appear twice: {', '.join(twice[:5])}")


def _value(value: _Value, constants: Mapping[str, Array], where: str) -> Value:
    checked_bytes(value.shape, ITEM_BYTES[value.dtype], f"{where}: {value.name!r}")
    data = constants[value.name] if value.constant or value.state else None
    if data is not None and (list(data.shape) != value.shape or data.dtype != np.dtype(value.dtype)):
        found = f"{data.dtype}{list(data.shape)}"
        raise WrongWeights(f"{where} declares {value.name!r} as {value.dtype}{value.shape}, the file holds {found}")
    dtype: DType = value.dtype
    quant = _quant(value, where)
    if value.state and not value.constant:
        return Value(value.name, tuple(value.shape), dtype, quant, state=data)
    return Value(value.name, tuple(value.shape), dtype, quant, data, bits=value.bits, steps=value.steps)


def _quant(value: _Value, where: str) -> Quant | None:
    if value.quant is None:
        return None
    try:
        return Quant(tuple(value.quant.scale), tuple(value.quant.zero_point), value.quant.axis)
    except ValueError as error:
        raise BadValue(f"{where}: quantisation of {value.name!r}: {error}") from None


def _quant_to_plain(quant: Quant) -> dict[str, Any]:
    return {"scale": list(quant.scale), "zero_point": list(quant.zero_point), "axis": quant.axis}


def _plain(item: Any) -> Any:
    return [_plain(part) for part in item] if isinstance(item, (tuple, list)) else item


def _tuples(item: Any) -> Any:
    return tuple(_tuples(part) for part in item) if isinstance(item, list) else item


def _more(names: list[str]) -> str:
    return f" and {len(names) - 5} more" if len(names) > 5 else ""
