"""Graph classifiers of three known kinds, to hold others against: GIN, GCN and ChebNet.

Papers  How Powerful are Graph Neural Networks (arXiv:1810.00826); Semi-Supervised Classification with Graph
        Convolutional Networks (arXiv:1609.02907); Convolutional Neural Networks on Graphs with Fast Localized Spectral
        Filtering (arXiv:1606.09375)
Input   (B, N, 1 + F + N): whether there is a node, its features, its row of the network's operator; or `SparseGraphs`
Output  (B, classes): logits; class 1 is the anomaly
Differs from the papers: one classifier for all three, two layers on the sum (GIN) or the mean (GCN, ChebNet) of the
        nodes after the last layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from lilliput.layers.graphs import ChebyshevBank, Graphs, Operator, SparseGraphs, dense_graphs
from lilliput.models.entry import check_range, register_model
from lilliput.models.rqgnn import example_graphs, graph_shape

_OPERATORS: dict[str, Operator] = {"gin": "adjacency", "gcn": "renormalised", "cheb": "laplacian"}


@dataclass(frozen=True)
class GraphClassifierConfig:
    """Sizes."""

    features: int = 27
    nodes: int = 32  # of the padded form; graphs end to end may have any number
    hidden: int = 64
    layers: int = 3
    depth: int = 3  # terms of ChebNet's filters
    dropout: float = 0.4
    classes: int = 2
    kind: str = "gin"

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "features", "hidden", "classes")
        check_range(self, 1, 4096, "nodes")
        check_range(self, 1, 64, "layers", "depth")
        check_range(self, 0, 0.99, "dropout")
        if self.kind not in _OPERATORS:
            raise ValueError(f"`kind` must be one of {', '.join(_OPERATORS)}, got {self.kind!r}")

    @property
    def input_shape(self) -> tuple[int, int]:
        """(N, 1 + F + N)."""
        return (self.nodes, 1 + self.features + self.nodes)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """For padded graphs of another size or with other features."""
        return {**graph_shape(input_shape), "classes": classes}

    def example(self, batch: int, generator: torch.Generator) -> Tensor:
        """Random graphs in the padded form."""
        return example_graphs(self.features, self.nodes, batch, _OPERATORS[self.kind], generator)


class GINLayer(nn.Module):
    r"""Two layers on :math:`(1 + \epsilon)\, h_v + \sum_{u \sim v} h_u`, normalised between them.

    Shapes:
        h (..., inputs) -> (..., outputs).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.epsilon = nn.Parameter(torch.zeros(()))
        self.first, self.norm, self.second = (
            nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.Linear(outputs, outputs),
        )  # fmt: skip

    def forward(self, graphs: Graphs, h: Tensor) -> Tensor:
        y = self.first((1 + self.epsilon) * h + graphs.shift(h))
        y = self.norm(y.reshape(-1, y.shape[-1])).reshape(y.shape)
        z: Tensor = self.second(torch.relu(y))
        return z


class GCNLayer(nn.Module):
    """S h W with the renormalised operator.

    Shapes:
        h (..., inputs) -> (..., outputs).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Linear(inputs, outputs)

    def forward(self, graphs: Graphs, h: Tensor) -> Tensor:
        y: Tensor = self.mix(graphs.shift(h))
        return y


@register_model("graph_gin", GraphClassifierConfig(kind="gin"))
@register_model("graph_gcn", GraphClassifierConfig(kind="gcn"))
@register_model("graph_chebnet", GraphClassifierConfig(kind="cheb"))
class GraphClassifier(nn.Module):
    """Layers of one kind with ReLU behind each, the nodes of a graph as one vector, two layers on it."""

    def __init__(self, config: GraphClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.operator = _OPERATORS[config.kind]
        widths = [config.features, *[config.hidden] * config.layers]
        self.layers = nn.ModuleList(_layer(config, inputs, outputs) for inputs, outputs in pairwise(widths))
        self.hidden, self.dropout = nn.Linear(config.hidden, config.hidden), nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden, config.classes)

    def forward(self, graphs: Tensor | SparseGraphs) -> Tensor:
        held = dense_graphs(graphs, self.config.features) if isinstance(graphs, Tensor) else graphs
        h = held.x
        for layer in self.layers:
            h = torch.relu(layer(held, h))
        pooled = held.pool(h) if self.config.kind == "gin" else held.pool(h) / held.sizes()
        logits: Tensor = self.head(self.dropout(torch.relu(self.hidden(pooled))))
        return logits


def _layer(config: GraphClassifierConfig, inputs: int, outputs: int) -> nn.Module:
    if config.kind == "gin":
        return GINLayer(inputs, outputs)
    if config.kind == "gcn":
        return GCNLayer(inputs, outputs)
    return ChebyshevBank(inputs, depth=config.depth, outputs=outputs)
