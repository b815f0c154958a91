"""Each translator alone against ONNX Runtime, in float: equal to 1e-5 of the largest output.

The bound is that of sums in another order; operators that only move values are equal to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lilliput.compiler.frontends.onnx import read_onnx
from lilliput.compiler.ops import ops
from lilliput.core.errors import UnsupportedOp
from tests.compiler.frontends.onnx.models import compare, helper, items, model, one

RNG = np.random.default_rng(1)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def real(value: float) -> np.ndarray:
    return np.array(value, np.float32)


IMAGE = (1, 4, 7, 6)
FUNCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Relu", {}), ("LeakyRelu", {}), ("LeakyRelu", {"alpha": 0.3}), ("Elu", {}), ("Elu", {"alpha": 0.7}), ("Selu", {}),
    ("Celu", {}), ("Celu", {"alpha": 2.0}), ("Sigmoid", {}), ("Tanh", {}), ("Exp", {}), ("Neg", {}), ("Abs", {}),
    ("HardSigmoid", {}), ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}), ("HardSwish", {}),
    ("Gelu", {}), ("Gelu", {"approximate": "tanh"}), ("Softmax", {}), ("Softmax", {"axis": 1}),
    ("Softmax", {"axis": -2}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "attrs"), FUNCTIONS)
def test_a_function_of_one_value(kind: str, attrs: dict[str, Any]) -> None:
    compare(one(kind, IMAGE, opset=20 if kind == "Gelu" else 17, **attrs), 2 * items(IMAGE, rows=3))


@pytest.mark.parametrize(
    ("kind", "attrs", "constants"),
    [("Identity", {}, []), ("Dropout", {}, []), ("Cast", {"to": 1}, []), ("Clip", {}, []), ("Pow", {}, [real(1.0)])],
)
def test_what_changes_nothing_is_passed_by(kind: str, attrs: dict[str, Any], constants: list[np.ndarray]) -> None:
    stored = {f"c{i}": array for i, array in enumerate(constants)}
    nodes = [helper.make_node(kind, ["x", *stored], ["t"], **attrs), helper.make_node("Relu", ["t"], ["y"])]
    graph = compare(model(nodes, {"x": IMAGE}, {"y": None}, stored), items(IMAGE), tolerance=0)
    assert [node.op for node in graph.nodes] == ["relu", "transpose"]


@pytest.mark.parametrize("opset", [11, 12])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_softmax_before_opset_13_joins_the_axes_behind(opset: int, axis: int) -> None:
    compare(one("Softmax", (1, 3, 4, 5), opset=opset, axis=axis), items((1, 3, 4, 5), rows=2))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 6.0), (0.0, None), (-0.5, 0.75), (-0.5, None), (None, 0.25), (0.0, float(np.finfo(np.float32).max))],
)
def test_clip(low: float | None, high: float | None) -> None:
    bounds = [None if bound is None else real(bound) for bound in (low, high)]
    graph = compare(one("Clip", IMAGE, *bounds, opset=13), 3 * items(IMAGE, rows=2))
    if (low, high) == (0.0, 6.0):
        assert graph.nodes[0].op == "relu6"


def test_clip_has_its_bounds_as_attributes_before_opset_11() -> None:
    compare(one("Clip", IMAGE, opset=10, min=0.0, max=6.0), 5 * items(IMAGE))


@pytest.mark.parametrize("slope", [real(0.2), floats(4, 1, 1), np.full((1,), -0.3, np.float32)])
def test_prelu(slope: np.ndarray) -> None:
    compare(one("PRelu", IMAGE, slope), items(IMAGE, rows=2))


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("constant", [real(1.5), floats(4, 1, 1), floats(1, 4, 1, 1), floats(6), floats(1)])
def test_a_pair_with_a_constant(kind: str, constant: np.ndarray) -> None:
    compare(one(kind, IMAGE, constant), items(IMAGE, rows=2))


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Sum", "Mean"])
@pytest.mark.parametrize("other", [(1, 4, 7, 6), (1, 4, 1, 1), (1, 1, 7, 1)])
def test_a_pair_of_activations(kind: str, other: tuple[int, ...]) -> None:
    node = helper.make_node(kind, ["a", "b"], ["y"])
    data = model([node], {"a": IMAGE, "b": other}, {"y": None})
    compare(data, items(IMAGE, rows=2), items(other, seed=2, rows=2))


def test_a_sum_of_many_and_a_constant_in_front() -> None:
    nodes = [helper.make_node("Sum", ["x", "x", "c", "x"], ["s"]), helper.make_node("Sub", ["c", "s"], ["y"])]
    compare(model(nodes, {"x": IMAGE}, {"y": None}, {"c": floats(4, 1, 1)}), items(IMAGE))


@pytest.mark.parametrize("power", [2.0, 3.0])
def test_whole_powers_are_products(power: float) -> None:
    compare(one("Pow", IMAGE, real(power)), items(IMAGE))


def test_the_larger_of_a_value_and_zero_is_a_rectifier() -> None:
    graph = compare(one("Max", IMAGE, real(0.0)), items(IMAGE))
    assert graph.nodes[0].op == "relu"


CONVOLUTIONS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((6, 4, 3, 3), {}),
    ((6, 4, 3, 3), {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
    ((6, 4, 3, 2), {"dilations": [2, 3]}),
    ((6, 4, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ((6, 4, 2, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 3]}),
    ((6, 4, 3, 3), {"auto_pad": "VALID"}),
    ((6, 2, 3, 3), {"group": 2}),
    ((4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ((8, 1, 2, 2), {"group": 4}),
    ((5, 4, 1, 1), {"kernel_shape": [1, 1]}),
]


@pytest.mark.parametrize(("weight", "attrs"), CONVOLUTIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_a_convolution(weight: tuple[int, ...], attrs: dict[str, Any], bias: bool) -> None:
    constants = [floats(*weight)] + ([floats(weight[0])] if bias else [])
    compare(one("Conv", IMAGE, *constants, **attrs), items(IMAGE, rows=2))


@pytest.mark.parametrize(
    ("weight", "attrs"),
    [((5, 4, 3), {"pads": [2, 1]}), ((4, 1, 4), {"group": 4, "strides": [2]}), ((5, 4, 2), {"auto_pad": "SAME_UPPER"}),
     ((5, 4, 3), {"dilations": [3]})],
)  # fmt: skip
def test_a_convolution_along_one_axis(weight: tuple[int, ...], attrs: dict[str, Any]) -> None:
    compare(one("Conv", (1, 4, 12), floats(*weight), floats(weight[0]), **attrs), items((1, 4, 12), rows=2))


@pytest.mark.parametrize("attrs", [{}, {"transB": 1}, {"alpha": 0.5, "beta": 2.0}])
@pytest.mark.parametrize("bias", [None, (3,), (1, 3), (1,), ()])
def test_gemm(attrs: dict[str, Any], bias: tuple[int, ...] | None) -> None:
    weight = floats(3, 5) if attrs.get("transB") else floats(5, 3)
    constants = [weight] if bias is None else [weight, floats(*bias)]
    compare(one("Gemm", (1, 5), *constants, **attrs), items((1, 5), rows=4))


@pytest.mark.parametrize("shape", [(1, 5), (1, 4, 5), (1, 2, 3, 5)])
def test_matmul_by_weights(shape: tuple[int, ...]) -> None:
    compare(one("MatMul", shape, floats(5, 3)), items(shape))


@pytest.mark.parametrize("shape", [(1, 4), (1, 4, 9), (1, 4, 3, 5)])
def test_batch_normalisation(shape: tuple[int, ...]) -> None:
    constants = [floats(4), floats(4), floats(4), floats(4) ** 2 + 0.1]
    compare(one("BatchNormalization", shape, *constants, epsilon=1e-3), items(shape, rows=2))


POOLS: list[dict[str, Any]] = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [3, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1},
    {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [2, 3], "auto_pad": "SAME_LOWER"},
]


@pytest.mark.parametrize("attrs", POOLS)
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("include", [False, True])
def test_a_pool(kind: str, attrs: dict[str, Any], include: bool) -> None:
    extra = {"count_include_pad": 1} if include and kind == "AveragePool" else {}
    compare(one(kind, IMAGE, **attrs, **extra, opset=19), items(IMAGE, rows=2))


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_a_pool_along_one_axis(kind: str) -> None:
    compare(one(kind, (1, 4, 11), kernel_shape=[3], strides=[2], pads=[1, 1]), items((1, 4, 11), rows=2))


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("shape", [IMAGE, (1, 4, 9)])
def test_a_global_pool(kind: str, shape: tuple[int, ...]) -> None:
    compare(one(kind, shape), items(shape, rows=2))


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceSumSquare"])
@pytest.mark.parametrize("axes", [(2, 3), (-1, 1), (1, 2)])
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("opset", [12, 18])
def test_a_reduction(kind: str, axes: tuple[int, ...], keep: int, opset: int) -> None:
    by_input = opset == 18
    constants = [ints(*axes)] if by_input else []
    attrs: dict[str, Any] = {} if by_input else {"axes": list(axes)}
    compare(one(kind, IMAGE, *constants, opset=opset, keepdims=keep, **attrs), items(IMAGE, rows=2))


@pytest.mark.parametrize("shape", [(0, -1), (1, 4, 42), (1, 2, -1, 6)])
def test_reshape(shape: tuple[int, ...]) -> None:
    compare(one("Reshape", IMAGE, ints(*shape)), items(IMAGE), tolerance=0)


@pytest.mark.parametrize("axis", [1, 2, -1, 0])
def test_flatten(axis: int) -> None:
    x = items(IMAGE)
    if axis in (2, -1):
        with pytest.raises(Exception, match="batch as the leading axis"):
            read_onnx(one("Flatten", IMAGE, axis=axis))
    else:
        compare(one("Flatten", IMAGE, axis=axis), x, tolerance=0)


@pytest.mark.parametrize("opset", [11, 13])
def test_squeeze_and_unsqueeze_have_axes_as_attribute_or_input(opset: int) -> None:
    axes = [2, -1]
    if opset == 11:
        data = one("Squeeze", (1, 4, 1, 6, 1), opset=11, axes=axes), one("Unsqueeze", (1, 4), opset=11, axes=axes)
    else:
        data = one("Squeeze", (1, 4, 1, 6, 1), ints(*axes)), one("Unsqueeze", (1, 4), ints(*axes))
    compare(data[0], items((1, 4, 1, 6, 1)), tolerance=0)
    compare(data[1], items((1, 4)), tolerance=0)


@pytest.mark.parametrize("perm", [(0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2)])
def test_transpose(perm: tuple[int, ...]) -> None:
    graph, _ = read_onnx(one("Transpose", IMAGE, perm=perm))
    if perm == (0, 3, 1, 2):  # the file takes it channels last, so the port stays as it is
        assert graph.values["x"].shape == IMAGE
    else:
        compare(one("Transpose", IMAGE, perm=perm), items(IMAGE), tolerance=0)


@pytest.mark.parametrize("axis", [1, -1, 2])
def test_concat_of_many(axis: int) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Concat", ["x", "r"] * 5, ["y"], axis=axis)]
    compare(model(nodes, {"x": IMAGE}, {"y": None}), items(IMAGE, rows=2), tolerance=0)


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_split(opset: int) -> None:
    if opset == 11:
        compare(one("Split", IMAGE, opset=11, outputs=2, axis=1, split=[1, 3]), items(IMAGE), tolerance=0)
    elif opset == 13:
        compare(one("Split", IMAGE, ints(2, 4, 1), outputs=3, axis=2), items(IMAGE), tolerance=0)
    else:
        compare(one("Split", IMAGE, opset=18, outputs=3, axis=2, num_outputs=3), items(IMAGE), tolerance=0)


@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps"),
    [([1, 0], [3, 5], [1, 2], [1, 2]), ([-3], [1000], [3], [1]), ([5], [-1000], [3], [-2]), ([2], [0], [1], [-1])],
)
def test_slice(starts: list[int], ends: list[int], axes: list[int], steps: list[int]) -> None:
    compare(one("Slice", IMAGE, ints(*starts), ints(*ends), ints(*axes), ints(*steps)), items(IMAGE), tolerance=0)


@pytest.mark.parametrize("where", [ints(0, 2, 1), ints(-1), np.array(2, np.int64), ints(3, 3, 0)])
@pytest.mark.parametrize("axis", [1, 3])
def test_gather_of_fixed_positions(where: np.ndarray, axis: int) -> None:
    compare(one("Gather", IMAGE, where, axis=axis), items(IMAGE), tolerance=0)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
@pytest.mark.parametrize("opset", [11, 18])
def test_pad(mode: str, opset: int) -> None:
    pads = ints(0, 0, 1, 2, 0, 0, 2, 0)
    value = [real(0.75)] if mode == "constant" else []
    compare(one("Pad", IMAGE, pads, *value, opset=opset, mode=mode), items(IMAGE, rows=2), tolerance=0)


def test_pad_of_some_axes() -> None:
    compare(one("Pad", IMAGE, ints(2, 1), None, ints(-1), opset=18), items(IMAGE), tolerance=0)


def test_expand_and_tile() -> None:
    compare(one("Expand", (1, 4, 1, 1), ints(1, 4, 3, 5)), items((1, 4, 1, 1)), tolerance=0)
    compare(one("Tile", (1, 2, 3, 2), ints(1, 3, 1, 2)), items((1, 2, 3, 2)), tolerance=0)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
@pytest.mark.parametrize("block", [2, 3])
def test_depth_to_space(mode: str, block: int) -> None:
    shape = (1, 2 * block**2, 3, 4)
    compare(one("DepthToSpace", shape, blocksize=block, mode=mode), items(shape), tolerance=0)


def test_space_to_depth() -> None:
    compare(one("SpaceToDepth", (1, 3, 4, 6), blocksize=2), items((1, 3, 4, 6)), tolerance=0)


RESIZES: list[dict[str, Any]] = [
    {"mode": mode, "coordinate_transformation_mode": transform, **more}
    for mode in ("nearest", "linear")
    for transform in ("asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel")
    for more in (({"nearest_mode": "floor"}, {"nearest_mode": "round_prefer_ceil"}, {}) if mode == "nearest" else ({},))
]


@pytest.mark.parametrize("attrs", RESIZES)
@pytest.mark.parametrize("sizes", [(14, 12), (7, 3), (5, 9)])
def test_resize_to_sizes(attrs: dict[str, Any], sizes: tuple[int, int]) -> None:
    compare(one("Resize", IMAGE, None, None, ints(1, 4, *sizes), opset=13, **attrs), items(IMAGE, rows=2))


@pytest.mark.parametrize("scales", [(2.0, 2.0), (1.5, 3.0), (0.5, 0.6)])
@pytest.mark.parametrize("opset", [11, 19])
def test_resize_by_scales(scales: tuple[float, float], opset: int) -> None:
    factors = np.array((1, 1, *scales), np.float32)
    data = one("Resize", IMAGE, np.zeros(0, np.float32), factors, opset=opset, mode="nearest")
    compare(data, items(IMAGE, rows=2), tolerance=0)


def test_resize_of_opset_10_and_upsample_of_opset_9() -> None:
    factors = np.array((1, 1, 2, 3), np.float32)
    compare(one("Resize", IMAGE, factors, opset=10, mode="nearest"), items(IMAGE), tolerance=0)
    compare(one("Upsample", IMAGE, factors, opset=9, mode="nearest"), items(IMAGE), tolerance=0)
    compare(one("Upsample", IMAGE, opset=8, mode="nearest", scales=[1.0, 1.0, 2.0, 2.0]), items(IMAGE), tolerance=0)


WITHOUT_OURS = {"Ceil": "ceil", "Sqrt": "sqrt", "Erf": "erf", "Softplus": "softplus", "Mish": "mish", "Log": "log",
                "Round": "round",
                "Floor": "floor", "Reciprocal": "reciprocal", "LogSoftmax": "log_softmax"}  # fmt: skip


@pytest.mark.parametrize("kind", WITHOUT_OURS)
def test_what_has_no_operator_of_ours_is_refused_by_name(kind: str) -> None:
    data = one(kind, (1, 5), opset=18)
    if WITHOUT_OURS[kind] in ops:
        compare(data, np.abs(items((1, 5))) + 0.1)
    else:
        with pytest.raises(UnsupportedOp, match=f'{kind} at "node" has no kernel'):
            read_onnx(data)


def corpus() -> list[bytes]:
    """A file for each translator, to be mutated."""
    small = (1, 4, 4, 4)
    weights = {"Conv": (small, floats(2, 4, 3, 3)), "Gemm": ((1, 5), floats(5, 3)), "MatMul": ((1, 5), floats(5, 3))}
    files = [one(kind, shape, weight) for kind, (shape, weight) in weights.items()]
    files += [one(kind, small, opset=20 if kind == "Gelu" else 17, **attrs) for kind, attrs in FUNCTIONS]
    files += [one(kind, small, floats(4, 1, 1)) for kind in ("Add", "Sub", "Mul", "Div", "PRelu")]
    files += [one(kind, small, **attrs) for kind in ("MaxPool", "AveragePool") for attrs in POOLS[:4]]
    files += [one(kind, small) for kind in ("GlobalAveragePool", "GlobalMaxPool", "Flatten")]
    files += [one("Resize", small, None, None, ints(1, 4, 8, 6), opset=13, **attrs) for attrs in RESIZES]
    files += [one("Pad", small, ints(0, 0, 1, 2, 0, 0, 2, 0), mode=mode) for mode in ("constant", "reflect", "edge")]
    return [
        *files,
        one("Reshape", small, ints(0, -1)),
        one("Slice", small, ints(1, 0), ints(3, 5), ints(1, 2), ints(1, 2)),
        one("Slice", small, ints(3), ints(-1000), ints(3), ints(-1)),
        one("Split", small, ints(1, 3), outputs=2, axis=1),
        one("Gather", small, ints(0, 2, 1), axis=1),
        one("Transpose", small, perm=(0, 2, 3, 1)),
        one("Squeeze", (1, 4, 1, 6), ints(2)),
        one("Unsqueeze", (1, 4), ints(2)),
        one("Expand", (1, 4, 1, 1), ints(1, 4, 3, 5)),
        one("Tile", small, ints(1, 2, 1, 1)),
        one("ReduceMean", small, axes=[2, 3]),
        one("ReduceMax", small, axes=[2, 3]),
        one("DepthToSpace", small, blocksize=2),
        one("SpaceToDepth", small, blocksize=2),
        one("BatchNormalization", small, *[floats(4) ** 2 for _ in range(4)]),
        one("Clip", small, real(-1.0), real(1.0)),
    ]
