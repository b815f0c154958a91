"""What rows a layer needs, by hand."""

from __future__ import annotations

import pytest

from lilliput.compiler.graph import Graph, Quant, Value
from lilliput.compiler.patch.reach import Slide, Span, needs, slides_of
from tests.compiler.patch.networks import Net, bottlenecks


def slides(net: Net) -> tuple[Slide, Slide] | None:
    return slides_of(net.graph(net.nodes[-1].output), net.nodes[-1])


def test_a_kernel_of_three_with_a_stride_of_two_needs_one_row_more_than_twice_the_outputs() -> None:
    slide = Slide(reach=3, stride=2, before=1)
    assert slide.back(Span(0, 0)) == Span(-1, 1)
    assert slide.back(Span(2, 4)) == Span(3, 9)
    assert slide.back(Span(2, 4)).length == (3 - 1) * 2 + 3
    assert slide.back(Span(0, 4)).clipped(8) == Span(0, 7)


def test_each_axis_has_a_slide_of_its_own() -> None:
    net = Net(12, 9, 2)
    net.conv("x", 3, (5, 2), stride=2, pads=((2, 1), (0, 1)), dilation=2)
    assert slides(net) == (Slide(9, 2, 2, 1), Slide(3, 2, 0, 1))


def test_pools_slide_and_pads_shift() -> None:
    net = Net(12, 9, 2)
    x = net.pool("max_pool2d", "x", (3, 2), stride=2, pads=((1, 0), (0, 1)))
    assert slides(net) == (Slide(3, 2, 1, 0), Slide(2, 2, 0, 1))
    net.pad(x, ((2, 1), (0, 3)))
    assert slides(net) == (Slide(1, 1, 2, 1), Slide(1, 1, 0, 3))


def test_elementwise_layers_and_channel_concatenation_stay_in_place() -> None:
    net = bottlenecks(16, ((4, 3, 1),))
    assert slides(net) == (Slide(), Slide())
    net.concat(net.nodes[-1].output, net.nodes[0].output)
    assert slides(net) == (Slide(), Slide())


def test_what_looks_at_the_whole_map_has_no_slide() -> None:
    net = Net(6, 6, 2)
    mean = net.mean("x")
    assert slides(net) is None
    graph = net.graph(mean)
    batch = Graph("b", {**graph.values, "x": Value("x", (2, 6, 6, 2), "int8", Quant.per_tensor(1, 0))}, (), (), ())
    assert slides_of(batch, net.nodes[0]) is None
    wide = Net(6, 6, 2)
    wide.conv("x", 2, (2, 2), pads=((2, 0), (0, 0)))  # its first row of outputs lies wholly in the padding
    assert slides(wide) is None
    rows = Net(6, 6, 2)
    rows._add("concat", ("x", "x"), rows.values["x"].quant, axis=1)
    assert slides(rows) is None


def test_a_shortcut_needs_the_union_of_what_its_branches_need() -> None:
    net = bottlenecks(16, ((4, 3, 1),))
    graph = net.graph(net.nodes[-1].output)
    stem, expand, deep, project, add = net.nodes
    found = needs(graph, net.nodes, 0, add.output, Span(2, 3))
    assert found.made[project.output] == found.made[deep.output] == Span(2, 3)
    assert found.made[stem.output] == found.made[expand.output] == Span(1, 4)
    assert found.read[add.name, 0] == Span(2, 3)  # the shortcut, cropped
    assert found.made["x"] == Span(1, 9)
    assert found.pads[stem.name] == (0, 0)
    top = needs(graph, net.nodes, 0, add.output, Span(0, 1))
    assert (top.made["x"], top.pads[stem.name], top.pads[deep.name]) == (Span(0, 5), (1, 0), (1, 0))


def test_unclipped_needs_lie_outside_of_the_map() -> None:
    net = bottlenecks(16, ((4, 3, 1),))
    graph = net.graph(net.nodes[-1].output)
    found = needs(graph, net.nodes, 0, net.nodes[-1].output, Span(0, 1), clip=False)
    assert found.made["x"] == Span(-3, 5)
    assert set(found.pads.values()) == {(0, 0)}


def test_a_tile_in_the_border_of_a_pad_takes_the_nearest_row() -> None:
    net = Net(6, 6, 1)
    out = net.pad("x", ((4, 4), (0, 0)))
    graph = net.graph(out)
    assert needs(graph, net.nodes, 0, out, Span(0, 1)).made == {out: Span(0, 4), "x": Span(0, 0)}
    assert needs(graph, net.nodes, 0, out, Span(12, 13)).made == {out: Span(9, 13), "x": Span(5, 5)}


def test_a_node_that_needs_all_is_refused() -> None:
    net = Net(6, 6, 2)
    mean = net.mean("x")
    with pytest.raises(ValueError, match=r'mean at "mean0" needs more than a window of its input'):
        needs(net.graph(mean), net.nodes, 0, mean, Span(0, 0))
