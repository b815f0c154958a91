"""Quantised files: the integer graph against ONNX Runtime, operator by operator and on whole networks.

An operator alone is within one step. ONNX Runtime computes in float32, or in integers with a float factor, and rounds
once, so that what lies half way between two steps falls to either side; our kernels follow TensorFlow Lite for
microcontrollers, which multiplies by a 31-bit factor and rounds half away from zero, in places twice. So the two differ
where a result lies within rounding of half a step, by no more than one. Operators that only move integers are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lilliput.compiler.frontends.onnx import read_onnx
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import UnsupportedAttribute, UnsupportedOp
from tests.compiler.frontends.onnx.models import (
    INT8,
    UINT8,
    helper,
    items,
    model,
    runtime,
    turned,
)
from tests.compiler.frontends.onnx.writer import IMAGE, ROWS, Writer, differs, refusal

RNG = np.random.default_rng(2)


OF_ONE: list[tuple[str, dict[str, Any], tuple[float, float]]] = [
    ("Relu", {}, (0, 3)), ("LeakyRelu", {"alpha": 0.2}, (-1, 3)), ("Sigmoid", {}, (0, 1)), ("Tanh", {}, (-1, 1)),
    ("Elu", {}, (-1, 3)), ("HardSigmoid", {"alpha": 1 / 6}, (0, 1)), ("Exp", {}, (0, 8)),
    ("Softmax", {"axis": -1}, (0, 1)), ("GlobalAveragePool", {}, (-0.8, 0.8)), ("GlobalMaxPool", {}, (-3, 3)),
    ("ReduceMean", {"axes": [3], "keepdims": 0}, (-1.5, 1.5)), ("MaxPool", {"kernel_shape": [2, 2]}, (-2.5, 2.7)),
    ("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}, (-2.9, 3)),
    ("Transpose", {"perm": [0, 1, 3, 2]}, (-3, 3)),
    ("Flatten", {}, (-3, 3)), ("DepthToSpace", {"blocksize": 2}, (-3, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "attrs", "span"), OF_ONE)
@pytest.mark.parametrize("unsigned", [False, True])
def test_a_function_of_one_value(kind: str, attrs: dict[str, Any], span: tuple[float, float], unsigned: bool) -> None:
    w = Writer(unsigned)
    w.nodes.append(helper.make_node(kind, [w.around("x", -3, 3)], ["y"], **attrs))
    out = w.around("y", *span)
    differs(w.file({"x": IMAGE}, out), items(IMAGE, rows=ROWS))


@pytest.mark.parametrize(
    ("kind", "attrs", "span"), [case for case in OF_ONE if "max" not in case[0].lower() or case[0] == "MaxPool"]
)
@pytest.mark.parametrize("finer", [2.0, 4.3])
def test_a_function_of_one_value_in_finer_steps(
    kind: str, attrs: dict[str, Any], span: tuple[float, float], finer: float
) -> None:
    """What rounds in its input's steps first, and then in these, would be several steps off."""
    w = Writer(unsigned=False)
    w.nodes.append(helper.make_node(kind, [w.around("x", -3, 3)], ["y"], **attrs))
    out = w.around("y", span[0] / finer, span[1] / finer)
    differs(w.file({"x": IMAGE}, out), items(IMAGE, rows=ROWS))


@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize(
    ("weight", "attrs"),
    [
        ((6, 4, 3, 3), {"pads": [1, 1, 1, 1]}),
        ((4, 1, 3, 3), {"group": 4, "strides": [2, 2]}),
        ((6, 2, 1, 1), {"group": 2}),
    ],
)
def test_a_convolution(weight: tuple[int, ...], attrs: dict[str, Any], unsigned: bool, axis: int | None) -> None:
    w = Writer(unsigned)
    kernel, bias = RNG.standard_normal(weight).astype(np.float32), RNG.standard_normal(weight[0]).astype(np.float32)
    x, k = w.around("x", -3, 3), w.dequantised("k", kernel, axis)
    b = w.bias("b", bias, w.constants["k_s"] * w.constants["x_s"])
    w.nodes += [helper.make_node("Conv", [x, k, b], ["c"], **attrs), helper.make_node("Relu", ["c"], ["y"])]
    graph = differs(w.file({"x": IMAGE}, w.around("y", 0, 9)), items(IMAGE, rows=ROWS))
    assert len(graph.nodes) == 2  # the layer with its rectifier, and the transpose to the file's layout
    compile_graph(graph)


