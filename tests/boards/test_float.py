"""Networks in float32 on the boards: with and without a floating-point unit the bits are those of this machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lilliput.boards import HOST, get_board
from lilliput.boards.agree import BOUND
from lilliput.boards.host import run_host
from lilliput.boards.report import make_report, report_parts
from lilliput.boards.run import differing_bytes, execute
from lilliput.boards.toolchain import ToolchainName
from lilliput.boards.verify import verify
from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.op import Target
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import NotBitExact
from tests.runtime.cases import CASES, side_by_side
from tests.runtime.float_cases import in_float, sample_float
from tests.runtime.more_cases import MORE
from tests.runtime.weighted_cases import SAME3, conv, depthwise

LAYERS = {
    "conv": conv((5, 6), 6, 5, padding=SAME3),
    "pointwise": conv((3, 3), 9, 9, (1, 1)),
    "depthwise": depthwise((6, 5), 3),
    "softmax": CASES["softmax"]["classes"],
    "tanh": CASES["tanh"]["wide"],
    "root": MORE["sqrt"]["all"],
}


def network() -> Graph:
    return side_by_side({name: in_float(layer) for name, layer in LAYERS.items()})


def rows(graph: Graph, count: int = 4) -> list[Array]:
    rng = np.random.default_rng(3)
    ops = {name: node.op for node in graph.nodes for name in node.inputs}
    return [sample_float(graph.values[name], ops[name], count, rng) for name in graph.inputs]


@pytest.mark.parametrize(
    ("name", "toolchain"),
    [
        ("nucleo-f446re", "zig"), ("nucleo-f446re", "gcc"), ("rp2040-pico", "zig"), ("rp2040-pico", "gcc"),
        ("esp32-c3", "zig"),
    ],
)  # fmt: skip
def test_every_core_gives_the_bits_of_this_machine(name: str, toolchain: ToolchainName) -> None:
    board, graph = get_board(name), network()
    program, inputs = compile_graph(graph, board.target), rows(graph)
    made = execute(program, board, inputs, toolchain=toolchain).outputs
    assert differing_bytes(made, run_host(program, inputs)) == (0, None)


def test_a_proof_tells_the_largest_error() -> None:
    board, graph = get_board("nucleo-f746zg"), network()
    program = compile_graph(graph, board.target)
    proof = verify(program, board, rows(graph))
    assert proof.differing_bytes == 0
    assert proof.largest_error is not None
    assert 0 < proof.largest_error < BOUND
    report = make_report(program, board, proof.execution) | {"proof": proof.plain()}
    text = "\n".join(part for part in report_parts(report) if isinstance(part, str))
    assert report["arithmetic"] == "float32"
    assert "arithmetic: float32, as the network is given. `--calibration x.npy` quantises it to int8" in text
    assert f"proof: largest error {proof.largest_error:.1e} (bound 1e-05) between the reference and the C" in text


def test_a_core_without_floating_point_says_so() -> None:
    board, graph = get_board("rp2040-pico"), in_float(LAYERS["pointwise"])
    program = compile_graph(graph, board.target)
    parts = report_parts(make_report(program, board, execute(program, board, rows(graph))))
    assert any("this core has no floating-point unit" in part for part in parts if isinstance(part, str))


def test_a_wrong_kernel_is_found_and_named() -> None:
    program = compile_graph(in_float(LAYERS["depthwise"]), Target())
    text = program.sources["lp_depthwise_3x3_f32.c"]
    wrong = text.replace("const float bias = op->bias[c];", "const float bias = op->bias[c] + 0.001f;")
    assert wrong != text
    broken = replace(program, sources={**program.sources, "lp_depthwise_3x3_f32.c": wrong})
    with pytest.raises(NotBitExact, match=r'(?s)differ by up to .* the bound being 1e-05.*depthwise_conv2d at "node"'):
        verify(broken, HOST, rows(program.graph))


def mixed(dtype: str = "int8") -> Program:
    """Real numbers in, an int8 layer in the middle, probabilities in float32 and codes out."""
    layer, q = conv((2, 3), 4, 6, (1, 1)), Quant.per_tensor(0.05, 3)
    values = {
        **layer.values,
        "real": Value("real", (1, 2, 3, 4), "float32"),
        "back": Value("back", (1, 2, 3, 6), "float32"),
        "score": Value("score", (1, 2, 3, 6), "float32"),
        "code": Value("code", (1, 2, 3, 6), "int8", Quant.per_tensor(1 / 256, -128)),
    }
    assert values["x0"].quant == q
    nodes = (
        Node("quantize", "in", ("real",), ("x0",), {"dtype": dtype}),
        *layer.nodes,
        Node("dequantize", "out", ("y",), ("back",)),
        Node("softmax", "probabilities", ("back",), ("score",)),
        Node("quantize", "codes", ("score",), ("code",), {"dtype": "int8"}),
    )
    return compile_graph(Graph("mixed", values, nodes, ("real",), ("y", "score", "code")), Target())


def test_a_network_of_both_kinds_is_proven() -> None:
    program = mixed()
    x = np.random.default_rng(0).normal(0, 2, (9, 2, 3, 4)).astype(np.float32)
    proof = verify(program, get_board("nucleo-f446re"), [x])
    assert proof.differing_bytes == 0
    codes, scores, _ = proof.execution.outputs
    assert len(np.unique(codes)) > 50
    np.testing.assert_allclose(scores.sum(axis=-1), 1.0, rtol=1e-6)
