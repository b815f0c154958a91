"""Networks that run by patches give the bytes of the same networks run whole: interpreter, C, both images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.patch import Grid, Image, PatchSettings, choose_patches, patch_graph, stage_until
from lilliput.compiler.print_c import layer_functions
from lilliput.compiler.program import compile_graph
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain
from lilliput.core.errors import BrokenGraph
from tests.compiler.patch.networks import Net, bottlenecks, random_net
from tests.runtime.harness import DSP, PORTABLE, run_c, sample


def grid_of(graph: Graph, split: str, seed: int) -> Grid:
    stage, rng = stage_until(graph, split), np.random.default_rng(seed)
    rows, columns = (int(rng.integers(1, min(size, 5) + 1)) for size in stage.size)
    return Grid(stage, rows, columns) if rows * columns > 1 else Grid(stage, 2, 2)


def assert_equal_to_whole(graph: Graph, grid: Grid, image: Image) -> Graph:
    patched = check(patch_graph(grid, image), "integer")
    x = {"x": sample(graph.values["x"], 4, np.random.default_rng(1))}
    whole, tiles = run_integer(graph, x), run_integer(patched, x)
    for name in graph.outputs:
        np.testing.assert_array_equal(tiles[name], whole[name], err_msg=f"{graph.name} {grid.rows}x{grid.columns}")
    assert max(len(np.unique(y)) for y in whole.values()) > 8
    return patched


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_give_the_same_bytes_in_the_interpreter(seed: int) -> None:
    graph, split = random_net(seed)
    assert_equal_to_whole(graph, grid_of(graph, split, seed), "streamed" if seed % 2 else "resident")


@pytest.mark.parametrize("seed", range(100, 108))
def test_random_networks_give_the_same_bytes_in_c_under_sanitizers(seed: int, tmp_path: Path) -> None:
    graph, split = random_net(seed)
    patched = assert_equal_to_whole(graph, grid_of(graph, split, seed), "streamed" if seed % 2 else "resident")
    x = sample(graph.values["x"], 5, np.random.default_rng(seed))
    program = compile_graph(patched, DSP if seed % 3 else PORTABLE)
    for made, wanted in zip(run_c(program, [x], tmp_path), compile_graph(graph).run(x), strict=True):
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize("image", ["resident", "streamed"])
def test_bottlenecks_with_shortcuts_give_the_same_bytes_in_c(image: Image, tmp_path: Path) -> None:
    net = bottlenecks(21, ((4, 5, 1), (6, 3, 2), (6, 7, 1)))
    graph = net.graph(net.conv(net.nodes[-1].output, 4, (3, 3)))
    program = compile_graph(patch_graph(Grid(stage_until(graph, net.nodes[-2].name), 3, 2), image), DSP)
    x = sample(graph.values["x"], 6, np.random.default_rng(0))
    np.testing.assert_array_equal(run_c(program, [x], tmp_path)[0], compile_graph(graph).run(x)[0])
    assert any(step.node.op == "crop" and step.kernel.in_place for step in program.steps)


def test_borders_hold_zeros_and_inner_edges_the_neighbours() -> None:
    """Zero points are not 0 and biases are above it, so that a halo of the wrong value shows."""
    net = bottlenecks(16, ((4, 3, 1),))
    graph = net.graph(net.nodes[-1].output)
    patched = patch_graph(Grid(stage_until(graph, net.nodes[-1].name), 2, 2))
    stem = [node.attrs["padding"] for node in patched.nodes if node.layer == net.nodes[0].name]
    # The last row of 16 is not looked at by the last of 8 outputs with a stride of 2, so below there is no padding.
    assert stem == [((1, 0), (1, 0)), ((1, 0), (0, 0)), ((0, 0), (1, 0)), ((0, 0), (0, 0))]
    x = {"x": sample(graph.values["x"], 3, np.random.default_rng(0))}
    wanted = run_integer(graph, x)[graph.outputs[0]]
    wrong = [
        node.with_attrs(padding=((1, 0), (1, 0))) if node.layer == net.nodes[0].name else node for node in patched.nodes
    ]
    np.testing.assert_array_equal(run_integer(patched, x)[graph.outputs[0]], wanted)
    differs = run_integer(patched.replace(nodes=wrong), x)[graph.outputs[0]] != wanted
    assert not differs[:, :3, :3].any()
    assert differs[:, :3, 4].any()


def test_a_float_network_gives_the_same_numbers() -> None:
    import torch

    rng = np.random.default_rng(0)
    values = {"x": Value("x", (1, 11, 9, 2), "float32"), "y": Value("y", (1, 6, 5, 3), "float32")}
    weights = rng.standard_normal((3, 3, 3, 2)).astype(np.float32)
    values["w"] = Value("w", weights.shape, "float32", None, weights)
    attrs = {"stride": (2, 2), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
    graph = Graph("float", values, (Node("conv2d", "conv", ("x", "w"), ("y",), attrs),), ("x",), ("y",))
    x = {"x": torch.from_numpy(rng.standard_normal((2, 11, 9, 2)).astype(np.float32))}
    for image in ("resident", "streamed"):
        patched = check(patch_graph(Grid(stage_until(graph, "conv"), 4, 3), image), "float")
        torch.testing.assert_close(run_float(patched, x)["y"], run_float(graph, x)["y"])


def _exactly(side: int, until: str) -> PatchSettings:
    return PatchSettings(rows=side, columns=side, until=until, image="streamed")


def test_constants_and_layers_are_not_printed_once_a_tile() -> None:
    net = bottlenecks(64, ((8, 3, 2), (8, 3, 1)))
    graph = net.graph(net.nodes[-1].output)
    whole = compile_graph(graph, DSP)
    few, many = (compile_graph(choose_patches(graph, DSP, _exactly(n, net.nodes[-1].name)).graph, DSP) for n in (4, 8))
    assert len(many.steps) > 3.5 * len(few.steps)
    # Beside what a tile has for itself (its window and its paste) there are nine forms of tiles, whatever the grid.
    shared = [len(set(layer_functions(p.steps, p.plan).values())) - 2 * n * n for p, n in ((few, 4), (many, 8))]
    assert max(shared) <= 9 * (len(whole.steps) + 1)
    assert abs(shared[1] - shared[0]) <= 1
    arrays = [p.sources["lilliput_model.c"].count("static const _Alignas") for p in (whole, few, many)]
    assert arrays[0] == arrays[1] == arrays[2]


def test_the_output_is_one_buffer_that_each_tile_is_put_into() -> None:
    net = bottlenecks(20)
    graph = net.graph(net.conv(net.nodes[-1].output, 4, (1, 1)))
    program = compile_graph(patch_graph(Grid(stage_until(graph, net.nodes[-2].name), 3, 3)))
    pasted = [step for step in program.steps if step.node.op == "paste"]
    assert len(pasted) == 9
    assert len({program.plan.offsets[step.node.output] for step in pasted}) == 1
    assert len({program.plan.offsets[step.kernel.operands[-1]] for step in pasted}) == 1


def test_a_stored_network_is_compiled_to_the_same_c_again() -> None:
    net = bottlenecks(20)
    graph = net.graph(net.nodes[-1].output)
    program = compile_graph(choose_patches(graph, DSP, PatchSettings(rows=2, columns=2, rise=3.0)).graph, DSP)
    assert any(node.op == "paste" for node in program.graph.nodes)
    again = compile_graph(graph_from_plain(*graph_to_plain(program.graph)), DSP)
    assert again.sources == program.sources


def _pasting(*, reader: bool, maker: str) -> Graph:
    q = Quant.per_tensor(0.5, 0)
    values = {name: Value(name, (1, 4, 4, 1), "int8", q) for name in ("x", "m", "y", "z")}
    values["t"] = Value("t", (1, 2, 2, 1), "int8", q)
    crop = Node("crop", "crop", ("x",), ("t",), {"at": (0, 0), "size": (2, 2)})
    first = Node("paste", "first", ("t",), ("m",), {"at": (0, 0), "size": (4, 4)})
    if maker != "paste":
        first = Node(maker, "first", ("x",), ("m",))
    second = Node("paste", "second", ("t", "m"), ("y",), {"at": (2, 2), "size": (4, 4)})
    late = Node("relu", "late", ("m" if reader else "y",), ("z",))
    return Graph("g", values, (crop, first, second, late), ("x",), ("z", "y"))


def test_a_map_that_is_pasted_into_belongs_to_the_paste() -> None:
    check(_pasting(reader=False, maker="paste"), "integer")
    for broken in (_pasting(reader=True, maker="paste"), _pasting(reader=False, maker="relu")):
        with pytest.raises(BrokenGraph, match='paste at "second": its map must be a paste\'s, and its alone'):
            check(broken, "integer")


def test_what_is_asked_for_in_parts_is_read_by_nothing_else() -> None:
    net = Net(6, 6, 1)
    graph = net.graph(net.conv("x", 1, (3, 3)))
    patched = patch_graph(Grid(stage_until(graph, net.nodes[0].name), 2, 2), "streamed")
    late = Node("relu", "late", ("x",), ("z",))
    values = {**patched.values, "z": Value("z", (1, 6, 6, 1), "int8", Quant.per_tensor(0.5, 0))}
    broken = patched.replace(nodes=(*patched.nodes, late), values=values, outputs=(*patched.outputs, "z"))
    with pytest.raises(BrokenGraph, match="'x' must be an input that nothing reads from memory"):
        check(broken, "integer")
