"""The kernels by blocks, by pairs of rows and by fours: every way to cut a layer, both rules of rounding, every rest
that a block can leave, on this machine under sanitizers and on the emulated Cortex-M4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph
from lilliput.compiler.op import Target
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._blocks import BLOCKS, PER_BLOCK
from lilliput.compiler.program import compile_graph
from tests.runtime.cortex import run_on_cortex_m4
from tests.runtime.harness import assert_c_equals_reference, sample
from tests.runtime.test_fully_connected import layer
from tests.runtime.weighted_cases import SAME3, VALID, conv, depthwise, parallel

DSP = Target(dsp=True)
RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}

# Words of 1 to 5 (each rest of four), positions of each rest of three and four, channels even and odd.
CONVOLUTIONS = [
    conv((1, 1), 4, 2, (1, 1)),
    conv((2, 1), 8, 6, (1, 1), **RELU),
    conv((3, 1), 11, 4, (1, 1)),
    conv((2, 2), 16, 3, (1, 1), **RELU),
    conv((1, 5), 17, 4, (1, 1), activation="relu6", y_zero=-100),
    conv((7, 3), 6, 12, (1, 1), stride=(2, 2), zero=-128),
    conv((6, 5), 4, 6, padding=SAME3, stride=(2, 1)),
    conv((5, 4), 3, 8, padding=SAME3, **RELU),
    conv((6, 6), 2, 4, (3, 2), dilation=(2, 1), padding=((1, 1), (3, 3)), zero=127),
    conv((5, 5), 8, 12, groups=2, padding=SAME3, zero=-9),
    conv((4, 4), 6, 12, groups=3, stride=(2, 2), padding=SAME3, **RELU),
    conv((3, 4), 8, 8, (1, 1), groups=2, activation="relu", y_zero=-20),
]
# Odd and even rows and columns, one row, one column; paddings of 0 to 2 on the left; multipliers.
DEPTHWISE = [
    depthwise((5, 5), 3),
    depthwise((6, 4), 2, **RELU),
    depthwise((7, 6), 2, stride=(2, 2), padding=((0, 1), (0, 1))),
    depthwise((5, 3), 3, stride=(2, 2), **RELU),
    depthwise((1, 6), 2),
    depthwise((6, 1), 2, padding=((0, 0), (1, 1))),
    depthwise((1, 1), 4, **RELU),
    depthwise((4, 5), 2, padding=((2, 2), (2, 2)), zero=127),
    depthwise((3, 3), 2, padding=VALID),
    depthwise((5, 7), 2, stride=(2, 2), padding=((2, 1), (2, 0)), activation="relu6", y_zero=-100),
    depthwise((4, 4), 2, multiplier=3),
    depthwise((5, 4), 2, multiplier=2, stride=(2, 2), lowest=-128),
]
# Whole fours of channels and each rest; input bytes in fours and not.
CONNECTED = [layer(4, 4), layer(8, 5), layer(12, 6), layer(16, 3), layer(20, 9), layer(7, 4), layer(33, 2), layer(1, 1)]


def alternatives_of(graph: Graph) -> list[str]:
    (node,) = graph.nodes
    return [kernel.variant for kernel in ops[node.op].alternatives(node, graph.ins(node), graph.values["y"], DSP)]


def with_attrs(graph: Graph, **attrs: object) -> Graph:
    (node,) = graph.nodes
    return graph.replace(nodes=[node.with_attrs(**attrs)])


def each_variant(layers: list[Graph]) -> Iterator[tuple[str, Graph]]:
    for graph in layers:
        for variant in alternatives_of(graph):
            yield variant, with_attrs(graph, variant=variant)


def slow_channels() -> Graph:
    """A depthwise layer with a channel whose bias is too large for the fast core, one whose factor is above a half."""
    graph = depthwise((5, 5), 12, gain=1.0)
    w, b, y = (graph.values[name] for name in ("c0", "c1", "y"))
    assert b.data is not None
    assert w.quant is not None
    bias, scales = b.data.copy(), list(w.quant.scale)
    assert w.data is not None
    weights = w.data.copy()
    weights[..., 3], weights[..., 7] = 127, np.sign(weights[..., 7])
    bias[3], bias[7] = 9_000_000, 0
    scales[3] = float(np.float32(1e-5 * y.scale / graph.values["x0"].scale))
    scales[7] = float(np.float32(0.9 * y.scale / graph.values["x0"].scale))
    quant = replace(w.quant, scale=tuple(scales))
    return graph.replace(
        values={**graph.values, "c0": replace(w, quant=quant, data=weights), "c1": replace(b, data=bias)}
    )


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("layers", [CONVOLUTIONS, DEPTHWISE, CONNECTED], ids=["conv2d", "depthwise", "connected"])
def test_every_way_to_cut_a_layer_gives_the_reference(tmp_path: Path, layers: list[Graph], rounding: str) -> None:
    cut = [with_attrs(graph, rounding=rounding) for _, graph in each_variant(layers)]
    graph = parallel(cut)
    assert_c_equals_reference(graph, tmp_path / "host", rows=6, targets=[DSP])
    program = compile_graph(graph, DSP)
    used = {(step.kernel.function, step.kernel.variant) for step in program.steps}
    wanted = {kernel for layer in cut for kernel in _kernels(layer)}
    assert used == wanted
    rng = np.random.default_rng(3)
    inputs = [sample(value, 3, rng)[2:] for value in program.inputs]
    made, _ = run_on_cortex_m4(program, inputs, tmp_path / "m4")
    for found, expected in zip(made, program.run(*inputs), strict=True):
        np.testing.assert_array_equal(found, expected)


def _kernels(graph: Graph) -> set[tuple[str, str]]:
    (node,) = graph.nodes
    kernel = ops[node.op].choose(node, graph.ins(node), graph.values["y"], DSP)
    assert kernel is not None
    return {(kernel.function, kernel.variant)}


def test_layers_have_the_alternatives_that_fit_them() -> None:
    assert alternatives_of(CONVOLUTIONS[0]) == ["3x2", "4x1"]
    assert alternatives_of(CONVOLUTIONS[3]) == ["4x1"]  # an odd number of channels
    assert set(alternatives_of(DEPTHWISE[0])) == {"plane", "rows"}
    assert alternatives_of(layer(8, 4)) == ["wide", "narrow"]
    assert alternatives_of(layer(7, 4)) == ["wide"]
    assert alternatives_of(layer(640, 4)) == ["narrow", "wide"]  # the first is the default: little memory
    assert alternatives_of(conv((2, 2), 4, 6, (1, 1), lowest=-1, gain=3, bias=20)) == []


def test_the_plane_and_the_rows_of_a_depthwise_layer_differ_in_memory() -> None:
    wide = depthwise((48, 48), 8)
    assert alternatives_of(wide)[0] == "rows"
    taken = [compile_graph(with_attrs(wide, variant=v), DSP).steps[0].kernel.scratch_bytes for v in ("rows", "plane")]
    assert taken == [2 * 8 * 25, 25 * 8 * 25]


def test_a_variant_that_the_target_lacks_is_ignored() -> None:
    graph = with_attrs(CONVOLUTIONS[1], variant="3x2")
    assert compile_graph(graph).sources == compile_graph(CONVOLUTIONS[1]).sources
    assert compile_graph(with_attrs(CONVOLUTIONS[1], variant="9x9"), DSP).steps[0].kernel.variant in ("3x2", "4x1")


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("variant", ["plane", "rows"])
def test_channels_that_do_not_fit_are_computed_beside_the_others(tmp_path: Path, variant: str, rounding: str) -> None:
    graph = with_attrs(slow_channels(), variant=variant, rounding=rounding)
    made = assert_c_equals_reference(graph, tmp_path / "host", targets=[DSP])
    assert len(np.unique(made[..., 7])) > 20
    assert len(np.unique(made[..., 3])) > 2
    program = compile_graph(graph, DSP)
    (kernel,) = (step.kernel for step in program.steps)
    codes = {field.name: field.value for field in kernel.fields}["code"]
    slow = (3, 7) if rounding == "double" else (3,)  # a factor above a half needs no second rounding
    assert [int(code) >= 64 for code in np.asarray(codes)] == [i in slow for i in range(12)]
    x = sample(program.inputs[0], 3, np.random.default_rng(0))[2:]
    found, _ = run_on_cortex_m4(program, [x], tmp_path / "m4")
    np.testing.assert_array_equal(found[0], program.run(x)[0])


def test_rounding_once_and_twice_differ_and_every_kernel_knows_which(tmp_path: Path) -> None:
    graph = conv((8, 8), 8, 8, (1, 1), y_zero=0, bias=0, seed=4)
    rows = np.random.default_rng(0).integers(-128, 128, (20, 8, 8, 8)).astype(np.int8)
    once, twice = (
        assert_c_equals_reference(with_attrs(graph, rounding=r), tmp_path / r, given={"x0": rows})
        for r in ("single", "double")
    )
    assert 0 < np.count_nonzero(once != twice) < 0.02 * once.size
    assert np.abs(once.astype(int) - twice).max() == 1


def test_estimates_order_blocks_as_the_core_does(tmp_path: Path) -> None:
    """The counts behind `Block.instructions`: a layer of one position and a layer of many channels, on the core."""
    for shape, c_in, c_out in (((5, 5), 64, 64), ((6, 6), 8, 16), ((2, 2), 12, 8)):
        spent, guessed = {}, {}
        for block in BLOCKS:
            graph = with_attrs(conv(shape, c_in, c_out, (1, 1), **RELU), variant=block.name)
            program = compile_graph(graph, DSP)
            x = sample(program.inputs[0], 3, np.random.default_rng(0))[2:]
            _, counts = run_on_cortex_m4(program, [x], tmp_path / f"{block.name}-{c_in}")
            spent[block.name] = counts["lp_run_blocks"]
            positions = shape[0] * shape[1]
            runs = -(-positions // block.patches)
            entry = 8  # of PER_BLOCK, those inside of the assembly
            guessed[block.name] = block.instructions(positions, c_out, c_in // 4, away=False)
            guessed[block.name] -= runs * (PER_BLOCK - entry)
        for name in spent:
            assert guessed[name] == pytest.approx(spent[name], rel=0.01)
        assert sorted(spent, key=spent.__getitem__) == sorted(guessed, key=guessed.__getitem__)
