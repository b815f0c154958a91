"""Many small graphs with one label each: normal, or one of the few that are not.

    read_graphs(place, name)      a folder or archive of TUDataset, or an NPZ (tasks/tu.py, tasks/molecules.py)
    bundled_graphs(name)          the molecules of Tox21, by assay

Axes: G graphs, N nodes of all graphs, E undirected edges, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask

Ints = NDArray[np.int64]
PARTS = ("train", "validation", "test")
SHARES = (0.7, 0.15, 0.15)
_NONE = -1  # in `columns`: a label that has no column
_ROUNDS = 6  # of refinement; more tell apart no two of the 7 831 molecules of Tox21


class Edges(NamedTuple):
    """Undirected edges, and what was wrong with the list that they are from.

    Args:
        pairs: (E, 2), the smaller node first, sorted, each once.
        loops: lines from a node to itself, which are dropped.
        repeats: lines that say again what one before says, which are dropped.
        one_way: edges of which the list has one direction only; they are kept.
    """

    pairs: Ints
    loops: int
    repeats: int
    one_way: int

    def repairs(self) -> tuple[str, ...]:
        """What was done to the list, a sentence each."""
        told = (
            (self.loops, "lines from a node to itself were dropped"),
            (self.repeats, "lines that repeat an edge were dropped"),
            (self.one_way, "edges are listed in one direction only, and taken for both"),
        )
        return tuple(f"{count} {what}" for count, what in told if count)


@dataclass(frozen=True, eq=False)
class GraphSet:
    """Graphs end to end, as arrays.

    Args:
        name: of the data set.
        starts: (G + 1,) first node of each graph, and N.
        columns: (N, L) features that are 1 at each node; -1: a label that has no feature. All others are 0.
        attributes: (N, A) further features, as real numbers.
        edges: (E, 2) numbers of nodes, each edge once, the smaller first, in the order of the graphs.
        y: (G,) whether a graph is an anomaly.
        features: names of the F = K + A features; those that `columns` counts come first.
        notes: what was done to the data while they were read, a sentence each.

    Raises:
        BadTask: LP103, there are no graphs.
    """

    name: str
    starts: Ints
    columns: Ints
    attributes: NDArray[np.float32]
    edges: Ints
    y: NDArray[np.bool_]
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.y):
            raise BadTask(f"{self.name} has no graphs")
        nodes = int(self.starts[-1])
        if len(self.starts) != len(self.y) + 1 or len(self.columns) != nodes or len(self.attributes) != nodes:
            raise ValueError(f"{len(self.y)} labels, {len(self.starts)} starts, {len(self.columns)} nodes of {nodes}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def sizes(self) -> Ints:
        """(G,) nodes of each graph."""
        return np.diff(self.starts)

    @property
    def graph(self) -> Ints:
        """(N,) the graph of each node."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @property
    def edge_starts(self) -> Ints:
        """(G + 1,) first edge of each graph, and E."""
        return np.searchsorted(self.edges[:, 0], self.starts).astype(np.int64)

    @property
    def counts(self) -> tuple[int, int]:
        """How many graphs are normal, and how many are anomalies."""
        return int((~self.y).sum()), int(self.y.sum())

    def x(self) -> NDArray[np.float32]:
        """(N, F) features of the nodes."""
        labels = np.zeros((len(self.columns), len(self.features) - self.attributes.shape[1]), np.float32)
        for column in self.columns.T:
            known = np.flatnonzero(column != _NONE)
            labels[known, column[known]] = 1
        return np.concatenate([labels, self.attributes], 1)

    def at(self, rows: NDArray[np.integer]) -> GraphSet:
        """Some of them, in that order."""
        sizes, edge_starts = self.sizes[rows], self.edge_starts
        starts = np.concatenate([[0], np.cumsum(sizes)])
        counts = np.diff(edge_starts)[rows]
        nodes, edges = spans(self.starts[rows], sizes), spans(edge_starts[rows], counts)
        moved = np.repeat(starts[:-1] - self.starts[rows], counts)
        return replace(
            self,
            starts=starts,
            columns=self.columns[nodes],
            attributes=self.attributes[nodes],
            edges=self.edges[edges] + moved[:, None],
            y=self.y[rows],
        )

    def with_degrees(self, most: int = 6) -> GraphSet:
        """With one label more a node: how many neighbours it has, `most` standing for all above too.

        What only sees normalised operators cannot count neighbours.
        """
        degree = np.bincount(self.edges.ravel(), minlength=len(self.columns))
        labels = len(self.features) - self.attributes.shape[1]
        columns = np.concatenate([self.columns, labels + np.minimum(degree, most)[:, None]], 1)
        words = [f"degree {k}" for k in range(most)] + [f"degree {most} or more"]
        features = (*self.features[:labels], *words, *self.features[labels:])
        return replace(self, columns=columns, features=features)

    def renumbered(self, seed: int = 0) -> GraphSet:
        """The same graphs, the nodes of each numbered by chance."""
        rng = np.random.default_rng(seed)
        old = np.concatenate([rng.permutation(np.arange(*ends)) for ends in pairwise(self.starts)]).astype(np.int64)
        pairs = undirected(np.argsort(old)[self.edges]).pairs
        return replace(self, columns=self.columns[old], attributes=self.attributes[old], edges=pairs)

    def split(self, shares: Sequence[float] = SHARES, *, seed: int = 0) -> dict[str, GraphSet]:
        """ "train", "validation" and "test", drawn by chance within each class.

        Raises:
            BadTask: LP103, a part without a graph of a class.
            ValueError: shares that are not three positive numbers with the sum 1.
        """
        if len(shares) != len(PARTS) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(f"`shares` must be three positive numbers with the sum 1, got {tuple(shares)}")
        rng = np.random.default_rng(seed)
        rows: dict[str, list[Ints]] = {part: [] for part in PARTS}
        for kind, label in enumerate(("normal", "anomalous")):
            drawn = rng.permutation(np.flatnonzero(self.y == bool(kind)))
            first, second = (round(share * len(drawn)) for share in (shares[0], shares[0] + shares[1]))
            for part, found in zip(PARTS, np.split(drawn, [first, second]), strict=True):
                if not len(found):
                    raise BadTask(
                        f"{self.name}: the {part} part would have no {label} graph",
                        why=f"there are {len(drawn)} of {len(self)} graphs",
                        fix="a set with more graphs of both kinds, or other shares",
                    )
                rows[part].append(found)
        return {part: self.at(np.sort(np.concatenate(found))) for part, found in rows.items()}

    def with_features(self, names: Sequence[str]) -> GraphSet:
        """The same graphs with the features of another set, in its order: what a trained network wants.

        Labels that the other set has not become nodes without one; a note says how many.

        Raises:
            BadTask: LP103, an attribute of real numbers that is not among them, or one of them that is not here.
        """
        count = self.attributes.shape[1]
        own, real = self.features[: len(self.features) - count], self.features[len(self.features) - count :]
        if tuple(names[len(names) - count :]) != real or set(names[: len(names) - count]) & set(real):
            raise BadTask(
                f"{self.name} has the attributes {', '.join(real) or 'none'}",
                why=f"the other set has the features {', '.join(names[:20])}",
            )
        place = {name: i for i, name in enumerate(names[: len(names) - count])}
        table = np.array([*(place.get(name, _NONE) for name in own), _NONE], np.int64)
        columns = table[self.columns]
        lost = int(((columns == _NONE) & (self.columns != _NONE)).sum())
        note = (f"{lost} node labels are unknown to the other set",) if lost else ()
        return replace(self, columns=columns, features=tuple(names), notes=(*self.notes, *note))

    def without_copies(self) -> GraphSet:
        """The first graph of each kind that refinement by neighbours cannot tell apart; the others are left out.

        Copies in training and in test would make memory look like skill. Colours are sums of mixed 64-bit numbers, so
        that no order of nodes matters.

        Source: the refinement of Weisfeiler and Lehman.
        """
        marks = self._marks()
        _, first, kind = np.unique(marks, return_index=True, return_inverse=True)
        unlike = np.zeros(len(first), bool)
        np.logical_or.at(unlike, kind, self.y != self.y[first[kind]])
        kept = self.at(np.sort(first))
        gone = len(self) - len(kept)
        note = f"{gone} copies were left out, of {int(unlike.sum())} graphs with copies of the other class"
        return replace(kept, notes=(*kept.notes, note))

    def _marks(self) -> NDArray[np.uint64]:
        """(G,) the same for graphs that are the same up to the numbers of their nodes."""
        columns = (self.columns + 2).astype(np.uint64)
        bits = np.ascontiguousarray(self.attributes).view(np.uint32).astype(np.uint64)
        colour = np.ones(len(columns), np.uint64)
        for column in (*columns.T, *bits.T):
            colour = _mixed(colour * np.uint64(31) + column)
        for _ in range(_ROUNDS):
            around, mixed = np.zeros_like(colour), _mixed(colour)
            np.add.at(around, self.edges[:, 0], mixed[self.edges[:, 1]])
            np.add.at(around, self.edges[:, 1], mixed[self.edges[:, 0]])
            colour = _mixed(colour + _mixed(around))
        total = _mixed(self.sizes.astype(np.uint64))
        np.add.at(total, self.graph, _mixed(colour))
        return total


