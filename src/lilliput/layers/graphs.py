"""Batches of small graphs in two forms, and what networks on graphs do with either.

    SparseGraphs   the nodes of all graphs end to end and a list of edges: to train with, any sizes together
    DenseGraphs    a square of numbers a graph, padded to one size: what a board runs

Both hold one operator S, a matrix a graph whose entry (i, j) is not 0 only where i = j or an edge joins i and j:

    laplacian      L - I, with L = I - D^-1/2 A D^-1/2, and rows of 0 in L for nodes without edges
    renormalised   (D + I)^-1/2 (A + I) (D + I)^-1/2, as graph convolutions use it
    adjacency      A

Axes: B graphs, N nodes of a graph, n nodes of all graphs, e directed edges, F features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

Operator: TypeAlias = Literal["laplacian", "renormalised", "adjacency"]
SMALLEST = 1e-12  # that a sum of squares is divided by


@dataclass(frozen=True, eq=False)
class SparseGraphs:
    """Graphs of any sizes, end to end.

    Args:
        x: (n, F) features of the nodes.
        source, target: (e,) ends of the edges, in both directions.
        weight: (e,) entries of S beside the diagonal.
        diagonal: (n, 1) entries of S on it.
        graph: (n,) the graph of each node.
        count: B.
    """

    x: Tensor
    source: Tensor
    target: Tensor
    weight: Tensor
    diagonal: Tensor
    graph: Tensor
    count: int

    @property
    def ndim(self) -> int:
        """Axes of the features."""
        return self.x.ndim

    def __len__(self) -> int:
        return self.count

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> SparseGraphs:
        """The same on another device, and in another type of real numbers if one is named."""
        places = {name: getattr(self, name).to(device) for name in ("source", "target", "graph")}
        return replace(self, **places, **{n: getattr(self, n).to(device, dtype) for n in ("x", "weight", "diagonal")})

    def shift(self, h: Tensor) -> Tensor:
        """S h, (n, C) -> (n, C)."""
        moved = self.weight[:, None] * h.index_select(0, self.source)
        return (self.diagonal * h).index_add(0, self.target, moved)

    def pool(self, h: Tensor) -> Tensor:
        """Sums over the nodes of each graph, (n, C) -> (B, C)."""
        return h.new_zeros(self.count, h.shape[1]).index_add(0, self.graph, h)

    def spread(self, g: Tensor) -> Tensor:
        """A row a graph to all of its nodes, (B, C) -> (n, C)."""
        return g.index_select(0, self.graph)

    def sizes(self) -> Tensor:
        """Nodes of each graph, at least 1, (B, 1)."""
        return self.pool(torch.ones_like(self.diagonal)).clamp_min(1)


@dataclass(frozen=True, eq=False)
class DenseGraphs:
    """Graphs of one size, padded.

    Args:
        x: (B, N, F) features; 0 where there is no node.
        matrix: (B, N, N) S; 0 in rows and columns where there is no node.
        present: (B, N, 1) 1 where there is a node, else 0.
    """

    x: Tensor
    matrix: Tensor
    present: Tensor

    def shift(self, h: Tensor) -> Tensor:
        """S h, (B, N, C) -> (B, N, C)."""
        return self.matrix @ h

    def pool(self, h: Tensor) -> Tensor:
        """Sums over the nodes of each graph, (B, N, C) -> (B, C)."""
        return (self.present * h).sum(1)

    def spread(self, g: Tensor) -> Tensor:
        """A row a graph to all of its nodes, (B, C) -> (B, 1, C), which stretches."""
        return g[:, None]

    def sizes(self) -> Tensor:
        """Nodes of each graph, at least 1, (B, 1)."""
        return self.present.sum(1).clamp_min(1)


Graphs: TypeAlias = SparseGraphs | DenseGraphs


def dense_graphs(rows: Tensor, features: int) -> DenseGraphs:
    """The dense form from one tensor: whether there is a node, its features, its row of S.

    Shapes:
        rows (B, N, 1 + F + N).

    Raises:
        ValueError: rows of another width.
    """
    if rows.ndim != 3 or rows.shape[2] != 1 + features + rows.shape[1]:
        raise ValueError(f"graphs are (B, N, 1 + {features} + N) numbers, got {tuple(rows.shape)}")
    return DenseGraphs(rows[..., 1 : 1 + features], rows[..., 1 + features :], rows[..., :1])


def edge_weights(edges: Tensor, nodes: int, operator: Operator) -> tuple[Tensor, Tensor]:
    """S of undirected edges (E, 2), each once: its entry (E,) for both directions of an edge, and its diagonal (n, 1).

    Raises:
        ValueError: an operator that is none.
    """
    degree = torch.bincount(edges.flatten(), minlength=nodes).float()
    if operator == "adjacency":
        return torch.ones(len(edges)), torch.zeros(nodes, 1)
    if operator == "renormalised":
        root = (degree + 1).rsqrt()
        return root[edges[:, 0]] * root[edges[:, 1]], root.square()[:, None]
    if operator == "laplacian":
        root = degree.clamp_min(1).rsqrt()
        return -root[edges[:, 0]] * root[edges[:, 1]], -(degree == 0).float()[:, None]
    raise ValueError(f"`operator` must be laplacian, renormalised or adjacency, got {operator!r}")


def rayleigh(graphs: Graphs, *, normalised: bool = True) -> Tensor:
    r"""Rayleigh quotients of the features, :math:`x^T L x / x^T x` in [0, 2], and 0 for a feature that is 0 everywhere.

    Not normalised it is the numerator alone, which grows with the graph.

    Args:
        graphs: with the operator `laplacian`.
        normalised: whether it is divided.

    Shapes:
        -> (B, F).
    """
    x = graphs.x
    energy = graphs.pool(x * (x + graphs.shift(x)))
    return energy / graphs.pool(x * x).clamp_min(SMALLEST) if normalised else energy


class ChebyshevBank(nn.Module):
    r"""Filters side by side, each a polynomial :math:`\sum_k T_k(S)\, H\, \Theta_k` in Chebyshev's terms, with a bias.

    The terms are worked out once for all filters: :math:`T_0 = H,\ T_1 = S H,\ T_k = 2 S T_{k-1} - T_{k-2}`.

    Args:
        features: F in.
        width: number of filters.
        depth: terms of each.
        outputs: of each filter; F by default.

    Shapes:
        h (..., F) -> (..., width · outputs).

    Source: Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering (arXiv:1606.09375).
    """

    def __init__(self, features: int, *, width: int = 1, depth: int = 6, outputs: int = 0) -> None:
        super().__init__()
        if depth < 1 or width < 1:
            raise ValueError(f"`width` and `depth` must be at least 1, got {width} and {depth}")
        self.depth, outputs = depth, outputs or features
        self.mix = nn.Linear(depth * features, width * outputs)
        # Each block that takes one term to one filter has the bound of a layer of its own.
        bound = (6 / (features + outputs)) ** 0.5
        nn.init.uniform_(self.mix.weight, -bound, bound)
        nn.init.zeros_(self.mix.bias)

    def forward(self, graphs: Graphs, h: Tensor) -> Tensor:
        mixed: Tensor = self.mix(torch.cat(self.terms(graphs, h), -1))
        return mixed

    def terms(self, graphs: Graphs, h: Tensor) -> list[Tensor]:
        """T_0 to T_(depth-1)."""
        terms = [h]
        if self.depth > 1:
            terms.append(graphs.shift(h))
        while len(terms) < self.depth:
            terms.append(2 * graphs.shift(terms[-1]) - terms[-2])
        return terms
