"""Where a stage can end, and what is said where it cannot."""

from __future__ import annotations

import pytest

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.patch import find_stages, stage_until
from lilliput.core.errors import BadSetting, UnsupportedOp
from tests.compiler.patch.networks import Net, bottlenecks


def splits(graph: Graph) -> list[str]:
    return [stage.last.name for stage in find_stages(graph).found]


def with_mean() -> tuple[Net, Graph]:
    net = bottlenecks(16, ((4, 3, 1), (6, 3, 2)))
    return net, net.graph(net.mean(net.nodes[-1].output))


def test_a_stage_ends_where_nothing_else_is_needed_later() -> None:
    net, graph = with_mean()
    names = [node.name for node in net.nodes]
    assert splits(graph) == [names[0], names[4], names[5], names[6], names[7]]  # not inside of the shortcut's block
    stage = stage_until(graph, names[4])
    assert (stage.source, stage.split, stage.size) == ("x", net.nodes[4].output, (8, 8))
    assert [node.name for node in stage.nodes] == names[:5]
    assert [node.name for node in stage.rest] == names[5:]


def test_what_looks_at_the_whole_map_ends_it() -> None:
    net, graph = with_mean()
    barrier = find_stages(graph).barrier
    assert barrier is not None
    assert barrier.op == "mean"
    with pytest.raises(UnsupportedOp) as caught:
        stage_until(graph, net.nodes[-1].name)
    assert str(caught.value) == (
        'LP301: patches up to "mean8" would cross mean at "mean8"\n'
        "  why: it looks at the whole map, of which a patch has only a part\n"
        '  fix: `--patch-until "conv2d7"` is the last that can be'
    )


def test_squeeze_and_excitation_is_named_with_the_split_before_it() -> None:
    net = Net(12, 12, 2)
    x = net.conv("x", 4, (3, 3), activation="relu")
    net.values["flat"] = Value("flat", (1, 1, 1, 4), "int8", net.values[x].quant)
    net.nodes.append(Node("mean", "squeeze", (x,), ("flat",), {"axes": (1, 2), "keepdims": True}))
    gate = net.unary("sigmoid", "flat")
    net.values[gate] = Value(gate, (1, 1, 1, 4), "int8", net.values[gate].quant)
    scaled = net._add("mul", (x, gate), net.values[x].quant)
    last = net.conv(scaled, 4, (3, 3))
    graph = net.graph(last)
    assert splits(graph) == ["conv2d0"]
    with pytest.raises(UnsupportedOp, match='would cross mean at "squeeze"'):
        stage_until(graph, net.nodes[-1].name)


def test_a_split_inside_of_a_shortcut_names_its_neighbours() -> None:
    net, graph = with_mean()
    with pytest.raises(BadSetting) as caught:
        stage_until(graph, net.nodes[2].name)
    assert str(caught.value) == (
        'LP101: patches cannot end at "depthwise_conv2d2"\n'
        "  why: other values from before it are still read behind it\n"
        '  fix: `--patch-until "conv2d0"` or `--patch-until "add4"`'
    )


def test_an_unknown_layer_suggests_near_ones() -> None:
    _, graph = with_mean()
    with pytest.raises(BadSetting, match="no layer is called 'depthwise'\n  fix: one of depthwise_conv2d2, depthwise"):
        stage_until(graph, "depthwise")


def test_a_stage_may_begin_behind_a_reshape() -> None:
    net = Net(8, 8, 1)
    quant = net.values["x"].quant
    net.values["x"] = Value("x", (1, 64), "int8", quant)
    net.values["image"] = Value("image", (1, 8, 8, 1), "int8", quant)
    net.nodes.append(Node("reshape", "image", ("x",), ("image",), {"shape": (1, 8, 8, 1)}))
    net.conv("image", 2, (3, 3))
    (stage,) = find_stages(net.graph(net.nodes[-1].output)).found
    assert (stage.source, len(stage.nodes)) == ("image", 1)


def test_a_network_without_maps_has_no_stage() -> None:
    net = Net(6, 6, 1)
    found = find_stages(net.graph(net.mean("x")))
    assert found.found == ()
    assert found.barrier is not None
    assert found.barrier.op == "mean"
