"""Random single operators: shapes, scales, zero points, axes and options within what TensorFlow Lite Micro takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lilliput.compiler.frontends.tflite_ops import BUILTIN_NAMES
from lilliput.compiler.graph import Array, Quant
from tests.parity.one_op_file import Edge, Options, operator_file

CODES = {name: number for number, name in BUILTIN_NAMES.items()}
Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class Case:
    """One operator with its tensors; `given` makes the rows of an input that is not to be fully random."""

    inputs: Sequence[Edge | None]
    outputs: Sequence[Edge]
    options: tuple[int, Options] | None = None
    given: Callable[[Edge, Random, int], Array] | None = None

    def file(self, name: str) -> bytes:
        """The file that holds it."""
        return operator_file(CODES[name], self.inputs, self.outputs, self.options)

    def rows(self, rng: Random, count: int) -> list[Array]:
        """Inputs for `count` runs, each (count · leading axis, …)."""
        active = [edge for edge in self.inputs if edge is not None and edge.data is None]
        return [(self.given or random_rows)(edge, rng, count) for edge in active]


def random_rows(edge: Edge, rng: Random, count: int) -> Array:
    """Random elements over the whole type; the first rows extreme."""
    shape = (count * (edge.shape or (1,))[0], *edge.shape[1:])
    if edge.dtype == "float32":
        return (rng.standard_normal(shape) * 3).astype(np.float32)
    if edge.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    low, high = (-128, 127) if edge.dtype == "int8" else (-40, 40)
    x = rng.integers(low, high + 1, shape).astype(edge.dtype)
    leading = (edge.shape or (1,))[0]
    x[:leading], x[leading : 2 * leading] = low, high
    return x


def quant(rng: Random, low: float = 0.004, high: float = 0.2) -> Quant:
    return Quant.per_tensor(float(rng.uniform(low, high)), int(rng.integers(-128, 128)))


def shape(rng: Random, low: int = 1, high: int = 4, most: int = 6) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, most + 1, rng.integers(low, high + 1)))


def int8(shape: Sequence[int], q: Quant, rng: Random | None = None) -> Edge:
    """An int8 tensor, constant where a source of random numbers is given."""
    data = None if rng is None else rng.integers(-128, 128, shape).astype(np.int8)
    return Edge(tuple(shape), "int8", q, data)


def numbers(values: Any, dtype: str = "int32") -> Edge:
    """A constant without a scale."""
    data = np.array(values, dtype)
    return Edge(data.shape, dtype, None, data)


def stretched(rng: Random, whole: Sequence[int]) -> tuple[int, ...]:
    """A shape that stretches to `whole`."""
    kept = [n if rng.random() < 0.6 else 1 for n in whole]
    return tuple(kept[rng.integers(0, len(kept)) :] if rng.random() < 0.3 else kept)


MAKERS: dict[str, Callable[[Random], Case]] = {}


def case(*names: str) -> Callable[[Callable[..., Case]], Callable[..., Case]]:
    """Enter a maker under operators' names; it may take the name as its second argument."""

    def enter(maker: Callable[..., Case]) -> Callable[..., Case]:
        for name in names:
            MAKERS[name] = maker if maker.__code__.co_argcount == 1 else _named(maker, name)
        return maker

    return enter


def _named(maker: Callable[..., Case], name: str) -> Callable[[Random], Case]:
    def make(rng: Random) -> Case:
        return maker(rng, name)

    return make


def moved(rng: Random, whole: Sequence[int], y: Sequence[int]) -> tuple[Edge, Edge]:
    """x and y of an operator that moves values: int8 mostly."""
    q = quant(rng)
    return int8(whole, q), int8(y, q)


def axis_for(rng: Random, rank: int) -> tuple[int, int]:
    """An axis as it is, and as a file may write it."""
    axis = int(rng.integers(0, rank))
    return axis, axis - rank if rng.random() < 0.4 else axis


ONLY_LITERT = (
    "EXP", "GELU", "LOG", "RANK", "REDUCE_ANY", "RELU_N1_TO_1", "RELU_0_TO_1", "SELECT", "TILE", "TOPK_V2",
    "FLOOR_DIV", "FLOOR_MOD",
)  # fmt: skip
"""TensorFlow Lite Micro has no kernel for them, or not for these types: the reference kernels of LiteRT stand in."""
