"""Operators on int16 activations against TensorFlow Lite Micro, bit for bit, at random shapes and scales."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.compiler.graph import Array, DType, Graph, Node, Quant, Value
from lilliput.compiler.interpret import run_integer
from tests.parity.one_op_file import Edge, Options, operator_file
from tests.parity.test_tflite_micro import ACTIVATIONS, theirs
from tests.runtime.harness import sample, single

Q = Quant.per_tensor
CODES = np.arange(-32768, 32768, dtype=np.int16)[None]
UNIT = Q(2.0**-15, 0)


def compare(
    graph: Graph,
    code: int,
    *,
    parameters: tuple[Array, ...] = (),
    options: tuple[int, Options] | None = None,
    x: list[Array] | None = None,
    rows: int = 12,
    seed: int = 5,
) -> Array:
    """Hold the reference of a one-node graph to the run time; gives the common output.

    Args:
        graph: its constants go into the file as they are.
        code: number of the operator.
        parameters: further constant inputs of the file, which the graph has as attributes.
        options: number of the options' table, and its fields.
        x: inputs, random and extreme ones by default.
        rows: how many of those.
        seed: of those.
    """
    rng = np.random.default_rng(seed)
    values = [graph.values[name] for name in graph.inputs]
    given = x if x is not None else [sample(value, rows, rng) for value in values]
    y = graph.values["y"]
    read = [Edge(v.shape, v.dtype, v.quant, v.data) for v in graph.ins(graph.nodes[0])]
    read += [Edge(p.shape, p.dtype.name, None, p) for p in parameters]
    data = operator_file(code, read, [Edge(y.shape, y.dtype, y.quant)], options)
    ours = run_integer(graph, dict(zip(graph.inputs, given, strict=True)))["y"]
    np.testing.assert_array_equal(ours, theirs(data, given))
    return ours


def one(op: str, shape: tuple[int, ...], x: Quant, y: Quant | None = None, **attrs: object) -> Graph:
    return single(op, [(shape, "int16", x)], ("int16", y or x), **attrs)


def scales(rng: np.random.Generator, count: int) -> list[Quant]:
    return [Q(float(s), 0) for s in rng.uniform(1e-4, 2e-3, count)]


class Layer:
    """Random weights, and a bias of 64 bits, 32 bits or none."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], axis: int, bias: str) -> None:
        channels = shape[axis]
        per_channel = bool(rng.integers(2))
        steps = rng.uniform(0.002, 0.02, channels if per_channel else 1).astype(np.float32)
        quant = Quant(tuple(map(float, steps)), (0,) * len(steps), axis if per_channel else None)
        self.constants: list[tuple[Array, Quant | None]] = [(rng.integers(-127, 128, shape).astype(np.int8), quant)]
        if bias != "none":
            reach = 1 << 22
            self.constants.append((rng.integers(-reach, reach, channels).astype(bias), None))
        self.x = Q(0.0009, 0)
        taps = np.prod(shape) / channels
        # Most outputs of a random input lie inside int16, some saturate.
        self.y = Q(float(0.0009 * 0.011 * 60 * np.sqrt(taps) * rng.choice([0.3, 1.5, 8])), 0)