@pytest.mark.parametrize("kind", ["Gemm", "MatMul"])
@pytest.mark.parametrize("axis", [None, 1])
def test_a_dense_layer(kind: str, axis: int | None) -> None:
    w = Writer(unsigned=False)
    x, k = w.around("x", -3, 3), w.dequantised("k", RNG.standard_normal((10, 7)).astype(np.float32), axis)
    bias = [w.bias("b", RNG.standard_normal(7), w.constants["k_s"] * w.constants["x_s"])] if kind == "Gemm" else []
    w.nodes.append(helper.make_node(kind, [x, k, *bias], ["y"]))
    differs(w.file({"x": (1, 10)}, w.around("y", -9, 9)), items((1, 10), rows=40))


def test_weights_that_are_transposed_after_dequantising_stay_integers() -> None:
    w = Writer(unsigned=False)
    x, k = w.around("x", -3, 3), w.dequantised("k", RNG.standard_normal((7, 10)).astype(np.float32), 0)
    w.nodes.append(helper.make_node("Transpose", [k], ["t"], perm=[1, 0]))
    w.nodes.append(helper.make_node("MatMul", [x, "t"], ["y"]))
    graph = differs(w.file({"x": (1, 10)}, w.around("y", -9, 9)), items((1, 10), rows=40))
    stored = graph.values[graph.nodes[0].inputs[1]]
    np.testing.assert_array_equal(stored.data, w.constants["k"])


def test_real_weights_and_biases_that_the_file_quantises_itself() -> None:
    """As PyTorch's exporter writes them: float tensors behind QuantizeLinear, and a plain float bias."""
    w = Writer(unsigned=False)
    x = w.around("x", -3, 3)
    w.constants["k"] = RNG.standard_normal((6, 4, 1, 1)).astype(np.float32)
    w.constants["b"] = RNG.standard_normal(6).astype(np.float32)
    w.constants |= {"k_s": np.float32(np.abs(w.constants["k"]).max() / 127), "k_z": np.array(0, np.int8)}
    w.nodes += [
        helper.make_node("QuantizeLinear", ["k", "k_s", "k_z"], ["k_q"]),
        helper.make_node("DequantizeLinear", ["k_q", "k_s", "k_z"], ["k_dq"]),
        helper.make_node("Conv", [x, "k_dq", "b"], ["y"]),
    ]
    differs(w.file({"x": IMAGE}, w.around("y", -9, 9)), items(IMAGE, rows=ROWS))


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("unsigned", [False, True])
def test_a_pair(kind: str, unsigned: bool) -> None:
    w = Writer(unsigned)
    w.nodes.append(helper.make_node(kind, [w.around("a", -3, 3), w.around("b", -1, 2)], ["y"]))
    data = w.file({"a": IMAGE, "b": IMAGE}, w.around("y", -4, 4))
    differs(data, items(IMAGE, rows=ROWS), items(IMAGE, seed=5, rows=ROWS))


def test_a_sum_that_is_always_clamped_compiles() -> None:
    """A rectifier in front of a scale for numbers below zero: one code comes out, whatever goes in."""
    w = Writer(unsigned=False)
    w.nodes.append(helper.make_node("Add", [w.around("a", -3, 3), w.around("b", -1, 2)], ["s"]))
    w.nodes.append(helper.make_node("Relu", ["s"], ["y"]))
    graph, _ = read_onnx(w.file({"a": IMAGE, "b": IMAGE}, w.around("y", -9, 0)))
    a, b = (RNG.integers(-128, 128, (3, 7, 6, 4)).astype(np.int8) for _ in range(2))
    assert set(compile_graph(graph).run(a, b)[0].reshape(-1)) == {127}


def test_a_pair_with_one_number_that_has_no_scale() -> None:
    w = Writer(unsigned=False)
    w.constants["c"] = np.array(0.75, np.float32)
    w.nodes.append(helper.make_node("Mul", [w.around("x", -3, 3), "c"], ["y"]))
    differs(w.file({"x": IMAGE}, w.around("y", -2.25, 2.25)), items(IMAGE, rows=ROWS))


