"""GIN, GCN and ChebNet on graphs: each layer by its formula, and what must not change an answer."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.layers.graphs import SparseGraphs
from lilliput.models import create_model
from lilliput.models.graph_classifiers import GCNLayer, GINLayer, GraphClassifier
from lilliput.tasks.graphs import GraphSet
from lilliput.train.graphs import GraphSource, dense_rows
from tests.train.small_graphs import made_graphs, one_graph

NAMES = ("graph_gin", "graph_gcn", "graph_chebnet")
PATH = one_graph("aab", [(0, 1), (1, 2)])


def network(name: str) -> GraphClassifier:
    torch.manual_seed(0)
    model = cast(GraphClassifier, create_model(name, features=3, hidden=16))
    model(batch(made_graphs(16), model))
    return model.eval()


def batch(graphs: GraphSet, model: GraphClassifier) -> SparseGraphs:
    return cast(SparseGraphs, GraphSource(graphs, model.operator).batch(np.arange(len(graphs)))[0])


@pytest.mark.parametrize("name", NAMES)
class TestEach:
    def test_numbers_of_nodes_change_nothing(self, name: str) -> None:
        graphs, model = made_graphs(10, seed=5), network(name)
        torch.testing.assert_close(model(batch(graphs.renumbered(), model)), model(batch(graphs, model)))

    def test_the_padded_form_gives_the_same(self, name: str) -> None:
        graphs, model = made_graphs(10, seed=5), network(name)
        rows = torch.from_numpy(dense_rows(graphs, 20, model.operator))
        torch.testing.assert_close(model(rows), model(batch(graphs, model)), atol=1e-5, rtol=1e-5)

    def test_edges_count(self, name: str) -> None:
        model = network(name)
        alike, unlike = (one_graph(word, [(0, 1), (1, 2), (2, 3)]) for word in ("aabb", "abab"))
        held = [batch(one.with_features(("a", "b", "c")), model) for one in (alike, unlike)]
        assert (model(held[0]) - model(held[1])).abs().max() > 1e-5


def test_gin_adds_neighbours_to_a_node() -> None:
    layer = GINLayer(2, 2).eval()
    with torch.no_grad():
        for part in (layer.first, layer.second):
            part.weight.copy_(torch.eye(2))
            part.bias.zero_()
        layer.epsilon.fill_(1)
    held = cast(SparseGraphs, GraphSource(PATH, "adjacency").batch(np.arange(1))[0])
    found = layer(held, held.x) * (1 + layer.norm.eps) ** 0.5
    torch.testing.assert_close(found, torch.tensor([[3.0, 0], [3, 1], [1, 2]]))


def test_gcn_takes_the_renormalised_mean() -> None:
    layer = GCNLayer(2, 2)
    with torch.no_grad():
        layer.mix.weight.copy_(torch.eye(2))
        layer.mix.bias.zero_()
    held = cast(SparseGraphs, GraphSource(PATH, "renormalised").batch(np.arange(1))[0])
    beside = 6**-0.5
    wanted = torch.tensor([[1 / 2 + beside, 0], [beside + 1 / 3, beside], [beside, 1 / 2]])
    torch.testing.assert_close(layer(held, held.x), wanted)


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(BadSetting, match="`kind` must be one of gin, gcn, cheb, got 'gat'"):
        create_model("graph_gin", kind="gat")
