"""Read a `torch.export` program into a float graph.

Each ATen operator is translated by one small function, in PyTorch's own layout: a channels-first operator gets a
transpose before and after it, and the layout pass removes the pairs. Nothing is approximated; an operator or an
argument that has no exact translation is refused with the line of the user's `forward`.
"""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends import (  # noqa: F401 they enter their translations
    _aten_einsum,
    _aten_math,
    _aten_moves,
    _aten_recurrent,
    _aten_spiking,
)
from lilliput.compiler.frontends._aten import HANDLERS, Call
from lilliput.compiler.graph import Array, DType, Graph, Value
from lilliput.core.errors import BadValue, DynamicShape, UnsupportedAttribute, UnsupportedOp

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram


def from_torch(model: torch.nn.Module, *example: torch.Tensor, name: str = "model") -> Graph:
    """Export a module in eval mode and read it.

    Args:
        model: any module whose `forward` takes the example tensors.
        example: one tensor per input, batch first, with a batch of one.
        name: name of the graph.

    Raises:
        DynamicShape: LP311, the batch is not one or an axis has no fixed size.
        UnsupportedError: LP3xx, an operator or argument has no exact translation, or the module cannot be exported.
    """
    import torch

    if any(x.shape[0] != 1 for x in example):
        raise DynamicShape(
            f"the example has shapes {[tuple(x.shape) for x in example]}, its batch must be one",
            why="memory is planned when the network is compiled",
            fix="export with a batch of one: `torch.export.export(model, (x[:1],))`",
        )
    training = model.training
    try:
        with warnings.catch_warnings():
            # Recurrent layers hold their weights in a list beside the parameters, which the exporter remarks on.
            warnings.filterwarnings("ignore", message="The tensor attributes? .* assigned during export")
            exported = torch.export.export(model.eval(), example)
    except Exception as error:  # the exporter raises many types of its own
        raise UnsupportedOp(
            f"torch.export cannot read {type(model).__name__}: {str(error).strip().splitlines()[0]}",
            fix="`torch.export.export(model, (x,))` must succeed; its message says which line of `forward` stops it",
        ) from error
    finally:
        model.train(training)
    return from_exported(exported, name=name)


def from_exported(exported: ExportedProgram, *, name: str = "model") -> Graph:
    """Read an exported program; inputs and outputs keep PyTorch's layout and order.

    Args:
        exported: what `torch.export.export` or `torch.export.load` gave.
        name: name of the graph.

    Raises:
        DynamicShape: LP311.
        UnsupportedOp: LP301, naming the node and the line of the user's `forward`.
    """
    build = GraphBuilder(name)
    tensors = {**exported.state_dict, **exported.constants}
    targets = {spec.arg.name: spec.target for spec in exported.graph_signature.input_specs if spec.target is not None}
    names: dict[str, Any] = {}  # fx node name → value name, or a plain Python value
    outputs: list[str] = []
    for node in exported.graph.nodes:
        if node.op == "placeholder":
            if node.name in targets:
                if node.users:
                    array = _array(tensors[targets[node.name]], targets[node.name])
                    names[node.name] = build.constant(targets[node.name], array)
            else:
                names[node.name] = build.input(Value(node.name, _shape(node), _input_type(node)))
        elif node.op == "call_function" and not node.users:
            continue  # nothing reads what it gives
        elif node.op == "call_function":
            names[node.name] = _call(build, node, names)
        elif node.op == "output":
            outputs = [names[argument.name] for argument in node.args[0]]
        else:
            raise UnsupportedOp(f'{node.op} "{node.name}" of the exported program has no translation')
    return build.graph(outputs)


def _input_type(node: Any) -> DType:
    """Truth values stay, whole numbers become 32 bits, all else float32."""
    dtype = str(node.meta["val"].dtype).removeprefix("torch.")
    return "bool" if dtype == "bool" else "int32" if dtype in ("int64", "int32", "int16", "uint8") else "float32"


def _call(build: GraphBuilder, node: Any, names: dict[str, Any]) -> Any:
    if node.target is operator.getitem:
        return names[node.args[0].name][node.args[1]]
    target = str(node.target)
    source = _source(node)
    handler: Callable[[GraphBuilder, Call], Any] | None = HANDLERS.get(target)
    label = _module_path(node) or re.sub(r"_\d+$", "", node.name)
    if handler is None:
        raise UnsupportedOp(
            f'{target} at "{label}"{f" ({source})" if source else ""} has no translation',
            fix="`lilliput list ops` prints what there is; write it with those, or keep this part outside the network",
        )
    _shape(node)  # refuses dynamic outputs
    arguments = {argument.name: _resolve(given, names) for argument, given in _bind(node)}
    try:
        return handler(build, Call(target, label, arguments, source))
    except UnsupportedAttribute as error:
        what = f'{target} at "{label}"{f" ({source})" if source else ""}: {error.what}'
        raise UnsupportedAttribute(what, why=error.why, fix=error.fix) from None


def _bind(node: Any) -> list[tuple[Any, Any]]:
    """(schema argument, given value or default) for an ATen call."""
    schema = node.target._schema.arguments
    bound = []
    for position, argument in enumerate(schema):
        if argument.name in node.kwargs:
            bound.append((argument, node.kwargs[argument.name]))
        elif position < len(node.args):
            bound.append((argument, node.args[position]))
        else:
            bound.append((argument, argument.default_value))
    return bound


def _resolve(given: Any, names: dict[str, Any]) -> Any:
    if isinstance(given, (list, tuple)):
        return [_resolve(item, names) for item in given]
    return names[given.name] if hasattr(given, "op") and hasattr(given, "name") else given


def _shape(node: Any) -> tuple[int, ...]:
    value = node.meta.get("val")
    if not hasattr(value, "shape"):
        return ()
    if not all(isinstance(axis, int) for axis in value.shape):
        raise DynamicShape(
            f'"{node.name}" has the shape {tuple(value.shape)}, with an axis that is not fixed',
            why="memory is planned when the network is compiled",
            fix="export with a batch of one and without dynamic_shapes: `torch.export.export(model, (x[:1],))`",
        )
    return tuple(value.shape)


def _array(tensor: torch.Tensor, name: str) -> Array:
    array: Array = tensor.detach().cpu().contiguous().numpy()
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise BadValue(f"weights {name!r} hold {array[index]} at {index}", fix="train again, or load good weights")
    return array


def _module_path(node: Any) -> str:
    stack: Sequence[tuple[str, Any]] = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack else ""


def _source(node: Any) -> str:
    """file:line of the user's code that made the node."""
    found = re.findall(r'File "([^"]+)", line (\d+)', node.meta.get("stack_trace") or "")
    return f"{found[-1][0].rsplit('/', 1)[-1]}:{found[-1][1]}" if found else ""
