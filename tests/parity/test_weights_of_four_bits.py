"""Layers with weights of 4 bits against TensorFlow Lite Micro, byte for byte, from one and the same file."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.compiler.frontends.tflite import read_tflite
from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.interpret import run_integer
from tests.parity.one_op_file import Options, one_op_file
from tests.parity.test_tflite_micro import theirs
from tests.runtime.harness import sample
from tests.runtime.test_fully_connected import layer
from tests.runtime.test_weights_of_four_bits import in_four_bits
from tests.runtime.weighted_cases import SAME3, conv

SAME, VALID = 0, 1


def nibbles(w: Array) -> Array:
    """Two in a byte, the first in its low half."""
    flat = w.reshape(-1).view(np.uint8)
    flat = np.append(flat, np.zeros(flat.size % 2, np.uint8))
    return (flat[0::2] & 15 | flat[1::2] << 4).astype(np.uint8)


def compare(graph: Graph, code: int, options: tuple[int, Options]) -> None:
    (node,) = graph.nodes
    x, w, b, y = (graph.values[name] for name in (*node.inputs, node.output))
    assert w.data is not None
    assert b.data is not None
    assert w.quant is not None
    steps = tuple(float(np.float32(x.scale * s)) for s in w.quant.scale)
    scales = Quant(steps, w.quant.zero_point, 0 if len(steps) > 1 else None)
    data = one_op_file(
        code, [(x.shape, "int8", x.quant)], (y.shape, "int8", y.quant), [nibbles(w.data), b.data], options,
        [(w.shape, "int4", w.quant), (b.shape, "int32", scales)],
    )  # fmt: skip
    read, stage = read_tflite(data)
    assert stage == "integer"
    assert [value.bits for value in read.values.values() if value.is_constant] == [4, 8]
    rows = [sample(x, 30, np.random.default_rng(2))]
    ours = run_integer(read, {read.inputs[0]: rows[0]})[read.outputs[0]]
    np.testing.assert_array_equal(ours, theirs(data, rows))
    np.testing.assert_array_equal(ours, run_integer(graph, {x.name: rows[0]})[y.name])
    assert len(np.unique(ours)) > 20


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize("channels", [(8, 12), (3, 5), (16, 16)])
def test_convolutions(padding: int, channels: tuple[int, int]) -> None:
    pads = SAME3 if padding == SAME else ((0, 0), (0, 0))
    graph = in_four_bits(conv((6, 6), *channels, padding=pads, zero=-5))
    compare(graph, 3, (1, {0: ("byte", padding), 1: ("int", 1), 2: ("int", 1)}))


@pytest.mark.parametrize("sizes", [(64, 12), (6, 9)])
def test_fully_connected_layers(sizes: tuple[int, int]) -> None:
    graph = in_four_bits(layer(*sizes, per_channel=False, y_scale=0.2))
    compare(graph, 9, (8, {0: ("byte", 0)}))
