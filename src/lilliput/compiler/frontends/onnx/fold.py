"""Operators on constants, in NumPy.

Exporters write the sizes of a reshape as a small program: Shape, Gather, Unsqueeze, Concat. With fixed shapes all of it
is known, and so is what weights go through before they are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lilliput.compiler.frontends.onnx import shapes
from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.tensors import dtype_of
from lilliput.compiler.graph import Array
from lilliput.core.errors import BadValue, ImpossibleSize

MAX_ELEMENTS = 1 << 24
"""Of one computed constant; a network for a microcontroller has fewer weights altogether."""

Folder = Callable[[Operator, Sequence[Array]], list[Array]]
FOLDERS: dict[str, Folder] = {}


def fold(op: Operator) -> list[Array]:
    """The outputs of an operator whose inputs are all known.

    Raises:
        ValueError and its like, the inputs do not fit; the reader names the operator.
        BadValue: LP207, the result is not a number.
        ImpossibleSize: LP204, the result has over `MAX_ELEMENTS` elements.
    """
    given = [array for array in op.known if array is not None]
    with np.errstate(all="ignore"):
        made = FOLDERS[op.kind](op, given)
    for array in made:
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise BadValue(f"{op.path} gives NaN")
    return made


def _on(*kinds: str) -> Callable[[Folder], Folder]:
    def enter(folder: Folder) -> Folder:
        FOLDERS.update(dict.fromkeys(kinds, folder))
        return folder

    return enter


def room(op: Operator, shape: Sequence[int]) -> tuple[int, ...]:
    """`shape`, when an array of it may be made. Raises ImpossibleSize."""
    if min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise ImpossibleSize(
            f"{op.path} computes a constant of shape {list(shape)}, the most is {MAX_ELEMENTS} elements"
        )
    return tuple(int(axis) for axis in shape)


@_on("Constant")
def _constant(op: Operator, x: Sequence[Array]) -> list[Array]:
    kinds = {"value": None, "value_float": np.float32, "value_floats": np.float32, "value_int": np.int64,
             "value_ints": np.int64}  # fmt: skip
    if len(op.attrs) != 1 or next(iter(op.attrs)) not in kinds:
        op.refuse(f"a constant given by {', '.join(op.attrs) or 'nothing'}")
    ((key, value),) = op.attrs.items()
    return [np.asarray(value, kinds[key])]


@_on("ConstantOfShape")
def _constant_of_shape(op: Operator, x: Sequence[Array]) -> list[Array]:
    value = np.asarray(op.attrs.get("value", np.zeros(1, np.float32)))
    return [np.full(room(op, x[0].tolist()), value.reshape(()), value.dtype)]


@_on("Range")
def _range(op: Operator, x: Sequence[Array]) -> list[Array]:
    start, limit, delta = (array.reshape(()) for array in x)
    if delta == 0:
        raise ValueError("a step of 0")
    room(op, [max(0, math.ceil((float(limit) - float(start)) / float(delta)))])
    return [np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)]


@_on("Identity", "Dropout")
def _identity(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0]]


@_on("Reshape")
def _reshape(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].reshape(shapes.reshaped(op, x[0].shape))]


@_on("Flatten")
def _flatten(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].reshape(shapes.flattened(op, x[0].shape))]


@_on("Squeeze")
def _squeeze(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].reshape(shapes.without(x[0].shape, shapes.squeezed(op, x[0].shape)))]


@_on("Unsqueeze")
def _unsqueeze(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].reshape(shapes.unsqueezed(op, x[0].shape))]


@_on("Transpose")
def _transpose(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].transpose(shapes.permutation(op, x[0].ndim))]


@_on("Slice")
def _slice(op: Operator, x: Sequence[Array]) -> list[Array]:
    made = x[0]
    for axis, cut in enumerate(shapes.cuts(op, x[0].shape)):
        made = made.take(np.arange(cut.start, cut.stop, cut.step), axis=axis)
    return [made]


@_on("Split")
def _split(op: Operator, x: Sequence[Array]) -> list[Array]:
    axis = op.axis(x[0].ndim, 0)
    return np.split(x[0], np.cumsum(shapes.parts(op, x[0].shape[axis]))[:-1], axis)


@_on("Concat")
def _concat(op: Operator, x: Sequence[Array]) -> list[Array]:
    room(op, [sum(array.size for array in x)])
    return [np.concatenate(x, op.axis(x[0].ndim, 0))]


@_on("Gather")
def _gather(op: Operator, x: Sequence[Array]) -> list[Array]:
    axis = op.axis(x[0].ndim, 0)
    room(op, (*x[0].shape[:axis], *x[1].shape, *x[0].shape[axis + 1 :]))
    return [np.asarray(np.take(x[0], x[1], axis))]


@_on("Expand")
def _expand(op: Operator, x: Sequence[Array]) -> list[Array]:
    wanted = room(op, np.broadcast_shapes(x[0].shape, tuple(x[1].tolist())))
    return [np.broadcast_to(x[0], wanted)]


@_on("Tile")
def _tile(op: Operator, x: Sequence[Array]) -> list[Array]:
    if len(x[1]) != x[0].ndim:
        raise ValueError(f"{len(x[1])} repeats of {x[0].ndim} axes")
    room(op, [a * b for a, b in zip(x[0].shape, x[1].tolist(), strict=True)])
    return [np.tile(x[0], x[1])]


@_on("Cast")
def _cast(op: Operator, x: Sequence[Array]) -> list[Array]:
    return [x[0].astype(dtype_of(int(op.attrs["to"]), op.path))]


_UNARY: dict[str, Callable[[Any], Any]] = {
    "Neg": np.negative, "Abs": np.abs, "Floor": np.floor, "Ceil": np.ceil, "Sqrt": np.sqrt, "Exp": np.exp,
    "Log": np.log, "Not": np.logical_not, "Reciprocal": lambda x: 1 / x, "Relu": lambda x: np.maximum(x, 0),
    "Sign": np.sign, "Round": np.rint, "Sin": np.sin, "Cos": np.cos, "Tanh": np.tanh,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}  # fmt: skip


@_on(*_UNARY)
def _unary(op: Operator, x: Sequence[Array]) -> list[Array]:
    made = np.asarray(_UNARY[op.kind](x[0]))
    return [made.astype(x[0].dtype if op.kind != "Not" else bool)]


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    if (b == 0).any():
        raise ZeroDivisionError("division by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _modulo(a: Array, b: Array) -> Array:
    if (b == 0).any():
        raise ZeroDivisionError("division by zero")
    return np.asarray(np.mod(a, b))


_ARITHMETIC: dict[str, Callable[[Array, Array], Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _divide, "Mod": _modulo, "Pow": np.power,
    "Min": np.minimum, "Max": np.maximum, "Sum": np.add,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Array, Array], Any]] = {
    "Equal": np.equal, "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal, "And": np.logical_and, "Or": np.logical_or,
}  # fmt: skip


@_on(*_ARITHMETIC, *_COMPARISONS)
def _binary(op: Operator, x: Sequence[Array]) -> list[Array]:
    room(op, np.broadcast_shapes(*(array.shape for array in x)))
    if op.kind in _COMPARISONS:
        return [np.asarray(_COMPARISONS[op.kind](x[0], x[1]))]
    made = x[0]
    for other in x[1:]:
        made = np.asarray(_ARITHMETIC[op.kind](made, other)).astype(x[0].dtype)
    return [made]


@_on("Where")
def _where(op: Operator, x: Sequence[Array]) -> list[Array]:
    room(op, np.broadcast_shapes(*(array.shape for array in x)))
    return [np.where(*x)]


@_on("MatMul")
def _matmul(op: Operator, x: Sequence[Array]) -> list[Array]:
    a, b = x
    if a.ndim >= 2 and b.ndim >= 2:
        room(op, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
        if a.size * b.shape[-1] > 64 * MAX_ELEMENTS:
            raise ImpossibleSize(f"{op.path} multiplies constants {list(a.shape)} and {list(b.shape)}")
    return [np.asarray(a @ b)]


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceProd": np.prod, "ReduceSum": np.sum, "ReduceMax": np.max, "ReduceMin": np.min, "ReduceMean": np.mean,
}  # fmt: skip


@_on(*_REDUCTIONS)
def _reduce(op: Operator, x: Sequence[Array]) -> list[Array]:
    axes, keep = shapes.reduced(op, x[0].ndim)
    if not axes:
        return [x[0]]
    return [np.asarray(_REDUCTIONS[op.kind](x[0], axis=axes, keepdims=keep)).astype(x[0].dtype)]