def test_a_join_of_different_scales() -> None:
    w = Writer(unsigned=True)
    w.nodes.append(helper.make_node("Concat", [w.around("a", -3, 3), w.around("b", -1, 2)], ["y"], axis=1))
    data = w.file({"a": IMAGE, "b": IMAGE}, w.around("y", -3, 3))
    differs(data, items(IMAGE, rows=ROWS), items(IMAGE, seed=5, rows=ROWS))


def test_a_value_is_rounded_once_in_front_of_what_only_moves_it() -> None:
    """Gemm, reshape, transpose, and only then QuantizeLinear: the layer gives the integers itself."""
    w = Writer(unsigned=False)
    x, k = w.around("x", -3, 3), w.dequantised("k", RNG.standard_normal((10, 6)).astype(np.float32), None)
    w.constants["shape"] = np.array([1, 2, 3])
    w.nodes += [
        helper.make_node("Gemm", [x, k], ["g"]),
        helper.make_node("Reshape", ["g", "shape"], ["r"]),
        helper.make_node("Transpose", ["r"], ["y"], perm=[0, 2, 1]),
    ]
    graph = differs(w.file({"x": (1, 10)}, w.around("y", -9, 9)), items((1, 10), rows=40))
    assert "requantize" not in [node.op for node in graph.nodes]


def test_another_scale_behind_what_only_moves_is_a_change_of_scale() -> None:
    w = Writer(unsigned=False)
    w.nodes.append(helper.make_node("MaxPool", [w.around("x", -3, 3)], ["y"], kernel_shape=[2, 2]))
    differs(w.file({"x": IMAGE}, w.around("y", -1, 4)), items(IMAGE, rows=ROWS), stages=["requantize"])


# --- operators on integers