def read_graphs(place: Path, name: str = "", *, anomaly: int | None = None, has_labels: bool = True) -> GraphSet:
    """Graphs of a folder or archive of TUDataset, or of an NPZ.

    Args:
        place: what to read.
        name: of the set, where a folder holds several; of the assay, where an NPZ does.
        anomaly: the label of the anomalies, where it is not the rarer one; of a folder.
        has_labels: whether the graphs have labels; without them all count as normal. An NPZ always has some.

    Raises:
        MissingFile: LP221, nothing of that name there. FileError: LP2xx, a file is damaged; its line is named.
        BadTask: LP103, more than two labels and no `anomaly`, or one only.
    """
    if place.suffix == ".npz":
        from lilliput.tasks.molecules import read_npz_graphs

        return read_npz_graphs(place, name)
    from lilliput.tasks.tu import read_tu

    return read_tu(place, name, anomaly=anomaly, has_labels=has_labels)


def undirected(lines: Ints) -> Edges:
    """The edges of a list of lines (E', 2) from node to node."""
    ends = lines[lines[:, 0] != lines[:, 1]]
    directed = np.unique(ends, axis=0)
    pairs = np.unique(np.sort(directed, axis=1), axis=0)
    return Edges(pairs, len(lines) - len(ends), len(ends) - len(directed), 2 * len(pairs) - len(directed))


def spans(starts: Ints, counts: Ints) -> Ints:
    """starts[0], starts[0] + 1, … (`counts[0]` of them), then those from starts[1] on, and so forth."""
    behind = np.cumsum(counts)
    total = int(behind[-1]) if len(behind) else 0
    return np.arange(total) - np.repeat(behind - counts, counts) + np.repeat(starts, counts)


def numbered(columns: Sequence[NDArray[np.integer]], names: Mapping[int, str] | None = None) -> tuple[Ints, list[str]]:
    """Columns of labels as numbers of features (N, L), and the features' names, sorted within each column."""
    made, words = [], list[str]()
    for place, column in enumerate(columns):
        found, number = np.unique(column, return_inverse=True)
        made.append(number.reshape(-1) + len(words))
        prefix = f"{place}:" if len(columns) > 1 else ""
        words += [prefix + (names or {}).get(int(value), str(value)) for value in found]
    return np.stack(made, 1).astype(np.int64), words


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number to another that looks like chance, all different: the last step of SplitMix64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
