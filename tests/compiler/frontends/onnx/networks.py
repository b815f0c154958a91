"""Whole small networks as ONNX files: float, and quantised in the two ways of ONNX Runtime's own quantiser."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array
from tests.compiler.frontends.onnx.models import helper, model

IMAGE = (1, 3, 12, 10)


def convolutional(opset: int = 17, batch: int | str = "batch", softmax: bool = True) -> bytes:
    """Most of what such networks use: layers, a residual sum, pools, a join, a program of shapes, a dense head."""
    rng = np.random.default_rng(7)

    def weight(*shape: int) -> Array:
        return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    constants = {
        "w1": weight(8, 3, 3, 3), "b1": weight(8), "w2": weight(8, 1, 3, 3), "b2": weight(8), "w3": weight(8, 8, 1, 1),
        "g": np.abs(weight(8)) + 0.5, "h": weight(8), "m": weight(8), "v": np.abs(weight(8)) + 0.5,
        "w4": weight(6, 8, 3, 3), "w5": weight(5, 660).T.copy(), "b5": weight(5), "zero": np.array(0),
        "rest": np.array([-1]),
        "first": np.array([0]), "low": np.array(0, np.float32), "high": np.array(6, np.float32),
    }  # fmt: skip
    n = helper.make_node
    nodes = [
        n("Conv", ["x", "w1", "b1"], ["c1"], "stem", pads=[1, 1, 1, 1]),
        n("Relu", ["c1"], ["r1"]),
        n("Conv", ["r1", "w2", "b2"], ["c2"], "depthwise", group=8, auto_pad="SAME_UPPER"),
        n("Clip", ["c2", "low", "high"], ["r2"]),
        n("Conv", ["r2", "w3"], ["c3"], "pointwise"),
        n("BatchNormalization", ["c3", "g", "h", "m", "v"], ["n3"]),
        n("Add", ["r1", "n3"], ["s"]),
        n("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        n("Conv", ["p", "w4"], ["c4"], "last", pads=[1, 1, 1, 1]),
        n("Relu", ["c4"], ["r4"]),
        n("AveragePool", ["p"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        n("Concat", ["r4", "a", "a"], ["j"], axis=1),
        # As exporters write x.view(x.size(0), -1).
        n("Shape", ["j"], ["sh"]),
        n("Gather", ["sh", "zero"], ["size"], axis=0),
        n("Unsqueeze", ["size"], ["size1"], axes=[0]) if opset < 13 else n("Unsqueeze", ["size", "first"], ["size1"]),
        n("Concat", ["size1", "rest"], ["flat"], axis=0),
        n("Reshape", ["j", "flat"], ["f"]),
        n("MatMul", ["f", "w5"], ["d"], "head"),
        n("Add", ["d", "b5"], ["logits"]),
    ]  # fmt: skip
    if softmax:
        nodes.append(n("Softmax", ["logits"], ["y"], axis=1))
    shape = (batch, *IMAGE[1:])
    output = "y" if softmax else "logits"
    return model(nodes, {"x": shape}, {output: (batch, 5)}, constants, opset=opset)


def quantise_static(
    data: bytes, folder: Path, rows: Array, *, form: str, unsigned: bool, per_channel: bool = False
) -> bytes:
    """What ONNX Runtime's static quantiser makes of a float file, as QDQ or QOperator."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Rows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows: Iterator[Any] = iter({"x": rows[i : i + 1]} for i in range(len(rows)))

        def get_next(self) -> Any:
            return next(self.rows, None)

    source, prepared, target = folder / "float.onnx", folder / "prepared.onnx", folder / "quantised.onnx"
    source.write_bytes(data)
    level = logging.root.level
    logging.disable(logging.WARNING)
    try:
        quant_pre_process(source, prepared)
        quantize_static(
            prepared, target, Rows(), quant_format=QuantFormat[form], per_channel=per_channel,
            activation_type=QuantType.QUInt8 if unsigned else QuantType.QInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
    finally:
        logging.disable(logging.NOTSET)
        logging.root.setLevel(level)
    return target.read_bytes()
