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


@case("ABS", "RELU", "ELU", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH")
def _unary(rng: Random, name: str) -> Case:
    s, x, y = shape(rng), quant(rng), quant(rng)
    options: tuple[int, Options] | None = None
    if name == "LEAKY_RELU":
        options = (75, {0: ("float", float(np.float32(rng.uniform(0, 1))))})
    if name == "ABS" and rng.random() < 0.3:
        y = x
    if name == "LOGISTIC":
        y = Quant.per_tensor(1 / 256, -128)
    if name == "TANH":
        y = Quant.per_tensor(1 / 128, 0)
    return Case([int8(s, x)], [int8(s, y)], options)


@case("RELU6")
def _relu6(rng: Random) -> Case:
    s, x = shape(rng), quant(rng)
    return Case([int8(s, x)], [int8(s, x)])


@case("RSQRT")
def _rsqrt(rng: Random) -> Case:
    s, x, y = shape(rng), quant(rng), quant(rng)

    def given(edge: Edge, rng: Random, count: int) -> Array:
        return np.maximum(random_rows(edge, rng, count), x.zero_point[0]).astype(np.int8)

    return Case([int8(s, x)], [int8(s, y)], given=given)


@case("LOGICAL_NOT")
def _not(rng: Random) -> Case:
    s = shape(rng)
    return Case([Edge(s, "bool")], [Edge(s, "bool")], (63, {}))


def _two(rng: Random, a: Quant, b: Quant, whole: tuple[int, ...]) -> list[Edge]:
    shapes = [whole, stretched(rng, whole)]
    edges = [int8(s, q, rng if rng.random() < 0.25 else None) for s, q in zip(shapes, (a, b), strict=True)]
    if edges[0].data is not None and edges[1].data is not None:
        edges[0] = int8(whole, a)
    if rng.random() < 0.5:
        edges.reverse()
    return edges


@case("ADD", "SUB", "MUL", "DIV")
def _arithmetic(rng: Random, name: str) -> Case:
    whole, y = shape(rng), quant(rng)
    activation = int(rng.integers(0, 4))
    options = ({"ADD": 11, "SUB": 28, "MUL": 21, "DIV": 29}[name], {0: ("byte", activation)})
    if name != "DIV":
        return Case(_two(rng, quant(rng), quant(rng), whole), [int8(whole, y)], options)
    # s_a / (s_b s_y) is at least 64: below, the interpreter shifts by more than 31 bits, which C++ leaves undefined.
    a, b, y = quant(rng, 0.1, 0.2), quant(rng, 0.01, 0.03), quant(rng, 0.02, 0.05)
    edges = _two(rng, a, b, whole)
    if edges[0].quant is b:
        edges.reverse()
    zero = edges[1].quant.zero_point[0]  # type: ignore[union-attr]

    def given(edge: Edge, rng: Random, count: int) -> Array:
        x = random_rows(edge, rng, count)
        return np.where(x == zero, zero + (1 if zero < 127 else -1), x).astype(np.int8) if edge is edges[1] else x

    if edges[1].data is not None:
        edges[1] = Edge(
            edges[1].shape, "int8", edges[1].quant, np.where(edges[1].data == zero, -zero - 1, edges[1].data)
        )
    return Case(edges, [int8(whole, y)], options, given)


@case("SQUARED_DIFFERENCE")
def _squared_difference(rng: Random) -> Case:
    whole = shape(rng)
    return Case(_two(rng, quant(rng), quant(rng), whole), [int8(whole, quant(rng, 0.02, 2.0))])


@case("MAXIMUM", "MINIMUM")
def _extreme(rng: Random) -> Case:
    whole, q = shape(rng), quant(rng)
    return Case(_two(rng, q, q, whole), [int8(whole, q)])


@case("PRELU")
def _prelu(rng: Random) -> Case:
    whole = shape(rng)
    a, b = int8(whole, quant(rng)), int8(stretched(rng, whole), quant(rng), rng if rng.random() < 0.7 else None)
    return Case([a, b], [int8(whole, quant(rng))])


@case("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
def _compare(rng: Random, name: str) -> Case:
    whole = shape(rng)
    table = {"EQUAL": 53, "NOT_EQUAL": 54, "LESS": 41, "LESS_EQUAL": 46, "GREATER": 44, "GREATER_EQUAL": 45}[name]
    kind = rng.integers(0, 5 if "EQUAL" in (name, name[4:]) else 4)
    if kind == 0 or kind == 1:
        a, b = quant(rng), quant(rng)
        edges = _two(rng, a, a if kind else b, whole)
    else:
        dtype = ("int32", "int64", "bool")[kind - 2] if kind != 3 or rng.random() < 0.5 else "float32"
        edges = [Edge(whole, dtype), Edge(stretched(rng, whole), dtype)]
    return Case(edges, [Edge(whole, "bool")], (table, {}))


@case("LOGICAL_AND", "LOGICAL_OR")
def _logical(rng: Random, name: str) -> Case:
    whole = shape(rng)
    edges = [Edge(whole, "bool"), Edge(stretched(rng, whole), "bool")]
    return Case(edges, [Edge(whole, "bool")], (61 if name == "LOGICAL_AND" else 60, {}))


@case("SELECT_V2")
def _select(rng: Random) -> Case:
    whole, q = shape(rng), quant(rng)
    a, b = (int8(stretched(rng, whole), q, rng if rng.random() < 0.3 else None) for _ in range(2))
    edges = [Edge(whole, "bool"), a, b]
    return Case(edges, [int8(whole, q)], (98, {}))


def moved(rng: Random, whole: Sequence[int], y: Sequence[int]) -> tuple[Edge, Edge]:
    """x and y of an operator that moves values: int8 mostly."""
    q = quant(rng)
    return int8(whole, q), int8(y, q)


def axis_for(rng: Random, rank: int) -> tuple[int, int]:
    """An axis as it is, and as a file may write it."""
    axis = int(rng.integers(0, rank))
    return axis, axis - rank if rng.random() < 0.4 else axis


@case("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def _reshape(rng: Random, name: str) -> Case:
    s = shape(rng, 2, 4)
    y = {"RESHAPE": (s[0] * s[1], *s[2:]), "SQUEEZE": tuple(n for n in s if n > 1) or (1,), "EXPAND_DIMS": (*s, 1)}[
        name
    ]
    x, made = moved(rng, s, y)
    if name == "SQUEEZE":
        return Case([x], [made], (30, {}))
    more = numbers(list(y)) if name == "RESHAPE" else numbers([-1])
    return Case([x, more], [made], (17, {}) if name == "RESHAPE" else (52, {}))


@case("TRANSPOSE")
def _transpose(rng: Random) -> Case:
    s = shape(rng, 2, 5)
    perm = rng.permutation(len(s))
    x, y = moved(rng, s, [s[i] for i in perm])
    return Case([x, numbers(perm)], [y], (26, {}))


@case("SLICE")
def _slice(rng: Random) -> Case:
    s = shape(rng, 1, 5)
    begin = [int(rng.integers(0, n)) for n in s]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(s, begin, strict=True)]
    x, y = moved(rng, s, size)
    whole = [-1 if b + n == full and rng.random() < 0.3 else n for b, n, full in zip(begin, size, s, strict=True)]
    return Case([x, numbers(begin), numbers(whole)], [y], (48, {}))


@case("STRIDED_SLICE")
def _strided_slice(rng: Random) -> Case:
    s = shape(rng, 1, 4)
    begin, end, strides, y, masks = list[int](), list[int](), list[int](), list[int](), [0, 0, 0]
    for axis, n in enumerate(s):
        step = int(rng.choice([1, 1, 2, 3, -1, -2]))
        first, last = sorted(rng.integers(0, n + 1, 2).tolist())
        if first == last:
            first, last = (0, n)
        low, high = (first, last) if step > 0 else (last - 1, first - 1 - (n if first == 0 else 0))
        bits = [int(rng.random() < p) for p in (0.2, 0.2, 0.15)]
        if bits[2]:
            bits[:2], step, high = [0, 0], 1, low + 1
        taken = range(*slice(None if bits[0] else low, None if bits[1] else high, step).indices(n))
        if not bits[2]:
            y.append(len(taken))
        if low > 0 and rng.random() < 0.3 and not bits[2]:
            low -= n
        for i, bit in enumerate(bits):
            masks[i] |= bit << axis
        begin.append(low)
        end.append(high)
        strides.append(step)
    if not y or not all(y):
        return _strided_slice(rng)
    x, made = moved(rng, s, y)
    fields: Options = {0: ("int", masks[0]), 1: ("int", masks[1]), 2: ("int", 0), 3: ("int", 0), 4: ("int", masks[2])}
    return Case([x, numbers(begin), numbers(end), numbers(strides)], [made], (32, fields))


@case("SPLIT", "SPLIT_V", "UNPACK")
def _split(rng: Random, name: str) -> Case:
    s = list(shape(rng, 2, 4))
    axis, written = axis_for(rng, len(s))
    count = int(rng.integers(1, 4))
    sizes = [int(n) for n in rng.integers(1, 4, count)] if name == "SPLIT_V" else [int(rng.integers(1, 4))] * count
    s[axis] = count if name == "UNPACK" else sum(sizes)
    x, _ = moved(rng, s, s)
    made = [int8([*s[:axis], size, *s[axis + 1 :]], x.quant) for size in sizes]  # type: ignore[arg-type]
    if name == "UNPACK":
        made = [int8([*s[:axis], *s[axis + 1 :]], x.quant) for _ in sizes]  # type: ignore[arg-type]
        return Case([x], made, (64, {0: ("int", count), 1: ("int", written)}))
    if name == "SPLIT":
        return Case([numbers([written]), x], made, (35, {0: ("int", count)}))
    return Case([x, numbers(sizes), numbers([written])], made, (79, {0: ("int", count)}))


@case("PACK", "CONCATENATION")
def _join(rng: Random, name: str) -> Case:
    s, count, q = list(shape(rng, 1, 3)), int(rng.integers(1, 10)), quant(rng)
    if name == "PACK":
        axis, written = axis_for(rng, len(s) + 1)
        parts = [int8(s, q) for _ in range(count)]
        return Case(parts, [int8([*s[:axis], count, *s[axis:]], q)], (59, {0: ("int", count), 1: ("int", written)}))
    axis, written = axis_for(rng, len(s))
    lengths = [int(n) for n in rng.integers(1, 4, count)]
    parts = [int8([*s[:axis], n, *s[axis + 1 :]], q, rng if rng.random() < 0.2 else None) for n in lengths[1:]]
    parts.insert(0, int8([*s[:axis], lengths[0], *s[axis + 1 :]], q))
    y = int8([*s[:axis], sum(lengths), *s[axis + 1 :]], q)
    return Case(parts, [y], (10, {0: ("int", written), 1: ("byte", 0)}))


@case("GATHER")
def _gather(rng: Random) -> Case:
    s, q = shape(rng, 1, 4), quant(rng)
    axis, written = axis_for(rng, len(s))
    asked = shape(rng, 1, 2, 4)
    index = Edge(asked, "int32") if rng.random() < 0.5 else numbers(rng.integers(0, s[axis], asked))
    y = int8([*s[:axis], *asked, *s[axis + 1 :]], q)
    x = int8(s, q, rng if index.data is None and rng.random() < 0.5 else None)
    return Case([x, index], [y], (23, {0: ("int", written), 1: ("int", 0)}), _inside(s[axis]))


def _inside(length: int) -> Callable[[Edge, Random, int], Array]:
    def given(edge: Edge, rng: Random, count: int) -> Array:
        rows = random_rows(edge, rng, count)
        return (np.abs(rows) % length).astype(rows.dtype) if edge.dtype == "int32" else rows

    return given


@case("GATHER_ND")
def _gather_nd(rng: Random) -> Case:
    s, q = shape(rng, 1, 4), quant(rng)
    depth, asked = int(rng.integers(1, len(s) + 1)), shape(rng, 1, 2, 4)
    index = Edge((*asked, depth), "int32")
    if rng.random() < 0.5:
        index = numbers(np.stack([rng.integers(0, n, asked) for n in s[:depth]], axis=-1))
    return Case([int8(s, q), index], [int8([*asked, *s[depth:]], q)], (83, {}), _inside(min(s[:depth])))


@case("EMBEDDING_LOOKUP")
def _embedding(rng: Random) -> Case:
    table, asked, q = shape(rng, 2, 3), shape(rng, 1, 1), Quant.per_tensor(float(rng.uniform(0.01, 0.2)), 0)
    return Case([Edge(asked, "int32"), int8(table, q, rng)], [int8([*asked, *table[1:]], q)], None, _inside(table[0]))


@case("BROADCAST_TO")
def _broadcast_to(rng: Random) -> Case:
    whole = shape(rng, 1, 5)
    x, y = moved(rng, stretched(rng, whole), whole)
    return Case([x, numbers(list(whole))], [y], (104, {}))


@case("FILL")
def _fill(rng: Random) -> Case:
    dims, q = shape(rng, 1, 4), quant(rng)
    return Case([numbers(list(dims)), Edge((), "int8", q)], [int8(dims, q)], (68, {}))


@case("REVERSE_V2")
def _reverse(rng: Random) -> Case:
    s = shape(rng, 1, 4)
    x, y = moved(rng, s, s)
    return Case([x, numbers([axis_for(rng, len(s))[1]])], [y], (81, {}))


def _pads(rng: Random, s: Sequence[int], most: Callable[[int], int]) -> list[list[int]]:
    return [[int(rng.integers(0, most(n) + 1)) for _ in range(2)] for n in s]


def _padded(s: Sequence[int], pads: Sequence[Sequence[int]]) -> list[int]:
    return [n + a + b for n, (a, b) in zip(s, pads, strict=True)]


@case("PAD", "PADV2", "MIRROR_PAD")
def _pad(rng: Random, name: str) -> Case:
    s, mode = shape(rng, 1, 4), int(rng.integers(0, 2))
    pads = _pads(rng, s, (lambda n: 2) if name != "MIRROR_PAD" else (lambda n: min(n - 1 + mode, 2)))
    x, y = moved(rng, s, _padded(s, pads))
    if name == "MIRROR_PAD":
        return Case([x, numbers(pads)], [y], (77, {0: ("byte", mode)}))
    value = Edge((1,), "int8", x.quant, np.array([rng.integers(-128, 128)], np.int8))
    more = [value] if name == "PADV2" else []
    return Case([x, numbers(pads), *more], [y], (43, {}) if more else (22, {}))


@case("DEPTH_TO_SPACE", "SPACE_TO_DEPTH")
def _blocks(rng: Random, name: str) -> Case:
    n, h, w, c = (int(k) for k in rng.integers(1, 4, 4))
    b = int(rng.integers(1, 4))
    deep, wide = (n, h, w, c * b * b), (n, h * b, w * b, c)
    x, y = moved(rng, *((deep, wide) if name == "DEPTH_TO_SPACE" else (wide, deep)))
    return Case([x], [y], (94 if name == "DEPTH_TO_SPACE" else 19, {0: ("int", b)}))


@case("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
def _batches(rng: Random, name: str) -> Case:
    flat = rng.random() < 0.3
    sides = 1 if flat else 2
    block = [int(k) for k in rng.integers(1, 4, sides)]
    # The interpreter's SPACE_TO_BATCH_ND never sets the value of its border (`output_offset`): none is tried.
    most = 1 if name == "SPACE_TO_BATCH_ND" else 2
    borders = [[int(k) for k in rng.integers(0, most, 2)] for _ in range(sides)]
    inside = [int(k) * b for k, b in zip(rng.integers(2, 4, sides), block, strict=True)]
    inside = [max(n, b * (-(-(sum(p) + 1) // b))) for n, b, p in zip(inside, block, borders, strict=True)]
    n, c = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    image = (n, *(k - a - b for k, (a, b) in zip(inside, borders, strict=True)), c)
    batch = (n * int(np.prod(block)), *(k // b for k, b in zip(inside, block, strict=True)), c)
    x, y = moved(rng, *((image, batch) if name == "SPACE_TO_BATCH_ND" else (batch, image)))
    return Case([x, numbers(block), numbers(borders)], [y], (25 if name == "SPACE_TO_BATCH_ND" else 24, {}))


@case("SHAPE", "ZEROS_LIKE")
def _of_shape(rng: Random, name: str) -> Case:
    s = shape(rng)
    if name == "SHAPE":
        return Case([int8(s, quant(rng))], [Edge((len(s),), "int32")], (55, {0: ("byte", 2)}))
    dtype = str(rng.choice(["int32", "int64", "float32"]))
    return Case([Edge(s, dtype)], [Edge(s, dtype)], (67, {}))


@case("BROADCAST_ARGS")
def _broadcast_args(rng: Random) -> Case:
    whole = shape(rng, 2, 4)
    return Case([numbers(list(whole)), numbers(list(stretched(rng, whole)))], [Edge((len(whole),), "int32")])


@case("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL")
def _reduce(rng: Random, name: str) -> Case:
    s = shape(rng, 1, 4, 5)
    axes = sorted(rng.choice(len(s), rng.integers(1, len(s) + 1), replace=False).tolist())
    keep = bool(rng.random() < 0.5)
    left = [1 if i in axes else n for i, n in enumerate(s) if keep or i not in axes]
    written = [axis - len(s) if rng.random() < 0.3 else axis for axis in axes]
    x, y = quant(rng), quant(rng, 0.02, 0.4)
    ends = [int8(s, x), int8(left, x if name.startswith("REDUCE") else y)]
    if name == "REDUCE_ALL":
        ends = [Edge(s, "bool"), Edge(tuple(left), "bool")]
    return Case([ends[0], numbers(written)], [ends[1]], (27, {0: ("bool", keep)}))


@case("ARG_MAX", "ARG_MIN")
def _place(rng: Random, name: str) -> Case:
    s = shape(rng, 1, 4)
    axis, written = axis_for(rng, len(s))
    y = Edge((*s[:axis], *s[axis + 1 :]), "int32")
    return Case([int8(s, quant(rng)), numbers([written])], [y], (40 if name == "ARG_MAX" else 57, {0: ("byte", 2)}))


@case("CUMSUM")
def _cumsum(rng: Random) -> Case:
    s = shape(rng, 1, 4)
    _, written = axis_for(rng, len(s))
    flags: Options = {0: ("bool", bool(rng.random() < 0.5)), 1: ("bool", bool(rng.random() < 0.5))}
    return Case([int8(s, quant(rng)), numbers([written])], [int8(s, quant(rng))], (102, flags))


@case("ADD_N")
def _add_n(rng: Random) -> Case:
    s, q = shape(rng), quant(rng)
    return Case([int8(s, q) for _ in range(rng.integers(2, 9))], [int8(s, quant(rng))], (82, {}))


@case("QUANTIZE")
def _quantize(rng: Random) -> Case:
    s, y = shape(rng), quant(rng)
    kind = int(rng.integers(0, 6))
    if kind == 0:
        return Case([Edge(s, "float32")], [int8(s, y)], (89, {}))
    if kind == 1:
        return Case([Edge(s, "float32")], [Edge(s, "int16", Quant.per_tensor(0.0003, 0))], (89, {}))
    if kind == 2:
        return Case([int8(s, quant(rng))], [int8(s, y)], (89, {}))
    if kind == 3:
        return Case([int8(s, y)], [Edge(s, "int16", Quant.per_tensor(float(rng.uniform(0.0003, 0.1)), 0))], (89, {}))
    if kind == 4:
        return Case([int8(s, y)], [Edge(s, "int32", Quant.per_tensor(float(rng.uniform(0.0003, 0.1)), 0))], (89, {}))
    uint8 = Quant.per_tensor(float(rng.uniform(0.004, 0.2)), int(rng.integers(0, 256)))
    return Case([int8(s, y)], [Edge(s, "uint8", uint8)], (89, {}))


@case("DEQUANTIZE")
def _dequantize(rng: Random) -> Case:
    s = shape(rng)
    return Case([int8(s, quant(rng))], [Edge(s, "float32")], (38, {}))


@case("CAST")
def _cast(rng: Random) -> Case:
    s, plain = shape(rng), Quant.per_tensor(1.0, 0)
    source, target = (
        str(rng.choice(["bool", "int8", "int32", "float32"])),
        str(rng.choice(["int8", "int32", "float32"])),
    )
    x, y = (Edge(s, dtype, plain if dtype == "int8" else None) for dtype in (source, target))
    return Case([x], [y], (37, {}))


@case("BATCH_MATMUL")
def _matmul(rng: Random) -> Case:
    batch, (m, k, n) = shape(rng, 0, 2, 3), (int(i) for i in rng.integers(1, 7, 3))
    flip = [bool(rng.random() < 0.5) for _ in range(2)]
    a, b = ([m, k] if not flip[0] else [k, m]), ([k, n] if not flip[1] else [n, k])
    left, right = list(batch), list(stretched(rng, batch)) if batch else []
    edges = [int8([*left, *a], quant(rng)), int8([*right, *b], quant(rng), rng if rng.random() < 0.4 else None)]
    options: Options = {0: ("bool", flip[0]), 1: ("bool", flip[1])}
    return Case(edges, [int8([*batch, m, n], quant(rng, 0.02, 0.5))], (101, options))


@case("TRANSPOSE_CONV")
def _transpose_conv(rng: Random) -> Case:
    h, w, c_in, c_out, kh, kw = (int(i) for i in rng.integers(1, 5, 6))
    sh, sw = (int(i) for i in rng.integers(1, 4, 2))
    same = int(rng.random() < 0.5)
    size = (h * sh, w * sw) if same else ((h - 1) * sh + kh, (w - 1) * sw + kw)
    x = quant(rng)
    scales = rng.uniform(0.002, 0.02, c_out).astype(np.float32).tolist()
    per_channel = Quant(tuple(scales), (0,) * c_out, 0 if c_out > 1 else None)
    weights = Edge((c_out, kh, kw, c_in), "int8", per_channel, rng.integers(-127, 128, (c_out, kh, kw, c_in), np.int8))
    bias_quant = Quant(
        tuple(float(np.float32(s) * np.float32(x.scale[0])) for s in scales), (0,) * c_out, per_channel.axis
    )
    bias = Edge((c_out,), "int32", bias_quant, rng.integers(-2000, 2000, c_out).astype(np.int32))
    inputs = [numbers([1, *size, c_out]), weights, int8((1, h, w, c_in), x), *([bias] if rng.random() < 0.7 else [])]
    fields: Options = {0: ("byte", 1 - same), 1: ("int", sw), 2: ("int", sh), 3: ("byte", int(rng.integers(0, 4)))}
    return Case(inputs, [int8((1, *size, c_out), quant(rng, 0.02, 0.1))], (49, fields))


@case("L2_NORMALIZATION")
def _l2_normalization(rng: Random) -> Case:
    s = shape(rng, 1, 4, 9)
    return Case([int8(s, quant(rng))], [int8(s, Quant.per_tensor(1 / 128, 0))], (12, {0: ("byte", 0)}))


@case("SOFTMAX", "LOG_SOFTMAX")
def _softmax(rng: Random, name: str) -> Case:
    s = shape(rng, 2, 4, 12)
    x = quant(rng, 0.001, 1.0)
    if name == "SOFTMAX":
        return Case([int8(s, x)], [int8(s, Quant.per_tensor(1 / 256, -128))], (9, {0: ("float", 1.0)}))
    return Case([int8(s, x)], [int8(s, Quant.per_tensor(1 / 16, 127))], (36, {}))


def _window(rng: Random, h: int, w: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Padding number, kernel and stride that fit an image."""
    kernel = (int(rng.integers(1, min(h, 5) + 1)), int(rng.integers(1, min(w, 5) + 1)))
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return int(rng.integers(0, 2)), kernel, stride


def _out(same: bool, image: Sequence[int], reach: Sequence[int], stride: Sequence[int]) -> tuple[int, ...]:
    return tuple(
        -(-n // s) if same else (n - k) // s + 1 for n, k, s in zip(image, reach, stride, strict=True)
    )  # fmt: skip


@case("AVERAGE_POOL_2D", "MAX_POOL_2D")
def _pool(rng: Random, name: str) -> Case:
    h, w, c = (int(i) for i in rng.integers(1, 8, 3))
    padding, kernel, stride = _window(rng, h, w)
    x = quant(rng)
    y = _out(padding == 0, (h, w), kernel, stride)
    fields: Options = {
        0: ("byte", padding), 1: ("int", stride[1]), 2: ("int", stride[0]), 3: ("int", kernel[1]),
        4: ("int", kernel[0]), 5: ("byte", int(rng.integers(0, 4))),
    }  # fmt: skip
    n = int(rng.integers(1, 3))
    return Case([int8((n, h, w, c), x)], [int8((n, *y, c), x)], (5, fields))


def _layer(rng: Random, shape: Sequence[int], axis: int, x: Quant) -> tuple[Edge, list[Edge]]:
    """Weights, and a bias or none."""
    count = shape[axis]
    several = count > 1 and rng.random() < 0.7
    scales = rng.uniform(0.002, 0.02, count if several else 1).astype(np.float32).tolist()
    quant_w = Quant(tuple(scales), (0,) * len(scales), axis if several else None)
    w = Edge(tuple(shape), "int8", quant_w, rng.integers(-127, 128, shape).astype(np.int8))
    products = tuple(float(np.float32(s) * np.float32(x.scale[0])) for s in scales)
    quant_b = Quant(products, (0,) * len(scales), 0 if several else None)
    bias = Edge((count,), "int32", quant_b, rng.integers(-3000, 3000, count).astype(np.int32))
    return w, [bias] if rng.random() < 0.8 else []


@case("CONV_2D", "DEPTHWISE_CONV_2D")
def _conv(rng: Random, name: str) -> Case:
    h, w = (int(i) for i in rng.integers(1, 10, 2))
    c_in, c_out = (int(i) for i in rng.integers(1, 9, 2))
    padding, kernel, stride = _window(rng, h, w)
    dilation = (1, 1) if rng.random() < 0.6 else (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    if padding == 1 and (reach[0] > h or reach[1] > w):
        dilation, reach = (1, 1), kernel
    depthwise, x = name.startswith("DEPTH"), quant(rng)
    multiplier = int(rng.integers(1, 4))
    c_out = c_in * multiplier if depthwise else c_out
    weights, bias = _layer(rng, (1, *kernel, c_out) if depthwise else (c_out, *kernel, c_in), 3 if depthwise else 0, x)
    steps: Options = {0: ("byte", padding), 1: ("int", stride[1]), 2: ("int", stride[0])}
    act = ("byte", int(rng.integers(0, 4)))
    spread = [("int", dilation[1]), ("int", dilation[0])]
    if depthwise:
        options = (2, {**steps, 3: ("int", multiplier), 4: act, 5: spread[0], 6: spread[1]})
    else:
        options = (1, {**steps, 3: act, 4: spread[0], 5: spread[1]})
    n = 1 if rng.random() < 0.7 else 2
    y = int8((n, *_out(padding == 0, (h, w), reach, stride), c_out), quant(rng, 0.02, 0.2))
    return Case([int8((n, h, w, c_in), x), weights, *bias], [y], options)


@case("FULLY_CONNECTED")
def _fully_connected(rng: Random) -> Case:
    rows, c_in, c_out = (int(i) for i in rng.integers(1, 12, 3))
    x = quant(rng)
    weights, bias = _layer(rng, (c_out, c_in), 0, x)
    options = (8, {0: ("byte", int(rng.integers(0, 4))), 1: ("byte", 0), 2: ("bool", False)})
    return Case([int8((rows, c_in), x), weights, *bias], [int8((rows, c_out), quant(rng, 0.02, 0.2))], options)


@case("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def _resize(rng: Random, name: str) -> Case:
    h, w, c, out_h, out_w = (int(i) for i in rng.integers(1, 9, 5))
    x, mode = quant(rng), int(rng.integers(0, 3))
    first = 2 if name == "RESIZE_BILINEAR" else 0
    fields: Options = {first: ("bool", mode == 1), first + 1: ("bool", mode == 2)}
    edges = int8((1, h, w, c), x), int8((1, out_h, out_w, c), x)
    return Case([edges[0], numbers([out_h, out_w])], [edges[1]], (15 if first else 74, fields))
