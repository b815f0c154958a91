"""The search against brute force over all splits and grids, its limits, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.patch import Grid, Image, PatchSettings, choose_patches, find_stages, patch_graph
from lilliput.compiler.patch.effort import rises
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import BadSetting, DoesNotFit, UnsupportedOp
from tests.compiler.patch.networks import Net, bottlenecks, random_net
from tests.runtime.harness import DSP, PORTABLE, sample


def small(side: int = 26, seed: int = 0) -> Graph:
    net = bottlenecks(side, ((6, 3, 2), (6, 5, 1), (8, 3, 2)), seed)
    return net.graph(net.mean(net.conv(net.nodes[-1].output, 12, (1, 1), activation="relu")))


def everything(graph: Graph, image: Image, largest: int = 4) -> Iterator[Program]:
    """All that can be done, each compiled in full."""
    if image == "resident":
        yield compile_graph(graph, PORTABLE)
    for stage in find_stages(graph).found:
        for rows in range(1, min(largest, stage.size[0]) + 1):
            for columns in range(1, min(largest, stage.size[1]) + 1):
                if Grid(stage, rows, columns).tiles > 1:
                    yield compile_graph(patch_graph(Grid(stage, rows, columns), image), PORTABLE)


@pytest.mark.parametrize(
    ("seed", "image", "rise"), [(0, "resident", 0.25), (1, "streamed", 0.25), (2, "streamed", 2.0)]
)
def test_nothing_within_the_limit_needs_less_than_what_is_chosen(seed: int, image: Image, rise: float) -> None:
    graph = small(18, seed)
    found = choose_patches(graph, PORTABLE, PatchSettings(image=image, rise=rise, excess=99.0, largest=3))
    limit = compile_graph(graph, PORTABLE).macs * (1 + rise)
    legal = [program for program in everything(graph, image, 3) if program.macs <= limit]
    assert found.arena_bytes == min(program.plan.arena_bytes for program in legal)
    assert found.macs == min(p.macs for p in legal if p.plan.arena_bytes == found.arena_bytes)
    assert found.planned < len(legal)
    made = compile_graph(found.graph, PORTABLE)
    assert (made.plan.arena_bytes, made.macs) == (found.arena_bytes, found.macs)


def test_with_a_limit_the_fewest_macs_that_fit_are_chosen_and_more_memory_never_costs_more() -> None:
    graph = small(18)
    programs = [(p.plan.arena_bytes, p.macs) for p in everything(graph, "streamed", 3)]
    limits = sorted({arena for arena, _ in programs})[::9]
    before = float("inf")
    for limit in limits:
        found = choose_patches(graph, PORTABLE, PatchSettings(image="streamed", rise=9.0, sram_bytes=limit, largest=3))
        assert found.macs == min(macs for arena, macs in programs if arena <= limit)
        assert found.arena_bytes <= limit
        assert found.macs <= before
        before = found.macs
    assert (
        before < choose_patches(graph, PORTABLE, PatchSettings(image="streamed", rise=9.0, excess=99.0, largest=3)).macs
    )


def test_grids_whose_tiles_take_too_many_instructions_are_left_out_where_others_are_there() -> None:
    net = bottlenecks(64, ((8, 3, 2), (8, 3, 1), (16, 3, 2)))
    graph = net.graph(net.nodes[-1].output)
    free = choose_patches(graph, DSP, PatchSettings(rise=2.0, excess=99.0))
    lean = choose_patches(graph, DSP, PatchSettings(rise=2.0, excess=0.1))
    assert free.grid is not None
    assert rises(free.grid).excess > 0.1
    assert lean.effort - lean.rise <= 0.1
    assert free.arena_bytes < lean.arena_bytes < lean.whole_bytes
    assert lean.plain()["instructions_rise_estimate"] == round(lean.effort, 4)
    # Where the image is streamed something must run by patches, so that the wish yields.
    assert choose_patches(graph, DSP, PatchSettings(image="streamed", rise=2.0, excess=0.0)).grid is not None


def test_depthwise_tiles_hold_their_rows_where_that_costs_no_memory() -> None:
    net = bottlenecks(112, ((8, 3, 2), (8, 3, 1)))
    found = choose_patches(net.graph(net.nodes[-1].output), DSP, PatchSettings(rows=2, columns=2, rise=1.0))
    variants = {node.layer: node.attrs.get("variant") for node in found.graph.nodes if node.op == "depthwise_conv2d"}
    assert "plane" in variants.values()
    assert compile_graph(found.graph, DSP).plan.arena_bytes == found.arena_bytes


def test_enough_memory_leaves_the_network_whole() -> None:
    found = choose_patches(small(), PORTABLE, PatchSettings(sram_bytes=1 << 20))
    assert (found.grid, found.rise, found.arena_bytes) == (None, 0.0, found.whole_bytes)
    assert found.plain()["grid"] == "off"


@pytest.mark.parametrize("seed", range(300, 312))
def test_what_is_chosen_gives_the_bytes_of_the_whole_network(seed: int) -> None:
    graph, _ = random_net(seed)
    x = sample(graph.values["x"], 3, np.random.default_rng(seed))
    for image in ("resident", "streamed"):
        settings = PatchSettings(image=image, rise=5.0, largest=3)  # type: ignore[arg-type]
        program = compile_graph(choose_patches(graph, DSP, settings).graph, DSP)
        for made, wanted in zip(program.run(x), compile_graph(graph).run(x), strict=True):
            np.testing.assert_array_equal(made, wanted)


def test_grid_and_layer_can_be_named() -> None:
    graph = small()
    last = find_stages(graph).found[2].last.name
    found = choose_patches(graph, DSP, PatchSettings(rows=2, columns=3, until=last, rise=0.0))
    told = found.plain()
    assert (told["grid"], told["until"], told["image"]) == ("2x3", last, "resident")
    assert told["rise"] > 0  # what is named has no limit
    assert choose_patches(graph, DSP, PatchSettings(rows=3, columns=2)).plain()["grid"] == "3x2"
    assert choose_patches(graph, DSP, PatchSettings(until=last)).plain()["until"] == last


def refusal(graph: Graph, **settings: Any) -> str:
    with pytest.raises((BadSetting, UnsupportedOp, DoesNotFit)) as caught:
        choose_patches(graph, PORTABLE, PatchSettings(**settings))
    return str(caught.value)


def test_a_grid_larger_than_the_map_is_refused() -> None:
    graph = small(18)
    last = find_stages(graph).found[0].last.name
    said = refusal(graph, rows=10, columns=2, until=last)
    assert f'LP101: a grid of 10x2 tiles for "{last}"\n  why: its output has 9 rows and 9 columns' in said
    assert "a grid of 50x50 tiles" in refusal(graph, rows=50, columns=50)


def test_a_budget_that_nothing_fits_names_the_least() -> None:
    graph = small()
    least = choose_patches(graph, PORTABLE).arena_bytes
    said = refusal(graph, sram_bytes=1000)
    assert f"LP401: {least} B of arena needed by patches, the limit is 1000 B" in said
    assert "--patch-image streamed" in said


def test_a_rise_that_nothing_keeps_names_the_least() -> None:
    graph = small(18)
    # Tiles of the stem alone overlap in the image and nowhere else; those of two layers do.
    assert choose_patches(graph, PORTABLE, PatchSettings(rows=3, columns=3, image="streamed", rise=0.0)).rise == 0.0
    said = refusal(graph, until=find_stages(graph).found[2].last.name, image="streamed", rise=0.0)
    assert "stay within 0 % more multiply-accumulates" in said
    assert "fix: --patch-rise " in said


def test_a_network_without_maps_cannot_run_by_patches() -> None:
    net = Net(6, 6, 1)
    assert 'nothing of net can run by patches: mean at "mean0" comes first' in refusal(net.graph(net.mean("x")))


def test_an_image_that_something_takes_whole_cannot_be_streamed() -> None:
    net = Net(8, 8, 1)
    quant = net.values["x"].quant
    net.values["x"] = Value("x", (1, 64), "int8", quant)
    net.values["image"] = Value("image", (1, 8, 8, 1), "int8", quant)
    net.nodes.append(Node("reshape", "image", ("x",), ("image",), {"shape": (1, 8, 8, 1)}))
    graph = net.graph(net.conv("image", 2, (3, 3)))
    assert 'cannot be streamed: reshape at "image" takes it as a whole' in refusal(graph, image="streamed")
    assert choose_patches(graph, PORTABLE, PatchSettings(rise=9.0)).image == "resident"


def test_an_image_that_is_read_again_or_beside_another_cannot_be_streamed() -> None:
    net = Net(8, 8, 2)
    conv = net.conv("x", 2, (3, 3), pads=((1, 1), (1, 1)))
    late = net.concat(net.mean(conv).replace("mean", "mean"), net.mean("x")) if False else net.conv(conv, 2, (1, 1))
    again = net._add("concat", (net.mean(late), net.mean("x")), Quant.per_tensor(0.1, 0), axis=1)
    graph = net.graph(again)
    stage = find_stages(graph).found[0]
    with pytest.raises(UnsupportedOp, match="reads it again behind the patches"):
        Grid(stage, 2, 2).check("streamed")
    two = Graph("two", {**graph.values, "z": graph.values["x"]}, graph.nodes, ("x", "z"), graph.outputs)
    with pytest.raises(UnsupportedOp, match="it is one of 2 inputs"):
        Grid(find_stages(two).found[0], 2, 2).check("streamed")


def test_settings_that_cannot_be_are_refused() -> None:
    numbers = ({"rise": -0.1}, {"rise": float("nan")}, {"excess": -1.0})
    for wrong in ({"rows": 2}, {"rows": -1, "columns": -1}, {"largest": 1}, *numbers):
        with pytest.raises(ValueError, match=r"cannot be|must be 0 or more"):
            PatchSettings(**wrong)  # type: ignore[arg-type]
