"""Operators without weights against TensorFlow Lite Micro, byte for byte, where its wheel is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.interpret import run_integer
from tests.parity.one_op_file import Options, one_op_file
from tests.runtime.harness import sample, single

runtime = pytest.importorskip(
    "tflite_micro.python.tflite_micro.runtime", reason="the wheel tflite_micro is not installed"
)
pytest.importorskip("flatbuffers", reason="flatbuffers is not installed")

Q = Quant.per_tensor
PROBABILITY = Q(1 / 256, -128)
CODES = np.arange(-128, 128).astype(np.int8)[None]
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}


def theirs(data: bytes, rows: list[Array]) -> Array:
    """Outputs of the published run time, row by row."""
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    made = []
    for i in range(len(rows[0])):
        for position, row in enumerate(rows):
            interpreter.set_input(row[i : i + 1], position)
        interpreter.invoke()
        made.append(interpreter.get_output(0).copy())
    return np.concatenate(made)


def compare(
    graph: Graph,
    code: int,
    *,
    constants: list[Array] | None = None,
    options: tuple[int, Options] | None = None,
    x: list[Array] | None = None,
    rows: int = 40,
) -> Array:
    """Hold the reference of a one-node graph to the run time; gives the common output."""
    rng = np.random.default_rng(5)
    values = [graph.values[name] for name in graph.inputs]
    given = x if x is not None else [sample(value, rows, rng) for value in values]
    y = graph.values["y"]
    tensors = [(v.shape, v.dtype, v.quant) for v in values]
    data = one_op_file(code, tensors, (y.shape, y.dtype, y.quant), constants or [], options)
    ours = run_integer(graph, dict(zip(graph.inputs, given, strict=True)))["y"]
    np.testing.assert_array_equal(ours, theirs(data, given))
    return ours


def one(op: str, shape_in: tuple[int, ...], x: Quant, y: Quant | None = None, **attrs: Any) -> Graph:
    return single(op, [(shape_in, "int8", x)], ("int8", y or x), **attrs)


def random_quants(count: int, seed: int) -> list[Quant]:
    rng = np.random.default_rng(seed)
    return [
        Q(float(s), int(z)) for s, z in zip(rng.uniform(0.004, 0.2, count), rng.integers(-128, 128, count), strict=True)
    ]


@pytest.mark.parametrize(("op", "code", "table"), [("add", 0, 11), ("sub", 41, 28), ("mul", 18, 21)])
@pytest.mark.parametrize("seed", range(6))
def test_sums_and_products(op: str, code: int, table: int, seed: int) -> None:
    a, b, y = random_quants(3, seed)
    activation = ["none", "relu", "relu6", "none", "relu_n1_to_1", "none"][seed]
    graph = single(op, [((1, 65536), "int8", a), ((1, 65536), "int8", b)], ("int8", y), activation=activation)
    pairs = [np.repeat(CODES, 256, axis=1), np.tile(CODES, (1, 256))]
    made = compare(graph, code, options=(table, {0: ("byte", ACTIVATIONS[activation])}), x=pairs)
    assert len(np.unique(made)) > 10


@pytest.mark.parametrize(
    ("op", "code", "y"),
    [
        ("relu", 19, None), ("sigmoid", 14, PROBABILITY), ("tanh", 28, Q(1 / 128, 0)), ("hard_swish", 117, None),
        ("elu", 111, None), ("requantize", 114, None),
    ],
)  # fmt: skip
def test_functions_at_every_code(op: str, code: int, y: Quant | None) -> None:
    for x, other in zip(random_quants(20, code), random_quants(20, code + 1), strict=True):
        compare(one(op, (1, 256), x, y or other), code, x=[CODES])


def test_relu6_at_every_code() -> None:
    compare(one("relu6", (1, 256), Q(0.0471, 3)), 21, x=[CODES])


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.25, 0.9])
def test_leaky_rectifier_at_every_code(alpha: float) -> None:
    graph = one("leaky_relu", (1, 256), Q(0.0471, 3), Q(0.033, -20), alpha=float(np.float32(alpha)))
    compare(graph, 98, options=(75, {0: ("float", alpha)}), x=[CODES])


@pytest.mark.parametrize("x", [Q(0.0004, 0), Q(0.002, 0)])
def test_sixteen_bits_to_eight(x: Quant) -> None:
    graph = single("requantize", [((1, 4096), "int16", x)], ("int8", Q(0.11, 5)))
    compare(graph, 114, x=[np.arange(-32768, 32768, dtype=np.int16).reshape(16, 4096)])


@pytest.mark.parametrize(
    ("shape", "scale"), [((1, 12), 0.0947), ((1, 10), 0.0009), ((1, 7), 0.9), ((1, 3), 0.2), ((1, 2, 3, 40), 0.05)]
)
def test_softmax(shape: tuple[int, ...], scale: float) -> None:
    graph = one("softmax", shape, Q(scale, 11), PROBABILITY)
    compare(graph, 25, options=(9, {0: ("float", 1.0)}), rows=400)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axes", [(1, 2), (1,), (2,), (3,), (1, 2, 3)])
def test_mean(axes: tuple[int, ...], keepdims: bool) -> None:
    x, y = random_quants(2, len(axes))
    graph = one("mean", (1, 5, 6, 7), x, y, axes=axes, keepdims=keepdims)
    compare(graph, 40, constants=[np.array(axes, np.int32)], options=(27, {0: ("bool", keepdims)}), rows=200)


@pytest.mark.parametrize(("op", "code"), [("avg_pool2d", 1), ("max_pool2d", 17)])
@pytest.mark.parametrize("activation", ["none", "relu6"])
def test_pools(op: str, code: int, activation: str) -> None:
    padding, window, stride = ((1, 1), (0, 1)), (3, 2), (2, 1)
    graph = one(
        op, (1, 7, 6, 5), Q(0.05, -3), window=window, stride=stride, padding=padding, activation=activation
    )  # fmt: skip
    fields: Options = {
        0: ("byte", 0), 1: ("int", 1), 2: ("int", 2), 3: ("int", 2), 4: ("int", 3), 5: ("byte", ACTIVATIONS[activation])
    }  # fmt: skip
    compare(graph, code, options=(5, fields), rows=100)


@pytest.mark.parametrize("size", [(8, 10), (3, 2), (7, 9), (31, 5)])
@pytest.mark.parametrize(("align", "half"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_resize(mode: str, align: bool, half: bool, size: tuple[int, int]) -> None:
    graph = one(
        "resize", (1, 4, 5, 3), Q(0.05, -3), size=size, mode=mode, align_corners=align, half_pixel_centers=half
    )  # fmt: skip
    first = 2 if mode == "bilinear" else 0
    fields: Options = {first: ("bool", align), first + 1: ("bool", half)}
    code, table = (23, 15) if mode == "bilinear" else (97, 74)
    compare(graph, code, constants=[np.array(size, np.int32)], options=(table, fields), rows=60)


def test_moves() -> None:
    x = Q(0.05, -3)
    padding = ((0, 0), (1, 2), (0, 3), (2, 0))
    compare(one("pad", (1, 3, 4, 2), x, padding=padding, value=0.0), 34, constants=[np.array(padding, np.int32)])
    perm = (0, 3, 1, 2)
    compare(one("transpose", (1, 3, 4, 5), x, perm=perm), 39, constants=[np.array(perm, np.int32)])
    parts = [((1, 3, 4), "int8", x), ((1, 3, 5), "int8", x)]
    compare(single("concat", parts, ("int8", x), axis=2), 2, options=(10, {0: ("int", 2), 1: ("byte", 0)}))