QLINEAR: list[tuple[str, dict[str, Any], tuple[float, float]]] = [
    ("QLinearSigmoid", {}, (0, 1)), ("QLinearLeakyRelu", {"alpha": 0.1}, (-1, 3)),
    ("QLinearGlobalAveragePool", {}, (-0.8, 0.8)),
    ("QLinearAveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}, (-3, 3)),
    ("QLinearSoftmax", {"opset": 17, "axis": -1}, (0, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "attrs", "span"), QLINEAR)
@pytest.mark.parametrize("unsigned", [False, True])
def test_an_integer_operator_of_one_value(
    kind: str, attrs: dict[str, Any], span: tuple[float, float], unsigned: bool
) -> None:
    w = Writer(unsigned)
    w.around("x", -3, 3)
    scale = w.scale("y", *span)
    if kind == "QLinearSoftmax":
        w.constants["y_s"] = np.float32(1 / 256)
    names = ["x_q", "x_s", "x_z", *scale]
    w.nodes.append(helper.make_node(kind, names, ["y_q"], domain="com.microsoft", **attrs))
    w.nodes.append(helper.make_node("DequantizeLinear", ["y_q", *scale], ["y"]))
    differs(w.file({"x": IMAGE}, "y"), items(IMAGE, rows=ROWS))


@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("unsigned", [False, True])
def test_an_integer_convolution(unsigned: bool, axis: int | None) -> None:
    w = Writer(unsigned)
    w.around("x", -3, 3)
    k = w.weights("k", RNG.standard_normal((6, 4, 3, 3)).astype(np.float32), axis)
    w.constants["b"] = RNG.integers(-3000, 3000, 6).astype(np.int32)
    y = w.scale("y", -9, 9)
    w.nodes.append(helper.make_node("QLinearConv", ["x_q", "x_s", "x_z", *k, *y, "b"], ["y_q"]))
    w.nodes.append(helper.make_node("MaxPool", ["y_q"], ["p_q"], kernel_shape=[2, 2]))  # on the integers themselves
    w.nodes.append(helper.make_node("DequantizeLinear", ["p_q", *y], ["y"]))
    differs(w.file({"x": IMAGE}, "y"), items(IMAGE, rows=ROWS))


@pytest.mark.parametrize("kind", ["QLinearMatMul", "QGemm"])
def test_an_integer_dense_layer(kind: str) -> None:
    w = Writer(unsigned=False)
    w.around("x", -3, 3)
    k, y = (
        w.weights("k", RNG.standard_normal((10, 7)).astype(np.float32), 1 if kind == "QGemm" else None),
        w.scale("y", -9, 9),
    )
    names = ["x_q", "x_s", "x_z", *k]
    if kind == "QGemm":
        w.constants["b"] = RNG.integers(-3000, 3000, 7).astype(np.int32)
        names.append("b")
    w.nodes.append(helper.make_node(kind, [*names, *y], ["y_q"], domain="com.microsoft" if kind == "QGemm" else ""))
    w.nodes.append(helper.make_node("DequantizeLinear", ["y_q", *y], ["y"]))
    differs(w.file({"x": (1, 10)}, "y"), items((1, 10), rows=40))


@pytest.mark.parametrize("kind", ["QLinearAdd", "QLinearMul", "QLinearConcat"])
@pytest.mark.parametrize("unsigned", [False, True])
def test_an_integer_pair(kind: str, unsigned: bool) -> None:
    w = Writer(unsigned)
    w.around("a", -3, 3)
    w.around("b", -1, 2)
    y, pair = w.scale("y", -4, 4), ["a_q", "a_s", "a_z", "b_q", "b_s", "b_z"]
    names, attrs = ([*y, *pair], {"axis": 1}) if kind == "QLinearConcat" else ([*pair, *y], {})
    w.nodes.append(helper.make_node(kind, names, ["y_q"], domain="com.microsoft", **attrs))
    w.nodes.append(helper.make_node("DequantizeLinear", ["y_q", *y], ["y"]))
    data = w.file({"a": IMAGE, "b": IMAGE}, "y")
    differs(data, items(IMAGE, rows=ROWS), items(IMAGE, seed=5, rows=ROWS))


# --- ports and refusals


@pytest.mark.parametrize(("kind", "dtype"), [(INT8, np.int8), (UINT8, np.uint8)])
def test_ports_of_integers_stay_and_unsigned_ones_are_128_lower(kind: int, dtype: type) -> None:
    scale, zero = np.array(0.05, np.float32), np.array(3, dtype)
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "s", "z"], ["r"]),
        helper.make_node("Relu", ["r"], ["t"]),
        helper.make_node("QuantizeLinear", ["t", "s", "z"], ["y"]),
    ]
    data = model(nodes, {"x": (1, 20)}, {"y": (1, 20)}, {"s": scale, "z": zero}, types={"x": kind, "y": kind})
    graph, stage = read_onnx(data)
    assert stage == "integer"
    limits = np.iinfo(dtype)
    x = RNG.integers(limits.min, limits.max + 1, (9, 20)).astype(dtype)
    offset = 128 if dtype is np.uint8 else 0
    program = compile_graph(graph)
    (mine,) = program.run((x.astype(np.int16) - offset).astype(np.int8))
    np.testing.assert_array_equal(mine.astype(np.int16) + offset, runtime(data, x)[0])
    assert program.inputs[0].zero_point == 3 - offset


def test_a_float_operator_between_quantised_ones_is_named() -> None:
    w = Writer(unsigned=False)
    w.nodes.append(helper.make_node("Sigmoid", [w.around("x", -3, 3)], ["s"], name="gate"))
    w.nodes.append(helper.make_node("Tanh", ["s"], ["t"], name="after"))
    error = refusal(w, w.around("t", -1, 1))
    assert isinstance(error, UnsupportedOp)
    assert 'Sigmoid at "gate" is computed in float' in error.what


def test_a_value_that_is_read_rounded_and_as_it_is_is_refused() -> None:
    w = Writer(unsigned=False)
    w.nodes.append(helper.make_node("Sigmoid", [w.around("x", -3, 3)], ["s"]))
    quantised = w.around("s", 0, 1)
    w.nodes.append(helper.make_node("Add", [quantised, "s"], ["t"], name="mix"))
    error = refusal(w, w.around("t", 0, 2))
    assert isinstance(error, UnsupportedAttribute)
    assert 'Add at "mix" reads it as it is' in error.what


def test_weights_with_a_zero_point_are_refused() -> None:
    w = Writer(unsigned=False)
    x, k = w.around("x", -3, 3), w.dequantised("k", RNG.standard_normal((6, 4, 1, 1)).astype(np.float32), None)
    w.constants["k_z"] = np.array(3, np.int8)
    w.nodes.append(helper.make_node("Conv", [x, k], ["y"]))
    assert "zero points [3]" in refusal(w, w.around("y", -9, 9)).what


