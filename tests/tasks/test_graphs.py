"""Sets of graphs: parts of them, splits by class, copies that are told, features of another set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lilliput.core.errors import BadTask
from lilliput.tasks.graphs import Edges, GraphSet, numbered, spans, undirected
from tests.train.small_graphs import joined, made_graphs, one_graph


def described(graphs: GraphSet, i: int) -> tuple[list[int], list[list[int]], bool]:
    """A graph in terms of its own nodes."""
    first, last = int(graphs.starts[i]), int(graphs.starts[i + 1])
    inside = (graphs.edges[:, 0] >= first) & (graphs.edges[:, 0] < last)
    return graphs.columns[first:last, 0].tolist(), (graphs.edges[inside] - first).tolist(), bool(graphs.y[i])


def test_edges_are_each_there_once_and_what_was_wrong_is_counted() -> None:
    lines = np.array([[1, 0], [0, 1], [2, 2], [1, 2], [1, 2], [3, 0]])
    found = undirected(lines)
    assert found.pairs.tolist() == [[0, 1], [0, 3], [1, 2]]
    assert found[1:] == (1, 1, 2)
    assert len(found.repairs()) == 3
    assert Edges(found.pairs, 0, 0, 0).repairs() == ()


def test_spans_are_runs_of_numbers() -> None:
    assert spans(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert spans(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_labels_of_several_columns_have_names_of_their_own() -> None:
    columns, words = numbered([np.array([4, 1, 4]), np.array([1, 1, 2])])
    assert (columns.tolist(), words) == ([[1, 2], [0, 2], [1, 3]], ["0:1", "0:4", "1:1", "1:2"])
    assert numbered([np.array([8, 6])], {6: "C", 8: "O"})[1] == ["C", "O"]


def test_some_graphs_in_another_order_are_the_same_graphs() -> None:
    graphs = made_graphs(10)
    rows = np.array([7, 0, 7, 3])
    some = graphs.at(rows)
    assert [described(some, i) for i in range(4)] == [described(graphs, int(i)) for i in rows]
    assert described(some, 0) != described(some, 1)


class TestSplit:
    def test_parts_are_whole_disjoint_and_of_both_classes(self) -> None:
        graphs = made_graphs(200, share=0.1)
        numbered_graphs = replace(graphs, attributes=graphs.graph[:, None].astype(np.float32))
        parts = numbered_graphs.split(seed=3)
        found = [set(part.attributes[:, 0].tolist()) for part in parts.values()]
        assert [len(one) for one in found] == [140, 30, 30]
        assert set.union(*found) == set(range(200))
        assert [part.counts for part in parts.values()] == [(126, 14), (27, 3), (27, 3)]

    def test_a_seed_fixes_them(self) -> None:
        graphs = made_graphs(60)
        first, again, other = (graphs.split(seed=seed)["test"] for seed in (1, 1, 2))
        assert np.array_equal(first.columns, again.columns)
        assert not np.array_equal(first.columns, other.columns)

    def test_a_class_that_a_part_would_lack_is_named(self) -> None:
        with pytest.raises(BadTask, match=r"test part would have no anomalous graph\n.*there are 2 of 60"):
            made_graphs(60, share=2 / 60).split()
        with pytest.raises(ValueError, match="three positive numbers"):
            made_graphs(60).split((0.5, 0.5))


class TestCopies:
    def test_graphs_that_differ_in_numbers_of_nodes_alone_are_one(self) -> None:
        graphs = made_graphs(30)
        kept = graphs.without_copies()
        both = joined(kept, kept.renumbered(4))
        assert len(both.without_copies()) == len(kept)
        assert both.without_copies().notes == (f"{len(kept)} copies were left out, of 0 graphs with copies of the "
                                               "other class",)  # fmt: skip

    def test_labels_places_and_attributes_tell_graphs_apart(self) -> None:
        path = [(0, 1), (1, 2)]
        three = joined(one_graph("aab", path), one_graph("aba", path), one_graph("aab", [(0, 1), (1, 2), (0, 2)]))
        assert len(three.without_copies()) == 3
        pair = joined(one_graph("aab", path), one_graph("aab", path, odd=True))
        assert pair.without_copies().notes[-1].startswith("1 copies were left out, of 1 graphs with copies of the")
        pair = replace(pair, attributes=np.arange(6, dtype=np.float32)[:, None], features=("a", "b", "x"))
        assert len(pair.without_copies()) == 2


class TestFeaturesOfAnotherSet:
    def test_labels_go_to_their_places_and_unknown_ones_are_counted(self) -> None:
        graphs = one_graph("abc", [(0, 1)])
        moved = graphs.with_features(("c", "x", "a"))
        assert moved.x().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
        assert moved.notes == ("1 node labels are unknown to the other set",)

    def test_attributes_must_be_the_same(self) -> None:
        graphs = one_graph("ab", [(0, 1)])
        real = replace(graphs, attributes=np.ones((2, 1), np.float32), features=("a", "b", "mass"))
        assert real.with_features(("b", "mass")).x().tolist() == [[0, 1], [1, 1]]
        with pytest.raises(BadTask, match="has the attributes mass"):
            real.with_features(("a", "b"))
        with pytest.raises(BadTask, match="has the attributes mass"):
            real.with_features(("mass", "a"))


def test_no_graphs_are_no_set() -> None:
    with pytest.raises(BadTask, match="made has no graphs"):
        made_graphs(4).at(np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="3 labels, 5 starts"):
        replace(made_graphs(4), y=np.zeros(3, bool))


def test_degrees_as_one_label_more() -> None:
    graphs = one_graph("aabb", [(0, 1), (0, 2), (0, 3)]).with_degrees(2)
    assert graphs.features == ("a", "b", "degree 0", "degree 1", "degree 2 or more")
    assert graphs.x().tolist() == [[1, 0, 0, 0, 1], [1, 0, 0, 1, 0], [0, 1, 0, 1, 0], [0, 1, 0, 1, 0]]
    real = replace(one_graph("ab", [(0, 1)]), attributes=np.ones((2, 1), np.float32), features=("a", "b", "mass"))
    assert real.with_degrees(1).x().tolist() == [[1, 0, 0, 1, 1], [0, 1, 0, 1, 1]]


def test_the_same_graphs_numbered_otherwise() -> None:
    graphs = made_graphs(10)
    other = graphs.renumbered(3)
    assert not np.array_equal(other.columns, graphs.columns)
    assert np.array_equal(np.sort(other.columns[:6, 0]), np.sort(graphs.columns[:6, 0])) or graphs.sizes[0] != 6
    assert len(joined(graphs, other).without_copies()) == len(graphs.without_copies())
    assert np.array_equal(other.edge_starts, graphs.edge_starts)