BIASES = ("int64", "int32", "none")


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("seed", range(6))
def test_convolution(bias: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, stride, dilation = (tuple(int(n) for n in rng.integers(1, high, 2)) for high in (5, 4, 3))
    c_in, c_out = (int(n) for n in rng.integers(1, 9, 2))
    h, w = ((k - 1) * d + 1 + int(rng.integers(0, 5)) for k, d in zip(kernel, dilation, strict=True))
    layer = Layer(rng, (c_out, *kernel, c_in), 0, bias)
    activation = list(ACTIVATIONS)[seed % 4]
    graph = single(
        "conv2d", [((1, h, w, c_in), "int16", layer.x)], ("int16", layer.y), layer.constants, stride=stride,
        dilation=dilation, padding=((0, 0), (0, 0)), activation=activation,
    )  # fmt: skip
    fields: Options = {
        0: ("byte", 1), 1: ("int", stride[1]), 2: ("int", stride[0]), 3: ("byte", ACTIVATIONS[activation]),
        4: ("int", dilation[1]), 5: ("int", dilation[0]),
    }  # fmt: skip
    assert len(np.unique(compare(graph, 3, options=(1, fields), seed=seed))) > (3 if activation == "none" else 1)


@pytest.mark.parametrize("bias", ["int64", "none"])
@pytest.mark.parametrize("seed", range(6))
def test_depthwise_convolution(bias: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, stride = (tuple(int(n) for n in rng.integers(1, high, 2)) for high in (5, 4))
    channels, multiplier = (int(n) for n in rng.integers(1, 6, 2))
    h, w = (k + int(rng.integers(0, 6)) for k in kernel)
    layer = Layer(rng, (1, *kernel, channels * multiplier), 3, bias)
    graph = single(
        "depthwise_conv2d", [((1, h, w, channels), "int16", layer.x)], ("int16", layer.y), layer.constants,
        stride=stride, dilation=(1, 1), padding=((0, 0), (0, 0)), activation="none",
    )  # fmt: skip
    fields: Options = {
        0: ("byte", 1), 1: ("int", stride[1]), 2: ("int", stride[0]), 3: ("int", multiplier), 4: ("byte", 0),
        5: ("int", 1), 6: ("int", 1),
    }  # fmt: skip
    assert len(np.unique(compare(graph, 4, options=(2, fields), seed=seed))) > 3


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("seed", range(4))
def test_fully_connected(bias: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    c_in, c_out = (int(n) for n in rng.integers(1, 90, 2))
    layer = Layer(rng, (c_out, c_in), 0, bias)
    graph = single("fully_connected", [((1, c_in), "int16", layer.x)], ("int16", layer.y), layer.constants)
    assert len(np.unique(compare(graph, 9, options=(8, {0: ("byte", 0)}), seed=seed))) > 3


def test_bias_beyond_32_bits() -> None:
    rng = np.random.default_rng(2)
    layer = Layer(rng, (6, 300), 0, "none")
    bias = rng.integers(-(1 << 35), 1 << 35, 6)
    y = Q(0.0009 * 0.011 * 2.0**21, 0)
    constants = [*layer.constants, (bias, None)]
    made = compare(
        single("fully_connected", [((1, 300), "int16", layer.x)], ("int16", y), constants),
        9,
        options=(8, {0: ("byte", 0)}),
    )
    assert len(np.unique(made)) > 6


@pytest.mark.parametrize(("op", "code", "table"), [("add", 0, 11), ("sub", 41, 28), ("mul", 18, 21)])
@pytest.mark.parametrize("seed", range(6))
def test_sums_and_products(op: str, code: int, table: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, y = scales(rng, 3)
    if op == "mul":
        y = Q(a.scale[0] * b.scale[0] * float(rng.uniform(1.1, 30000)), 0)
    shapes = [((1, 4000), (1, 4000)), ((1, 3, 5, 7), (1, 3, 1, 7)), ((1, 1, 1, 7), (1, 3, 5, 7))][seed % 3]
    activation = list(ACTIVATIONS)[seed % 4]
    graph = single(op, [(shapes[0], "int16", a), (shapes[1], "int16", b)], ("int16", y), activation=activation)
    made = compare(graph, code, options=(table, {0: ("byte", ACTIVATIONS[activation])}), seed=seed)
    assert len(np.unique(made)) > 20


@pytest.mark.parametrize("seed", range(4))
def test_extremes_and_squared_difference(seed: int) -> None:
    a, b, _ = scales(np.random.default_rng(seed), 3)
    shapes = [((1, 4000), (1, 4000)), ((1, 3, 5, 7), (1, 1, 1, 7))][seed % 2]
    for op, code in (("maximum", 55), ("minimum", 57)):
        compare(single(op, [(shape, "int16", a) for shape in shapes], ("int16", a)), code, seed=seed)
    y = Q(a.scale[0] * (1, 30, 400, 3000)[seed], 0)
    pair = [(shape, "int16", quant) for shape, quant in zip(shapes, (a, b), strict=True)]
    assert len(np.unique(compare(single("squared_difference", pair, ("int16", y)), 99, seed=seed))) > 50


def test_magnitude_at_every_code() -> None:
    for x, y in (scales(np.random.default_rng(seed), 2) for seed in range(30)):
        compare(one("abs", (1, 65536), x, y), 101, x=[CODES])


def test_moves() -> None:
    x = Q(0.0005, 0)
    padding = ((0, 0), (1, 2), (0, 3), (2, 0))
    compare(one("pad", (1, 3, 4, 2), x, padding=padding, value=0.0), 34, parameters=(np.array(padding, np.int32),))
    perm = (0, 3, 1, 2)
    compare(one("transpose", (1, 3, 4, 5), x, perm=perm), 39, parameters=(np.array(perm, np.int32),))
    graph = one("resize", (1, 3, 4, 5), x, size=(7, 6), mode="nearest")
    compare(graph, 97, parameters=(np.array((7, 6), np.int32),), options=(74, {0: ("bool", False)}))
    parts = single("concat", [((1, 3, 4), "int16", x), ((1, 3, 5), "int16", x)], ("int16", x), axis=2)
    compare(parts, 2, options=(10, {0: ("int", 2), 1: ("byte", 0)}))


FUNCTION_SCALES = (2.0**-12, 2.0**-11, 2.0**-13, 2.0**-10, 2.0**-15, 0.01, 0.7, 4.0, 1e-9)


@pytest.mark.parametrize(("op", "code"), [("sigmoid", 14), ("tanh", 28)])
def test_sigmoids_at_every_code(op: str, code: int) -> None:
    random = np.random.default_rng(code).uniform(1e-5, 2e-3, 24)
    for scale in (*FUNCTION_SCALES, *random):
        compare(one(op, (1, 65536), Q(float(scale), 0), UNIT), code, x=[CODES])


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.3, 1.5])
def test_leaky_rectifier_at_every_code(alpha: float) -> None:
    for x, y in (scales(np.random.default_rng(seed), 2) for seed in range(4)):
        graph = one("leaky_relu", (1, 65536), x, y, alpha=float(np.float32(alpha)))
        compare(graph, 98, options=(75, {0: ("float", alpha)}), x=[CODES])


def test_rectifiers_at_every_code() -> None:
    x, y = scales(np.random.default_rng(3), 2)
    compare(one("relu", (1, 65536), x, y), 19, x=[CODES])
    compare(one("relu", (1, 65536), x, x), 19, x=[CODES])
    compare(one("relu6", (1, 65536), x, x), 21, x=[CODES])


@pytest.mark.parametrize(
    ("shape", "scale"),
    [
        ((1, 12), 0.0005), ((1, 10), 1e-5), ((1, 700), 0.0003), ((1, 3), 0.002), ((1, 2, 3, 40), 0.0002),
        ((1, 1), 0.001), ((1, 5), 0.3), ((1, 3000), 0.0001),
    ],
)  # fmt: skip
def test_softmax(shape: tuple[int, ...], scale: float) -> None:
    x = sample(one("softmax", shape, Q(scale, 0), UNIT).values["x0"], 60, np.random.default_rng(1))
    x[30:] //= 16  # so that not one term is all there is
    compare(one("softmax", shape, Q(scale, 0), UNIT), 25, options=(9, {0: ("float", 1.0)}), x=[x])


def test_softmax_of_every_difference() -> None:
    d = np.arange(65536)
    x = np.stack([np.full_like(d, 32767), 32767 - d], axis=1).astype(np.int16)
    compare(one("softmax", (1, 2), Q(10 / 65535, 0), UNIT), 25, options=(9, {0: ("float", 1.0)}), x=[x])


@pytest.mark.parametrize("bias", ["int64", "none"])
@pytest.mark.parametrize("seed", range(4))
def test_transposed_convolution(bias: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, stride = (tuple(int(n) for n in rng.integers(1, high, 2)) for high in (5, 4))
    c_in, c_out, h, w = (int(n) for n in rng.integers(1, 7, 4))
    layer = Layer(rng, (c_out, *kernel, c_in), 0, bias)
    size = tuple((n - 1) * s + k for n, s, k in zip((h, w), stride, kernel, strict=True))
    graph = single(
        "transpose_conv2d", [((1, h, w, c_in), "int16", layer.x)], ("int16", layer.y), layer.constants, stride=stride,
        before=(0, 0), size=size,
    )  # fmt: skip
    x, weights, *biases = (graph.values[name] for name in graph.nodes[0].inputs)
    shape = np.array((1, *size, c_out), np.int32)
    read = [Edge(shape.shape, "int32", None, shape), *(Edge(v.shape, v.dtype, v.quant, v.data) for v in (weights, x))]
    read += [Edge(v.shape, v.dtype, v.quant, v.data) for v in biases]
    options: Options = {0: ("byte", 1), 1: ("int", stride[1]), 2: ("int", stride[0])}
    data = operator_file(67, read, [Edge((1, *size, c_out), "int16", layer.y)], (49, options))
    given = sample(x, 12, rng)
    ours = run_integer(graph, {"x0": given})["y"]
    np.testing.assert_array_equal(ours, theirs(data, [given]))
    assert len(np.unique(ours)) > 3


@pytest.mark.parametrize("flags", [(False, False), (False, True), (True, False), (True, True)])
def test_products_of_matrices(flags: tuple[bool, bool]) -> None:
    for seed in range(8):
        a, b, _ = scales(np.random.default_rng(seed), 3)
        y = Q(a.scale[0] * b.scale[0] * 20000 * 3.0**seed, 0)
        shapes = [(1, 40, 6) if flags[0] else (1, 6, 40), (1, 5, 40) if flags[1] else (1, 40, 5)]
        pair = [(shape, "int16", quant) for shape, quant in zip(shapes, (a, b), strict=True)]
        graph = single("batch_matmul", pair, ("int16", y), transpose_a=flags[0], transpose_b=flags[1])
        compare(graph, 126, options=(101, {0: ("bool", flags[0]), 1: ("bool", flags[1])}), seed=seed)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axes", [(1, 2), (1,), (2,), (3,), (1, 2, 3)])
@pytest.mark.parametrize(("op", "code"), [("mean", 40), ("sum", 74)])
def test_means_and_sums(op: str, code: int, axes: tuple[int, ...], keepdims: bool) -> None:
    x, y = scales(np.random.default_rng(len(axes)), 2)
    graph = one(op, (1, 5, 6, 7), x, y, axes=axes, keepdims=keepdims)
    options: Options = {0: ("bool", keepdims)}
    compare(graph, code, parameters=(np.array(axes, np.int32),), options=(27, options), rows=100)


STEPS = {"int8": 0.11, "int16": 0.0009, "int32": 2.0**-20, "float32": 1.0}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int16", "int16"), ("int16", "int8"), ("int16", "int32"), ("int8", "int16"), ("int32", "int16"),
    ],
)  # fmt: skip
def test_changes_of_scale(old: DType, new: DType) -> None:
    rng = np.random.default_rng(3)
    for factor in rng.uniform(0.3, 3, 5):
        y = Q(STEPS[new] * float(factor) if new != "int32" else 2e-7, 0)
        graph = single("requantize", [((1, 4096), old, Q(STEPS[old], 0))], (new, y), dtype=new)
        compare(graph, 114)


def test_real_numbers_to_int16_and_back() -> None:
    x = np.random.default_rng(2).normal(0, 15, (8, 4096)).astype(np.float32)
    values = {"x": Value("x", (1, 4096), "float32"), "y": Value("y", (1, 4096), "int16", Q(0.0009, 0))}
    for op, code, order in (("quantize", 114, "xy"), ("dequantize", 6, "yx")):
        first, last = (values[name] for name in order)
        node = Node(op, "node", (first.name,), (last.name,), {"dtype": "int16"} if op == "quantize" else {})
        graph = Graph(op, values, (node,), (first.name,), (last.name,))
        given = x if op == "quantize" else sample(first, 8, np.random.default_rng(1))
        edges = [Edge(value.shape, value.dtype, value.quant) for value in (first, last)]
        ours = run_integer(graph, {first.name: given})[last.name]
        np.testing.assert_array_equal(ours, theirs(operator_file(code, edges[:1], edges[1:]), [given]))


@pytest.mark.parametrize(("op", "code"), [("avg_pool2d", 1), ("max_pool2d", 17)])
@pytest.mark.parametrize("activation", ["none", "relu6"])
def test_pools(op: str, code: int, activation: str) -> None:
    padding, window, stride = ((1, 1), (0, 1)), (3, 2), (2, 1)
    graph = one(
        op, (1, 7, 6, 5), Q(0.0005, 0), window=window, stride=stride, padding=padding, activation=activation
    )  # fmt: skip
    fields: Options = {
        0: ("byte", 0), 1: ("int", 1), 2: ("int", 2), 3: ("int", 2), 4: ("int", 3), 5: ("byte", ACTIVATIONS[activation])
    }  # fmt: skip
    compare(graph, code, options=(5, fields), rows=60)
