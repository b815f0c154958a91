"""Random operators that work element by element."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Array, Quant
from tests.parity.one_op_file import Edge, Options
from tests.parity.random_case import Case, Random, case, int8, quant, random_rows, shape, stretched


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


@case("EXP", "GELU", "LOG", "RELU_N1_TO_1", "RELU_0_TO_1")
def _function(rng: Random, name: str) -> Case:
    s, x, y = shape(rng), quant(rng), quant(rng)
    low = x.zero_point[0] + 1 if name == "LOG" else -128
    if name.startswith("RELU"):
        y = x
    options: dict[str, tuple[int, Options]] = {"EXP": (33, {}), "GELU": (116, {0: ("bool", bool(rng.random() < 0.5))})}

    def given(edge: Edge, rng: Random, count: int) -> Array:
        return np.clip(random_rows(edge, rng, count), min(low, 127), 127).astype(np.int8)

    return Case([int8(s, x)], [int8(s, y)], options.get(name), given)


@case("FLOOR_DIV", "FLOOR_MOD")
def _whole(rng: Random, name: str) -> Case:
    whole = shape(rng)

    def given(edge: Edge, rng: Random, count: int) -> Array:
        rows = random_rows(edge, rng, count)
        return np.where(rows == 0, 7, rows).astype(edge.dtype)

    edges = [Edge(whole, "int32"), Edge(stretched(rng, whole), "int32")]
    return Case(edges, [Edge(whole, "int32")], (65 if name == "FLOOR_DIV" else 72, {}), given)


@case("SELECT")
def _older_select(rng: Random) -> Case:
    s, q = shape(rng, 1, 4), quant(rng)
    condition = Edge(s if rng.random() < 0.5 else s[:1], "bool")
    return Case([condition, int8(s, q), int8(s, q)], [int8(s, q)], (47, {}))
