"""Graphs from and for PyTorch Geometric; objects of its layout stand in for its own."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from lilliput.core.errors import BadTask, MissingExtra
from lilliput.train.pyg import edge_lists, from_pyg, to_pyg
from tests.train.small_graphs import made_graphs


@dataclass
class Data:
    """What is used of `torch_geometric.data.Data`."""

    x: Tensor | None
    edge_index: Tensor
    y: Tensor


def items(count: int = 8) -> list[Data]:
    return [Data(x, edges, torch.tensor([y])) for x, edges, y in edge_lists(made_graphs(count))]


def test_there_and_back() -> None:
    graphs = made_graphs(8)
    again = from_pyg("again", items(), graphs.features)
    assert np.array_equal(again.x(), graphs.x())
    for name in ("starts", "edges", "y"):
        assert np.array_equal(getattr(again, name), getattr(graphs, name))
    assert (again.features, again.notes) == (graphs.features, ())


def test_edges_come_in_both_directions_and_count_within_their_graph() -> None:
    graphs = made_graphs(8)
    for (x, edges, _), size, count in zip(edge_lists(graphs), graphs.sizes, np.diff(graphs.edge_starts), strict=True):
        assert x.shape == (size, 3)
        assert edges.shape == (2, 2 * count)
        assert int(edges.max()) < size
        assert {tuple(pair) for pair in edges.T.tolist()} == {tuple(pair[::-1]) for pair in edges.T.tolist()}


def test_it_gives_the_librarys_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("torch_geometric.data")
    module.Data = Data  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_geometric", types.ModuleType("torch_geometric"))
    monkeypatch.setitem(sys.modules, "torch_geometric.data", module)
    found = to_pyg(made_graphs(4))
    assert [type(one) for one in found] == [Data] * 4
    assert [int(one.y) for one in found] == made_graphs(4).y.tolist()
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    with pytest.raises(MissingExtra, match=r"this needs PyTorch Geometric\n.*pip install torch_geometric"):
        to_pyg(made_graphs(4))


def test_other_labels_and_bad_graphs() -> None:
    some = items()
    assert from_pyg("mine", some, anomaly=0).y.tolist() == [not y for y in made_graphs(8).y]
    some[2].edge_index = torch.tensor([[0], [99]])
    with pytest.raises(BadTask, match="mine: graph 2 has an edge to a node that it has not"):
        from_pyg("mine", some)
    some[1].x = None
    with pytest.raises(BadTask, match="graph 1 has the features none"):
        from_pyg("mine", some)
    some[1].x = torch.ones(3, 2)
    with pytest.raises(BadTask, match=r"graph 1 has the features \(3, 2\)"):
        from_pyg("mine", some)
    with pytest.raises(BadTask, match="mine has no graphs"):
        from_pyg("mine", [])


def test_loops_are_dropped_and_told() -> None:
    one = Data(torch.ones(2, 1), torch.tensor([[0, 1, 1], [1, 0, 1]]), torch.tensor(1))
    assert from_pyg("one", [one]).notes == ("1 lines from a node to itself were dropped",)
