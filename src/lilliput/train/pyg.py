"""Graphs from and for PyTorch Geometric, which need not be installed to read objects of its layout.

graphs = from_pyg("mine", dataset)         anything with `x` (N, F), `edge_index` (2, E') and `y`
dataset = to_pyg(graphs)                   `torch_geometric.data.Data`, one a graph
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lilliput.core.errors import BadTask, MissingExtra
from lilliput.tasks.graphs import GraphSet, undirected


def from_pyg(name: str, items: Iterable[Any], features: Sequence[str] = (), *, anomaly: int = 1) -> GraphSet:
    """The set of graphs; their features become attributes of real numbers.

    Args:
        name: of the set.
        items: each with `x`, `edge_index`, and `y` of one number.
        features: F names; by default numbers.
        anomaly: the `y` of the anomalies; all others are normal.

    Raises:
        BadTask: LP103, no graphs, none or other features in one of them, or an edge to a node that is not there.
    """
    xs, lines, marks, start = list[Tensor](), list[Tensor](), list[bool](), 0
    for place, item in enumerate(items):
        x, edges = item.x, item.edge_index
        if x is None or x.ndim != 2 or x.shape[1] != (xs[0].shape[1] if xs else x.shape[1]):
            held = "none" if x is None else tuple(x.shape)
            raise BadTask(f"{name}: graph {place} has the features {held}", why="all need (N, F) with one F")
        if edges.numel() and not (int(edges.min()) >= 0 and int(edges.max()) < len(x)):
            raise BadTask(f"{name}: graph {place} has an edge to a node that it has not")
        xs.append(x)
        lines.append(edges.reshape(2, -1).T + start)
        marks.append(int(item.y) == anomaly)
        start += len(x)
    if not xs:
        raise BadTask(f"{name} has no graphs")
    listed = undirected(torch.cat(lines).numpy().astype(np.int64))
    attributes = torch.cat(xs).float().numpy()
    return GraphSet(
        name,
        np.cumsum([0, *map(len, xs)]).astype(np.int64),
        np.zeros((start, 0), np.int64),
        attributes,
        listed.pairs,
        np.array(marks),
        tuple(features) or tuple(str(i) for i in range(attributes.shape[1])),
        listed.repairs(),
    )


def to_pyg(graphs: GraphSet) -> list[Any]:
    """`Data` with `x` (N, F), `edge_index` (2, 2 E) and `y` (1,): 1 for an anomaly, else 0.

    Raises:
        MissingExtra: LP601, PyTorch Geometric is not installed.
    """
    try:
        from torch_geometric.data import Data
    except ImportError:
        raise MissingExtra("this needs PyTorch Geometric", fix="pip install torch_geometric") from None
    return [Data(x=x, edge_index=edges, y=torch.tensor([y])) for x, edges, y in edge_lists(graphs)]


def edge_lists(graphs: GraphSet) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Of each graph features (N, F), edges in both directions (2, 2 E), and 1 for an anomaly, else 0."""
    x, edges, edge_starts = torch.from_numpy(graphs.x()), torch.from_numpy(graphs.edges), graphs.edge_starts
    for i in range(len(graphs)):
        first, last = int(graphs.starts[i]), int(graphs.starts[i + 1])
        own = edges[int(edge_starts[i]) : int(edge_starts[i + 1])].T - first
        yield x[first:last], torch.cat([own, own.flip(0)], 1), int(graphs.y[i])