def test_float_weights_beside_quantised_values_are_refused() -> None:
    w = Writer(unsigned=False)
    w.constants["k"] = RNG.standard_normal((6, 4, 1, 1)).astype(np.float32)
    w.nodes.append(helper.make_node("Conv", [w.around("x", -3, 3), "k"], ["y"]))
    assert "its weights are float32" in refusal(w, w.around("y", -9, 9)).what


def test_a_scale_of_zero_is_no_scale() -> None:
    w = Writer(unsigned=False)
    out = w.around("x", -3, 3)
    w.constants["x_s"] = np.array(0, np.float32)
    error = refusal(w, out)
    assert error.code == "LP207"
    assert "scale must be a float32 above 0" in error.what


@pytest.mark.parametrize("kind", ["DynamicQuantizeLinear", "MatMulInteger", "ConvInteger"])
def test_what_has_no_fixed_scale_is_refused_by_name(kind: str) -> None:
    constants = {"c": RNG.integers(-9, 9, (20, 5)).astype(np.int8)}
    outputs = ["y", "s", "z"] if kind.startswith("Dynamic") else ["y"]
    inputs = ["x"] if kind.startswith("Dynamic") else ["x", "c"]
    node = helper.make_node(kind, inputs, outputs, name="dynamic")
    data = model([node], {"x": (1, 20)}, {"y": None}, constants, types={"x": 1 if len(inputs) == 1 else 3})
    with pytest.raises(UnsupportedOp, match=f'{kind} at "dynamic" has no translation') as caught:
        read_onnx(data)
    assert "scale" in caught.value.why


def test_weights_alone_quantised_make_a_float_network() -> None:
    from tests.compiler.frontends.onnx.models import ours

    w = Writer(unsigned=False)
    k = w.dequantised("k", RNG.standard_normal((6, 4, 3, 3)).astype(np.float32), 0)
    w.nodes.append(helper.make_node("Conv", ["x", k], ["y"]))
    data = w.file({"x": IMAGE}, "y")
    graph, stage = read_onnx(data)
    assert stage == "float"
    x = items(IMAGE, rows=2)
    np.testing.assert_allclose(ours(graph, x)[0], runtime(data, x)[0], atol=1e-4)
    assert turned(x).shape[3] == 4


def corpus() -> list[bytes]:
    """Quantised files, to be mutated."""
    files = []
    for unsigned in (False, True):
        w = Writer(unsigned)
        x, k = w.around("x", -3, 3), w.dequantised("k", RNG.standard_normal((2, 4, 1, 1)).astype(np.float32), 0)
        b = w.bias("b", RNG.standard_normal(2), w.constants["k_s"] * w.constants["x_s"])
        w.nodes += [helper.make_node("Conv", [x, k, b], ["c"]), helper.make_node("Relu", ["c"], ["r"])]
        w.nodes += [helper.make_node("Add", [w.around("r", 0, 9)] * 2, ["s"])]
        w.nodes += [helper.make_node("Concat", [w.around("s", 0, 9), "r_dq"], ["t"], axis=1)]
        w.nodes += [helper.make_node("GlobalAveragePool", [w.around("t", 0, 9)], ["y"])]
        files.append(w.file({"x": (1, 4, 3, 3)}, w.around("y", 0, 9)))
        w = Writer(unsigned)
        w.around("x", -3, 3)
        k, y = w.weights("k", RNG.standard_normal((2, 4, 1, 1)).astype(np.float32), 0), w.scale("y", -9, 9)
        w.constants["b"] = RNG.integers(-3000, 3000, 2).astype(np.int32)
        w.nodes.append(helper.make_node("QLinearConv", ["x_q", "x_s", "x_z", *k, *y, "b"], ["c"]))
        w.nodes.append(helper.make_node("QLinearAdd", ["c", *y, "c", *y, *y], ["a"], domain="com.microsoft"))
        w.nodes.append(helper.make_node("QLinearSigmoid", ["a", *y, *y], ["s"], domain="com.microsoft"))
        w.nodes.append(helper.make_node("QLinearConcat", [*y, "s", *y, "a", *y], ["t"], domain="com.microsoft", axis=1))
        w.nodes.append(helper.make_node("DequantizeLinear", ["t", *y], ["y"]))
        files.append(w.file({"x": (1, 4, 3, 3)}, "y"))
    return files
