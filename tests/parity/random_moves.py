"""Random operators that move values, or tell about shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lilliput.compiler.graph import Array, Quant
from tests.parity.one_op_file import Edge, Options
from tests.parity.random_case import (
    Case,
    Random,
    axis_for,
    case,
    int8,
    moved,
    numbers,
    quant,
    random_rows,
    shape,
    stretched,
)


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


@case("RANK")
def _rank(rng: Random) -> Case:
    return Case([int8(shape(rng), quant(rng))], [Edge((), "int32")], (86, {}))


@case("TILE")
def _tile(rng: Random) -> Case:
    s, q = shape(rng, 1, 4, 4), quant(rng)
    repeats = [int(n) for n in rng.integers(1, 4, len(s))]
    y = int8([n * times for n, times in zip(s, repeats, strict=True)], q)
    return Case([int8(s, q), numbers(repeats)], [y], (51, {}))
