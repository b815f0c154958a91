"""Abnormal graphs told by Rayleigh quotients and a bank of Chebyshev filters.

Paper   Rayleigh Quotient Graph Neural Networks for Graph-level Anomaly Detection (arXiv:2310.02861)
Input   (B, N, 1 + F + N): whether there is a node, its features, its row of L - I; or `SparseGraphs` of any sizes
Output  (B, classes): logits; class 1 is the anomaly
Differs from the published code: the filters are parameters and learn. The code keeps them in a plain list, so that they
        stay as they were drawn and are not saved (`filters="frozen"`). The quotient is divided by x^T x, as the paper
        says; the code takes its numerator (`rq="numerator"`), which grows with the graph. Nodes without edges have rows
        of 0 in L for the filters too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.graphs import (
    SMALLEST,
    ChebyshevBank,
    Graphs,
    Operator,
    SparseGraphs,
    dense_graphs,
    edge_weights,
    rayleigh,
)
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class RQGNNConfig:
    """Sizes; the published ones but for `features`, which are those of the data."""

    features: int = 27
    nodes: int = 32  # of the padded form; graphs end to end may have any number
    hidden: int = 64
    width: int = 4  # filters
    depth: int = 6  # terms of a filter
    dropout: float = 0.4
    classes: int = 2
    rq: str = "normalised"
    filters: str = "trained"
    pooling: str = "rq"  # what weighs the nodes: the quotients, `attention` on the nodes themselves, or `mean`
    explicit: bool = True  # whether the classifier sees the quotients beside the pooled nodes

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "features", "hidden", "width", "classes")
        check_range(self, 1, 4096, "nodes")
        check_range(self, 1, 64, "depth")
        check_range(self, 0, 0.99, "dropout")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise ValueError(f"`{name}` must be one of {', '.join(values)}, got {getattr(self, name)!r}")

    @property
    def input_shape(self) -> tuple[int, int]:
        """(N, 1 + F + N)."""
        return (self.nodes, 1 + self.features + self.nodes)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """For padded graphs of another size or with other features."""
        return {**graph_shape(input_shape), "classes": classes}

    def example(self, batch: int, generator: torch.Generator) -> Tensor:
        """Random graphs in the padded form."""
        return example_graphs(self.features, self.nodes, batch, "laplacian", generator)


_CHOICES = {
    "rq": ("normalised", "numerator"),
    "filters": ("trained", "frozen"),
    "pooling": ("rq", "attention", "mean"),
}


def graph_shape(input_shape: tuple[int, ...]) -> dict[str, int]:
    """Features and nodes of padded graphs of that shape.

    Raises:
        ValueError: the shape is none of padded graphs.
    """
    if len(input_shape) != 2 or input_shape[1] < 2 + input_shape[0]:
        raise ValueError("it takes graphs, (nodes, 1 + features + nodes)")
    return {"nodes": input_shape[0], "features": input_shape[1] - input_shape[0] - 1}


def example_graphs(features: int, nodes: int, batch: int, operator: Operator, generator: torch.Generator) -> Tensor:
    """Random trees with some more edges, of half to all of the nodes, one label a node, in the padded form.

    Shapes:
        -> (batch, nodes, 1 + features + nodes).
    """
    rows = torch.zeros(batch, nodes, 1 + features + nodes)
    for row in rows:
        count = int(torch.randint((nodes + 1) // 2, nodes + 1, (1,), generator=generator))
        adjacency = torch.zeros(count, count)
        for node in range(1, count):
            adjacency[node, int(torch.randint(node, (1,), generator=generator))] = 1
        more = torch.rand(count, count, generator=generator) < 1 / (2 * count)
        edges = ((adjacency > 0) | (more.tril(-1))).nonzero()
        weight, diagonal = edge_weights(edges, count, operator)
        square = torch.diag(diagonal[:, 0])
        square[edges[:, 0], edges[:, 1]] = weight
        square[edges[:, 1], edges[:, 0]] = weight
        row[:count, 0] = 1
        row[torch.arange(count), 1 + torch.randint(features, (count,), generator=generator)] = 1
        row[:count, 1 + features : 1 + features + count] = square
    return rows


@register_model("rqgnn", RQGNNConfig())
@register_model("rqgnn_numerator", RQGNNConfig(rq="numerator"))
class RQGNN(nn.Module):
    """Two ways to look at a graph, joined: its Rayleigh quotients, and its filtered nodes, weighed by the quotients.

    Cost: 42 670 parameters with 27 features.
    """

    operator: Operator = "laplacian"

    def __init__(self, config: RQGNNConfig) -> None:
        super().__init__()
        self.config = config
        features, hidden = config.features, config.hidden
        self.node = _two_layers(features, features, features)
        self.bank = ChebyshevBank(features, width=config.width, depth=config.depth)
        self.bank.requires_grad_(config.filters == "trained")
        self.narrow = _two_layers(config.width * features, hidden, hidden)
        self.weigh = _two_layers(features, hidden, hidden) if config.pooling == "rq" else None
        self.attend = nn.Linear(hidden, 1) if config.pooling == "attention" else None
        self.read = nn.Sequential(nn.Linear(features, hidden), nn.Linear(hidden, hidden)) if config.explicit else None
        joined = 2 * hidden if config.explicit else hidden
        self.norm, self.dropout = nn.BatchNorm1d(joined), nn.Dropout(config.dropout)
        self.head = nn.Linear(joined, config.classes)

    def forward(self, graphs: Tensor | SparseGraphs) -> Tensor:
        held = dense_graphs(graphs, self.config.features) if isinstance(graphs, Tensor) else graphs
        quotients = rayleigh(held, normalised=self.config.rq == "normalised")
        parts = [self.pooled(held, quotients)]
        if self.read is not None:
            parts.append(F.leaky_relu(self.read(quotients)))
        logits: Tensor = self.head(self.dropout(self.norm(torch.cat(parts, 1))))
        return logits

    def pooled(self, graphs: Graphs, quotients: Tensor) -> Tensor:
        """The nodes of each graph, filtered, weighed and added, (B, hidden)."""
        h = self.narrow(self.bank(graphs, self.node(graphs.x)))
        if self.weigh is not None:
            return graphs.pool((h * graphs.spread(self.weigh(quotients))).sum(-1, keepdim=True) * h)
        if self.attend is not None:
            share = torch.sigmoid(self.attend(h))
            return graphs.pool(share * h) / graphs.pool(share).clamp_min(SMALLEST)
        return graphs.pool(h) / graphs.sizes()


def _two_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.LeakyReLU(), nn.Linear(hidden, outputs), nn.LeakyReLU())
