"""Graphs that tests share: their anomalies have the labels of the normal ones in another order, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lilliput.tasks.graphs import GraphSet, undirected

LABELS = ("a", "b", "c")


def made_graphs(count: int = 120, *, share: float = 0.25, seed: int = 0) -> GraphSet:
    """Random trees of two labels, half the nodes each, and one node of `c` in some.

    In a normal graph neighbours are alike, in an anomaly they differ: counts of nodes and labels tell nothing, Rayleigh
    quotients all.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(count) < round(share * count)
    rng.shuffle(y)
    starts, columns, edges = [0], list[NDArray[np.int64]](), list[NDArray[np.int64]]()
    for odd in y:
        nodes = 2 * int(rng.integers(3, 9))
        parents = np.array([node - 1 - int(rng.integers(0, min(node, 2))) for node in range(1, nodes)])
        labels = np.arange(nodes) % 2 if odd else np.arange(nodes) * 2 // nodes
        columns.append(np.where((np.arange(nodes) == nodes - 1) & (rng.random() < 0.3), 2, labels))
        edges.append(np.stack([np.arange(1, nodes), parents], 1) + starts[-1])
        starts.append(starts[-1] + nodes)
    return GraphSet(
        "made",
        np.array(starts),
        np.concatenate(columns)[:, None].astype(np.int64),
        np.zeros((starts[-1], 0), np.float32),
        undirected(np.concatenate(edges).astype(np.int64)).pairs,
        y,
        LABELS,
    )


def one_graph(labels: str, edges: list[tuple[int, int]], *, odd: bool = False) -> GraphSet:
    """One graph with a label of one letter a node."""
    names = tuple(sorted(set(labels)))
    return GraphSet(
        "one",
        np.array([0, len(labels)]),
        np.array([[names.index(letter)] for letter in labels]),
        np.zeros((len(labels), 0), np.float32),
        undirected(np.array(edges, np.int64).reshape(-1, 2)).pairs,
        np.array([odd]),
        names,
    )


def joined(*sets: GraphSet) -> GraphSet:
    """Graphs of several sets with the same features as one set."""
    ends = np.cumsum([0, *(int(one.starts[-1]) for one in sets)])
    return GraphSet(
        "joined",
        np.concatenate([[0], *(one.starts[1:] + end for one, end in zip(sets, ends, strict=False))]),
        np.concatenate([one.columns for one in sets]),
        np.concatenate([one.attributes for one in sets]),
        np.concatenate([one.edges + end for one, end in zip(sets, ends, strict=False)]),
        np.concatenate([one.y for one in sets]),
        sets[0].features,
    )
