"""Networks on graphs in training and in use: batches, scores, and the padded form for a board.

    source = GraphSource(graphs, model.operator)          for `fit`, with `objective` and `judge=judge_graphs("auc")`
    scores = score_graphs(model, graphs)                  how likely each graph is an anomaly
    rows = dense_rows(graphs, 48, model.operator)         for `lilliput.compress.quantise`, for export

Axes: G graphs, F features, N nodes.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import BadTask
from lilliput.layers.graphs import Operator, SparseGraphs, edge_weights
from lilliput.tasks.graphs import GraphSet, spans
from lilliput.train.anomalies import best_threshold, macro_f1
from lilliput.train.data import Source
from lilliput.train.loop import Judge
from lilliput.train.metrics import Measure, auc

_CHUNK = 512  # graphs scored at a time


class GraphSource:
    """Graphs by number, a batch as one `SparseGraphs`. What belongs to the whole set is worked out once.

    Args:
        graphs: the set.
        operator: of the network.
    """

    def __init__(self, graphs: GraphSet, operator: Operator) -> None:
        self.graphs = graphs
        self._x = torch.from_numpy(graphs.x())
        self._weight, self._diagonal = edge_weights(torch.from_numpy(graphs.edges), len(self._x), operator)
        self._edge_starts = graphs.edge_starts
        self._y = torch.from_numpy(graphs.y.astype(np.int64))

    def __len__(self) -> int:
        return len(self.graphs)

    def batch(self, items: NDArray[np.intp], epoch: int = 0) -> tuple[Any, Tensor]:
        """The graphs (B), and 1 for each anomaly, int64 (B,)."""
        graphs = self.graphs
        sizes, counts = graphs.sizes[items], np.diff(self._edge_starts)[items]
        starts = np.cumsum(sizes) - sizes
        edges = spans(self._edge_starts[items], counts)
        nodes = torch.from_numpy(spans(graphs.starts[items], sizes))
        ends = torch.from_numpy(graphs.edges[edges] + np.repeat(starts - graphs.starts[items], counts)[:, None])
        weight = self._weight[torch.from_numpy(edges)]
        held = SparseGraphs(
            x=self._x[nodes],
            source=torch.cat([ends[:, 0], ends[:, 1]]),
            target=torch.cat([ends[:, 1], ends[:, 0]]),
            weight=torch.cat([weight, weight]),
            diagonal=self._diagonal[nodes],
            graph=torch.from_numpy(np.repeat(np.arange(len(items)), sizes)),
            count=len(items),
        )
        return held, self._y[torch.from_numpy(items)]


def operator_of(model: nn.Module) -> Operator:
    """The operator that a network on graphs works with.

    Raises:
        ValueError: it is no network on graphs.
    """
    found = getattr(model, "operator", None)
    if found is None:
        raise ValueError(f"{type(model).__name__} is no network on graphs")
    return cast(Operator, found)


def score_graphs(model: nn.Module, graphs: GraphSet | GraphSource, *, chunk: int = _CHUNK) -> NDArray[np.float64]:
    """Probability of class 1, (G,), in evaluation mode; the size of the chunks changes nothing.

    Raises:
        ValueError: no network on graphs.
    """
    source = graphs if isinstance(graphs, GraphSource) else GraphSource(graphs, operator_of(model))
    was_training = model.training
    weights = next(model.parameters())
    device, dtype = weights.device, weights.dtype
    model.eval()
    with torch.no_grad():
        rows = np.arange(len(source))
        logits = [model(source.batch(rows[i : i + chunk])[0].to(device, dtype)) for i in range(0, len(rows), chunk)]
    model.train(was_training)
    shares: NDArray[np.float64] = torch.cat(logits).double().softmax(1)[:, 1].cpu().numpy()
    return shares


def judge_graphs(by: Literal["auc", "f1"] = "auc") -> Judge:
    """A judge for `fit`: area under the ROC curve, or macro F1 at the threshold that is best on the same items."""

    def judge(model: nn.Module, source: Source) -> Measure:
        if not isinstance(source, GraphSource):
            raise TypeError(f"`source` must be GraphSource, got {type(source).__name__}")
        scores, y = score_graphs(model, source), source.graphs.y
        value = auc(scores, y) if by == "auc" else macro_f1(scores >= best_threshold(scores, y), y)
        return Measure("auc" if by == "auc" else "macro f1", value, value, value, len(y))

    return judge


def dense_rows(graphs: GraphSet, nodes: int, operator: Operator) -> NDArray[np.float32]:
    """The padded form of each graph: whether there is a node, its features, its row of the operator.

    Shapes:
        -> (G, nodes, 1 + F + nodes).

    Raises:
        BadTask: LP103, a graph with more nodes.
    """
    most = int(graphs.sizes.max())
    if most > nodes:
        raise BadTask(f"{graphs.name} has a graph of {most} nodes, and there is room for {nodes}")
    weight, diagonal = edge_weights(torch.from_numpy(graphs.edges), len(graphs.columns), operator)
    features = len(graphs.features)
    rows = np.zeros((len(graphs), nodes, 1 + features + nodes), np.float32)
    graph = graphs.graph
    place = np.arange(len(graph)) - graphs.starts[graph]
    rows[graph, place, 0] = 1
    rows[graph, place, 1 : 1 + features] = graphs.x()
    rows[graph, place, 1 + features + place] = diagonal[:, 0].numpy()
    first, second = graphs.edges.T
    for one, other in ((first, second), (second, first)):
        rows[graph[one], place[one], 1 + features + place[other]] = weight.numpy()
    return rows
